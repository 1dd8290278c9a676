"""Unlearning algorithms behind one contract (`base.py`).

The package is also the library's function `rum_jax.unlearn(problem, name, ...)`,
see `rum_jax/api/methods.py`.
"""

from rum_jax.core import plugins
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
    plugin,
    random_label,
    retrain,
    salun,
    scrub,
)
from rum_jax.unlearn.base import Algorithm

_ALL = (
    none.ALGORITHM,
    retrain.ALGORITHM,
    finetune.ALGORITHM,
    l1_sparse.ALGORITHM,
    neggrad.ALGORITHM,
    neggrad_plus.ALGORITHM,
    scrub.ALGORITHM,
    salun.ALGORITHM,
    random_label.ALGORITHM,
    influence.ALGORITHM,
    fisher.ALGORITHM,
    fisher_new.ALGORITHM,
    boundary_shrink.ALGORITHM,
    boundary_expand.ALGORITHM,
)
ALGORITHMS: dict[str, Algorithm] = {entry.name: entry for entry in _ALL}


def algorithm(name: str) -> Algorithm:
    """The algorithm of that name, or that `my_file.py:function` names.

    Raises:
      InputError: the user's own one is not what the contract asks for.
    """
    return plugin.load(name) if plugins.is_reference(name) else ALGORITHMS[name]
