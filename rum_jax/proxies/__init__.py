"""Proxies of memorization: cheap scores that rank like it (arXiv 2410.16516).

A proxy is a file of this package and a line in PROXIES. Whatever it is made of, what leaves
`scores` is higher for examples that are more strongly memorized.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy

from rum_jax.core import checks
from rum_jax.core.checks import Check
from rum_jax.proxies import heldout_retrain, loss_curvature
from rum_jax.proxies.learning_events import EVENTS
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer
from rum_jax.train.state import TrainState

MOST = 1 - 1e-9  # of a correlation, so that its transform is finite


class ProxyInputs(NamedTuple):
    """What a proxy is computed from.

    Attributes:
      task: network, examples, and where to run.
      states: the original models, leading axis M, fresh optimizer.
      train: int32[n], positions of the training set.
      parts: other parts of the data by name (`validation`, `test`), int32[k] positions.
      optimizer: batch size, momentum and weight decay of the originals' training.
      seeds: of each model, the addresses of what is drawn.
      progress: called with the completed fraction.
    """

    task: Task
    states: TrainState
    train: np.ndarray
    parts: dict[str, np.ndarray]
    optimizer: Optimizer
    seeds: tuple[int, ...]
    progress: Progress = silent

    @property
    def names(self) -> list[str]:
        """What to call each model in messages."""
        return [f"seed {seed}" for seed in self.seeds]


class ProxyResult(NamedTuple):
    """Attributes:
      values: float[M,n], as the proxy is defined.
      gradients: example gradients that each model took.
      caution: why the values may not be what they are meant to be; "": nothing was noticed.
    """

    values: np.ndarray
    gradients: int
    caution: str = ""


class Proxy(NamedTuple):
    """Attributes:
      rises: whether the values, as defined, rise with memorization.
      compute: (inputs, hparams) -> ProxyResult; None for proxies that are recorded while the
        originals are trained (`learning_events`).
      hparams: name -> default of each hyper-parameter.
      checks: name -> check of each hyper-parameter.
      reference: hyper-parameters with which it does what the released code does, where that
        differs from the defaults.
    """

    rises: bool
    compute: Callable[[ProxyInputs, dict[str, Any]], ProxyResult] | None = None
    hparams: dict[str, Any] = {}
    checks: dict[str, Check] = {}
    reference: dict[str, Any] = {}


def _heldout_retrain(inputs: ProxyInputs, hparams: dict[str, Any]) -> ProxyResult:
    held_out = inputs.parts[hparams["part"]]
    result = heldout_retrain.heldout_retrain(
        inputs.task, inputs.states, held_out, inputs.optimizer, hparams["learning_rate"],
        hparams["epochs"], inputs.names, inputs.seeds if hparams["order"] == "random" else None,
        inputs.progress)
    return ProxyResult(result.scores[:, inputs.train], int(result.epochs.mean() * len(held_out)),
                       heldout_retrain.caution(result.right))


def _loss_curvature(inputs: ProxyInputs, hparams: dict[str, Any]) -> ProxyResult:
    result = loss_curvature.loss_curvature(inputs.task, inputs.states, inputs.train, hparams["h"],
                                           inputs.optimizer.batch_size)
    inputs.progress(1.0)
    return ProxyResult(result.curvature, 2 * len(inputs.train))


PROXIES: dict[str, Proxy] = {
    **dict.fromkeys(EVENTS, Proxy(rises=False)),
    "heldout_retrain": Proxy(
        True, _heldout_retrain,
        {"part": "test", "learning_rate": 0.1, "epochs": 30, "order": "random"},
        {"part": checks.one_of(("validation", "test")),
         "learning_rate": checks.number(0, open_low=True), "epochs": checks.integer(1),
         "order": checks.one_of(heldout_retrain.ORDERS)},
        {"order": "data"}),
    "loss_curvature": Proxy(True, _loss_curvature, {"h": 0.01},
                            {"h": checks.number(0, open_low=True)}),
}


def scores(name: str, values: np.ndarray) -> np.ndarray:
    """float64[...]: the higher, the more strongly memorized, from values as the proxy has them."""
    return np.asarray(values, np.float64) * (1 if PROXIES[name].rises else -1)


def rank_caution(name: str, values: np.ndarray, other: np.ndarray, other_name: str) -> str:
    """A warning if a score is not positively rank-correlated with another one; "" otherwise.

    Args:
      name: a key of PROXIES.
      values: float[M,n] of M models; the higher, the more strongly memorized.
      other: float[n] of another score, likewise; examples that either lacks are left out.
      other_name: what to call it.

    Returns:
      A caution, unless Spearman's correlation, averaged over the models, is positive beyond
      chance: one-sided at 5%, with the standard error of n independent examples.
    """
    correlations, count = [], len(other)
    for model_values in np.atleast_2d(values):
        both = np.isfinite(model_values) & np.isfinite(other)
        count = min(count, int(both.sum()))
        varied = all(len(np.unique(part[both])) > 1 for part in (model_values, other))
        correlations.append(float(scipy.stats.spearmanr(model_values[both], other[both]).statistic)
                            if varied else np.nan)
    mean = float(np.mean(correlations))
    significant = scipy.stats.norm.isf(0.05)
    if count > 3 and np.arctanh(np.clip(mean, -MOST, MOST)) * np.sqrt(count - 3) > significant:
        return ""
    rank = f"{mean:.2f}" if np.isfinite(mean) else "not defined (equal values)"
    return (f"{name} does not rank as {other_name} does: Spearman's correlation is {rank} over "
            f"{count} examples, mean of {len(correlations)} models, where a proxy has a "
            "positive one")
