"""Unlearning algorithms behind one contract (`base.py`)."""

from rum_jax.core import plugins as own_code
from rum_jax.unlearn import (
    boundary_expand,
    boundary_shrink,
    finetune,
    fisher,
    fisher_new,
    influence,
    l1_sparse,
    neggrad,
    neggrad_plus,
    none,
    own,
    random_label,
    retrain,
    salun,
    scrub,
)
from rum_jax.unlearn.base import Algorithm

ALGORITHMS: dict[str, Algorithm] = {
    "none": none.ALGORITHM,
    "retrain": retrain.ALGORITHM,
    "finetune": finetune.ALGORITHM,
    "l1_sparse": l1_sparse.ALGORITHM,
    "neggrad": neggrad.ALGORITHM,
    "neggrad_plus": neggrad_plus.ALGORITHM,
    "scrub": scrub.ALGORITHM,
    "salun": salun.ALGORITHM,
    "random_label": random_label.ALGORITHM,
    "influence": influence.ALGORITHM,
    "fisher": fisher.ALGORITHM,
    "fisher_new": fisher_new.ALGORITHM,
    "boundary_shrink": boundary_shrink.ALGORITHM,
    "boundary_expand": boundary_expand.ALGORITHM,
}


def algorithm(name: str) -> Algorithm:
    """The algorithm of that name, or that `my_file.py:function` names.

    Raises:
      InputError: the user's own one is not what the contract asks for.
    """
    return own.load(name) if own_code.is_reference(name) else ALGORITHMS[name]
