"""Unlearning algorithms behind one contract (`base.py`)."""

from rum_jax.unlearn import finetune, neggrad_plus, none, retrain, salun
from rum_jax.unlearn.base import Algorithm

ALGORITHMS: dict[str, Algorithm] = {
    "none": none.ALGORITHM,
    "retrain": retrain.ALGORITHM,
    "finetune": finetune.ALGORITHM,
    "neggrad_plus": neggrad_plus.ALGORITHM,
    "salun": salun.ALGORITHM,
}
