"""What membership attacks are fitted on: shadow members, of the retain set, and test examples.

Training data often come in the order of their classes. The first examples would then be of a few
classes only, and an attack that is fitted on them takes members of other classes for non-members.
So shadow members are drawn, in each class as many as it has of the test set. Where the retain set
has fewer examples than the test set, as many test examples are drawn: an attack that is fitted on
more of them calls next to nothing a member, whatever the model has seen.
"""

import numpy as np

RANDOM, FIRST = "random", "first"
WAYS = (RANDOM, FIRST)


def shadow_members(retain: np.ndarray, labels: np.ndarray, test: np.ndarray,
                   rng: np.random.Generator | None) -> np.ndarray:
    """Positions int[k] of the shadow members: min(retain set size, test set size) examples.

    In every prefix the classes have about the same proportions as in the test set, as far as the
    retain set allows: an attack that needs fewer members takes the first ones.

    Args:
      retain, test: int[n] positions.
      labels: int[N] of all examples.
      rng: draws them; None: the first retain examples, as released (docs/parity.md#q30).
    """
    size = min(len(retain), len(test))
    if rng is None:
        return retain[:size]
    drawn = rng.permutation(retain)
    classes = int(max(labels[retain].max(initial=0), labels[test].max(initial=0))) + 1
    quota = _quotas(np.bincount(labels[drawn], minlength=classes),
                    np.bincount(labels[test], minlength=classes), size)
    rank = _rank_in_class(labels[drawn])
    inside = rank < quota[labels[drawn]]
    due = (rank[inside] + 0.5) / quota[labels[drawn[inside]]]
    return drawn[inside][np.argsort(due, kind="stable")]


def shadow_non_members(members: np.ndarray, labels: np.ndarray, test: np.ndarray,
                       rng: np.random.Generator | None) -> np.ndarray:
    """Positions int[k] of the shadow non-members: the test set, or as many of it as members.

    Those that are drawn have the classes of the members in about the same proportions.

    Args:
      members, test: int[n] positions.
      labels: int[N] of all examples.
      rng: draws them; None: the whole test set, as released.
    """
    if rng is None or len(test) <= len(members):
        return test
    return np.sort(shadow_members(test, labels, members, rng))


def _rank_in_class(labels: np.ndarray) -> np.ndarray:
    """int64[n]: how many before each one have its label."""
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        rank[places] = np.arange(len(places))
    return rank


def _quotas(available: np.ndarray, expected: np.ndarray, size: int) -> np.ndarray:
    """int64[C] summing to `size`: in proportion to `expected`, at most what is available.

    What a class does not have is shared out among the others in the same proportions; when all
    classes that are wanted are used up, among the rest in proportion to what there is of them.
    """
    quota = np.zeros(len(available), np.int64)
    for weights in (expected, available):
        while True:
            left = available - quota
            share = np.where(left > 0, weights, 0)
            missing = size - quota.sum()
            if not missing or not share.sum():
                break
            exact = missing * share / share.sum()
            more = np.floor(exact).astype(np.int64)
            largest = np.lexsort((np.arange(len(more)), more - exact))[:missing - more.sum()]
            more[largest] += 1
            quota += np.minimum(more, left)
    return quota
