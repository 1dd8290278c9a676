"""Variables of Flax models in files, and on the Hub."""

import pathlib

from rum_jax.api.hub import local_file
from rum_jax.models import variable_files
from rum_jax.models.contract import PyTree
from rum_jax.models.variable_files import save_variables

__all__ = ["load_variables", "save_variables"]


def load_variables(path: str | pathlib.Path) -> dict[str, PyTree]:
    """Variables as a Linen module takes them, {"params": ...}.

    Args:
      path: see `rum_jax.models.variable_files.load_variables`; or "hf://owner/name" for
        `model.safetensors` of the Hub, "hf://owner/name/flax_model.msgpack" for another file.

    Raises:
      InputError: there is no such file, it is of another kind, or damaged.
    """
    return variable_files.load_variables(local_file(path))
