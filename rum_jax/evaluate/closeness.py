"""How close a model is to its oracle, in outputs and in parameters."""

import jax
import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs]

from rum_jax.evaluate.view import Measured, View, finite


def agreement(view: View, oracle: View, part: str) -> Measured:
    """Share of the part's examples with the oracle's prediction, in [0,1]."""
    chosen = view.parts[part]
    same = view.logits[chosen].argmax(-1) == oracle.logits[chosen].argmax(-1)
    return Measured(float(same.mean()), same)


def divergence(view: View, oracle: View, part: str) -> Measured:
    """Mean KL(oracle || model) over the part's examples, in nats.

    An output that the oracle does not have (boundary expansion) has probability 0 there.
    """
    chosen = view.parts[part]
    log_p, log_q = (scipy.special.log_softmax(logits[chosen].astype(np.float64), axis=-1)
                    for logits in (oracle.logits, view.logits))
    log_q = log_q[:, :log_p.shape[1]]
    kl = (finite(np.exp(log_p)) * (log_p - log_q)).sum(-1)
    return Measured(float(kl.mean()), kl)


def _vectors(view: View, oracle: View) -> tuple[np.ndarray, np.ndarray]:
    """Both models' parameters, float64[P]; outputs that the oracle does not have are left out."""
    def crop(leaf: np.ndarray, like: np.ndarray) -> np.ndarray:
        return np.asarray(leaf, np.float64)[tuple(slice(n) for n in like.shape)].ravel()

    mine = jax.tree.map(crop, view.params, oracle.params)
    theirs = jax.tree.map(crop, oracle.params, oracle.params)
    return np.concatenate(jax.tree.leaves(mine)), np.concatenate(jax.tree.leaves(theirs))


def parameter_distance(view: View, oracle: View) -> Measured:
    """L2 distance of the flattened parameters (docs/parity.md#metrics)."""
    params, reference = _vectors(view, oracle)
    return Measured(float(np.linalg.norm(params - reference)))


def parameter_cosine(view: View, oracle: View) -> Measured:
    """Cosine similarity of the flattened parameters (docs/parity.md#metrics)."""
    params, reference = _vectors(view, oracle)
    return Measured(float(params @ reference
                          / (np.linalg.norm(params) * np.linalg.norm(reference))))
