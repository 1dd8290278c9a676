"""SalUn (Fan et al., arXiv 2310.12508; released as `RL` with a mask).

    as random_label, changing only the weights that are salient for F

`saliency.py` makes the mask; its options are hyper-parameters here, with the published behavior
as default:

  - keep: the "largest" saliencies, or the "smallest" as the released RUM code does
    (docs/parity.md#q1);
  - saliency_steps: move the model by SGD, at saliency_learning_rate, while gradients are summed,
    as the released code does (docs/parity.md#q1b);
  - saliency_model: the "current" model of a chain, or the "original" one, as released
    (docs/parity.md#q33);
  - decay_masked: masked-out weights still decay, as released (docs/parity.md#q16, kept); False:
    they stay.
"""

from rum_jax.core import checks
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import RELABELING, Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, rates
from rum_jax.unlearn.random_label import RELABEL, relabeled_epochs
from rum_jax.unlearn.saliency import KEEP, MODELS, masks
from rum_jax.unlearn.spaces import integers, log_uniform, uniform


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.1,
            last_epoch_factor: Float = 1.0, mask_fraction: Float = 0.5, relabel: str = "any",
            keep: str = "largest", saliency_steps: bool = False,
            saliency_learning_rate: Float = 0.01, saliency_model: str = "current",
            decay_masked: bool = True) -> tuple[TrainState, History]:
    """Makes the mask, then trains on random labels for F and true ones for R.

    Raises:
      DivergedError: a loss is not finite.
    """
    examples = relabeled_epochs(problem, epochs, relabel)
    mask = masks(problem, states, mask_fraction, keep, saliency_steps, saliency_learning_rate,
                 saliency_model)
    return descend(problem, cross_entropy, states, {"examples": examples},
                   rates(problem, epochs, learning_rate, last_epoch_factor), grad_mask=mask,
                   update_mask=None if decay_masked else mask)


ALGORITHM = Algorithm(
    "salun", unlearn, family=RELABELING,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH, "mask_fraction": checks.number(0, 1), "relabel": checks.one_of(RELABEL),
            "keep": checks.one_of(KEEP), "saliency_steps": checks.boolean,
            "saliency_learning_rate": checks.number(0, open_low=True),
            "saliency_model": checks.one_of(MODELS), "decay_masked": checks.boolean},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3),
            "mask_fraction": uniform(0.1, 0.9, most=1.0)},
    reference={"keep": "smallest", "saliency_steps": True, "saliency_model": "original"})
