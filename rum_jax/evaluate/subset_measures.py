"""Metrics of single subsets of the training set, computed after every step of a chain.

Unlearning one subset can expose another to attacks (the onion effect; Carlini et al., arXiv
2206.10469).
"""

from collections.abc import Callable

import numpy as np

from rum_jax.core.randomness import generator
from rum_jax.evaluate.mia import FEATURES, fitted, shadow
from rum_jax.evaluate.shadow import shadow_non_members
from rum_jax.evaluate.view import View


class SubsetMeasures:
    """Measures of any part of the training set on one model, with one attack for all parts.

    The attack is the SVC on confidence. Its members are the shadow members of the other attacks,
    but at most half of the retain set, so that others are left to be judged, and as many test
    examples are its non-members.

    Args:
      view: the model.
      oracle: the one retrained without the forget set.
      accuracy_out: float[N], how often each example is predicted right by models that were not
        trained on it; NaN where that is not known.
    """

    def __init__(self, view: View, oracle: View, accuracy_out: np.ndarray) -> None:
        self._view, self._oracle, self._out = view, oracle, accuracy_out
        retain, (members, test) = view.parts["retain"], shadow(view)
        members = members[:len(retain) // 2]
        others = shadow_non_members(members, view.labels, test, generator(0, "shadow_test"))
        self.unseen_retain = np.setdiff1d(retain, members)
        self._is_member = fitted(self._confidence(members), self._confidence(others))

    def _confidence(self, positions: np.ndarray) -> np.ndarray:
        return FEATURES["confidence"](self._view.probabilities(positions),
                                      self._view.labels[positions])

    def accuracy(self, part: np.ndarray) -> float:
        """Share of int[k] positions that are predicted right."""
        return float(self._view.correct(part).mean())

    def called_member(self, part: np.ndarray) -> float:
        """Share that the attack takes for members: how attackable the part is."""
        return float(self._is_member(self._confidence(part)).mean())

    def agreement(self, part: np.ndarray) -> float:
        """Share that is predicted as the oracle predicts it."""
        same = self._view.logits[part].argmax(-1) == self._oracle.logits[part].argmax(-1)
        return float(same.mean())

    def residual_memorization(self, part: np.ndarray) -> float:
        """Mean of (predicted right) - (share of models without it that predict it right).

        Memorization with this model in place of those trained with the example: 0 where the part
        is as little known as if it had never been seen. NaN where nothing is known of it.
        """
        known = part[np.isfinite(self._out[part])]
        if not len(known):
            return float("nan")
        return float((self._view.correct(known) - self._out[known]).mean())


MEASURES: dict[str, Callable[[SubsetMeasures, np.ndarray], float]] = {
    "accuracy": SubsetMeasures.accuracy,
    "called_member": SubsetMeasures.called_member,
    "agreement": SubsetMeasures.agreement,
    "residual_memorization": SubsetMeasures.residual_memorization,
}
