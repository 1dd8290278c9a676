"""Checks of the network that a config names, against its data."""

from collections.abc import Mapping

from rum_jax.core import plugins
from rum_jax.core.errors import InputError, RunError
from rum_jax.data.arrays import Dataset
from rum_jax.models import MODELS, most_stages, option_faults, shape_of, user_network


def model_faults(config: Mapping, dataset: Dataset) -> list[str]:
    """What is wrong with a network for these data.

    Args:
      config: whose fields are fine one by one.
      dataset: that it names.
    """
    name, keywords = config["model"]["name"], config["model"]["kwargs"]
    if plugins.is_reference(name):
        return _own_model_faults(name, keywords, dataset)
    if faults := option_faults(name, keywords, dataset.spec):
        return faults
    if MODELS[name].options:
        return []
    try:
        widths, blocks = shape_of(name, config["model"]["widths"], config["model"]["blocks"])
    except InputError as error:
        return [str(error)]
    if len(widths) != len(blocks):
        return [f"config.model.blocks: has {len(blocks)} stage(s); allowed: {len(widths)}, as "
                "many as config.model.widths"]
    size = min(dataset.spec.shape[:2])
    if len(widths) > most_stages(name, size):
        return [f"config.model.widths: has {len(widths)} stages; allowed for {name} and "
                f"images of {size} pixels: {most_stages(name, size)}, as each halves them"]
    return []


def _own_model_faults(name: str, keywords: Mapping, dataset: Dataset) -> list[str]:
    """Why the user's own function gives no network for these data."""
    try:
        model = user_network.load(name, keywords, dataset.spec)
        model.shapes()
    except (InputError, RunError) as error:
        return [str(error)]
    return []
