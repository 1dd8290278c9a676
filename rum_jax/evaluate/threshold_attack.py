"""Membership attacks by one threshold per class (Song & Mittal, arXiv 2003.10595)."""

from collections.abc import Callable

import numpy as np

from rum_jax.evaluate.entropy import entropy, modified_entropy
from rum_jax.evaluate.mia import shadow
from rum_jax.evaluate.view import Measured, View

Examples = tuple[np.ndarray, np.ndarray]  # probabilities float[n,C], labels int[n]

# feature -> function of (probabilities, labels) -> float[n], higher for members.
FEATURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "confidence": lambda p, labels: p[np.arange(len(p)), labels],
    "entropy": lambda p, labels: -entropy(p),
    "m_entropy": lambda p, labels: -modified_entropy(p, labels),
    "correctness": lambda p, labels: (p.argmax(-1) == labels).astype(float),
}


def threshold(members: np.ndarray, non_members: np.ndarray) -> float:
    """The value, among members then non-members, of best balanced accuracy; the first on ties.

    Members are those at or above it. Both float[n], neither empty.
    """
    values = np.concatenate([members, non_members])
    above = (members[None, :] >= values[:, None]).mean(1)
    below = (non_members[None, :] < values[:, None]).mean(1)
    return float(values[np.argmax((above + below) / 2)])


def thresholds(members: tuple[np.ndarray, np.ndarray],
               non_members: tuple[np.ndarray, np.ndarray], classes: int) -> np.ndarray:
    """float[classes], from (values float[n], labels int[n]) of shadow members and non-members.

    A class of which one of them has no example gets the threshold of all classes together.
    """
    overall = threshold(members[0], non_members[0])
    limits = np.full(classes, overall)
    for label in range(classes):
        inside, outside = (values[labels == label] for values, labels in (members, non_members))
        if len(inside) and len(outside):
            limits[label] = threshold(inside, outside)
    return limits


def attack(feature: str, shadow_members: Examples, shadow_non_members: Examples,
           target_members: Examples, target_non_members: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Who is called a member; each set is (probabilities float[n,C], labels int[n]).

    Correctness needs no threshold: who is predicted right is a member.

    Returns:
      (bool[n] of the target members, bool[n] of the target non-members).
    """
    of = FEATURES[feature]
    if feature == "correctness":
        return of(*target_members) == 1, of(*target_non_members) == 1
    limits = thresholds((of(*shadow_members), shadow_members[1]),
                        (of(*shadow_non_members), shadow_non_members[1]),
                        classes=shadow_members[0].shape[1])

    def called(part: Examples) -> np.ndarray:
        return of(*part) >= limits[part[1]]

    return called(target_members), called(target_non_members)


def threshold_attack(view: View, oracle: View, feature: str) -> Measured:
    """Share of the forget set called non-member; per example: called non-member."""
    del oracle
    members, others, forget = ((view.probabilities(part), view.labels[part])
                               for part in (*shadow(view), view.parts["forget"]))
    called, _ = attack(feature, members, others, forget, others)
    return Measured(float(1 - called.mean()), ~called)
