"""Accuracy on the parts of a data set."""

import numpy as np

from rum_jax.evaluate.view import View


def accuracy(view: View, part: str) -> float:
    """Share of the part's examples whose largest logit is the label, in [0,1] (spec section 1)."""
    chosen = view.parts[part]
    return float(np.mean(view.logits[chosen].argmax(-1) == view.labels[chosen]))
