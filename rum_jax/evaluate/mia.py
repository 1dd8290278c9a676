"""The SVC membership inference attack (docs/parity.md#metrics)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rum_jax.core.randomness import generator
from rum_jax.evaluate.entropy import entropy, modified_entropy, modified_entropy_as_released
from rum_jax.evaluate.shadow import shadow_members, shadow_non_members
from rum_jax.evaluate.view import SHADOW_MEMBERS, SHADOW_NON_MEMBERS, Measured, View

# feature -> function of (probabilities float[n,C], labels int[n]) -> float[n] or float[n,C].
FEATURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "correctness": lambda p, labels: (p.argmax(-1) == labels).astype(float),
    "confidence": lambda p, labels: p[np.arange(len(p)), labels],
    "entropy": lambda p, labels: entropy(p),
    "m_entropy": modified_entropy,
    "m_entropy_released": modified_entropy_as_released,
    "prob": lambda p, labels: p,
}


def fitted(shadow_members: np.ndarray,
           shadow_non_members: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """An RBF support vector classifier (C = 3, gamma = 1 / features) that tells them apart.

    Args:
      shadow_members, shadow_non_members: float[n] or float[n,features].

    Returns:
      float[n] or float[n,features] -> bool[n], True for what it takes for members.
    """
    # slow to import
    from sklearn.svm import SVC  # pyright: ignore[reportMissingTypeStubs]

    members, others = _columns(shadow_members), _columns(shadow_non_members)
    classifier: Any = SVC(C=3, gamma="auto", kernel="rbf")
    classifier.fit(np.concatenate([members, others]),
                   np.repeat([1, 0], [len(members), len(others)]))

    def is_member(requested: np.ndarray) -> np.ndarray:
        return classifier.predict(_columns(requested)) == 1

    return is_member


def _columns(values: np.ndarray) -> np.ndarray:
    return np.reshape(values, (len(values), -1))


def forget_efficacy(shadow_members: np.ndarray, shadow_non_members: np.ndarray,
                    target: np.ndarray, target_members: np.ndarray | None = None) -> float:
    """Share of the target that the attack calls non-member, in [0,1].

    With target_members it is the mean of that and of the share of those called members: the
    balanced accuracy of the attack.
    """
    is_member = fitted(shadow_members, shadow_non_members)
    non_member = float(1 - is_member(target).mean())
    if target_members is None:
        return non_member
    return (float(is_member(target_members).mean()) + non_member) / 2


def shadow(view: View) -> tuple[np.ndarray, np.ndarray]:
    """Positions of shadow members and non-members: the view's, or drawn where it has none."""
    retain, test = view.parts["retain"], view.parts["test"]
    members, others = view.parts.get(SHADOW_MEMBERS), view.parts.get(SHADOW_NON_MEMBERS)
    if members is None:
        members = shadow_members(retain, view.labels, test, generator(0, "shadow"))
    if others is None:
        others = shadow_non_members(members, view.labels, test, generator(0, "shadow_test"))
    return members, others


def svc_attack(view: View, oracle: View, feature: str) -> Measured:
    """Forget efficacy of the attack on a feature; per example: called non-member."""
    del oracle

    def of(positions: np.ndarray) -> np.ndarray:
        return FEATURES[feature](view.probabilities(positions), view.labels[positions])

    members, others = shadow(view)
    non_member = ~fitted(of(members), of(others))(of(view.parts["forget"]))
    return Measured(float(non_member.mean()), non_member)
