"""Accuracy on the parts of a data set."""

from rum_jax.evaluate.view import Measured, View


def accuracy(view: View, oracle: View, part: str) -> Measured:
    """Share of the part's examples whose largest logit is the label, in [0,1]."""
    del oracle
    correct = view.correct(view.parts[part])
    return Measured(float(correct.mean()), correct)
