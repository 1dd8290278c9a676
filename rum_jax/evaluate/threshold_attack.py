"""Membership attacks by one threshold per class (Song & Mittal, arXiv 2003.10595)."""

from collections.abc import Callable

import numpy as np

from rum_jax.evaluate.entropy import entropy, modified_entropy
from rum_jax.evaluate.mia import shadow
from rum_jax.evaluate.view import Measured, View

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
    made = np.full(classes, overall)
    for label in range(classes):
        inside, outside = (values[labels == label] for values, labels in (members, non_members))
        if len(inside) and len(outside):
            made[label] = threshold(inside, outside)
    return made


def attack(feature: str, shadow_members: tuple, shadow_non_members: tuple, target_members: tuple,
           target_non_members: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Who is called a member; each set is (probabilities float[n,C], labels int[n]).

    Correctness needs no threshold: who is predicted right is a member.

    Returns:
      (bool[n] of the target members, bool[n] of the target non-members).
    """
    of = FEATURES[feature]
    if feature == "correctness":
        return tuple(of(*part) == 1 for part in (target_members, target_non_members))
    known = [(of(*part), part[1]) for part in (shadow_members, shadow_non_members)]
    limits = thresholds(*known, classes=shadow_members[0].shape[1])
    return tuple(of(*part) >= limits[part[1]] for part in (target_members, target_non_members))


def threshold_attack(view: View, oracle: View, feature: str) -> Measured:
    """Share of the forget set called non-member; per example: called non-member."""
    del oracle
    members, others, forget = ((view.probabilities(part), view.labels[part])
                               for part in (*shadow(view), view.parts["forget"]))
    called, _ = attack(feature, members, others, forget, others)
    return Measured(float(1 - called.mean()), ~called)
