"""A network that a config names as `my_model.py:build`."""

import inspect
from collections.abc import Mapping
from typing import Any

import flax.linen as nn

from rum_jax.core import plugins
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import adapt_linen
from rum_jax.models.linen import OFF_SWITCHES
from rum_jax.models.lowering import NATIVE, with_lowering
from rum_jax.models.model import Model

SWITCHES = ("train", "training", "is_training", *OFF_SWITCHES)


def load(reference: str, keywords: Mapping[str, Any], image: ImageSpec,
         lowering: str = NATIVE) -> Model:
    """Calls build(classes, **keywords), which returns a Linen module or a `rum_jax.Model`.

    A module's switch is found among SWITCHES; `rum_jax.from_flax(module, None, train_kwarg=...)`
    names another one, and says what the features are.

    Args:
      reference: `my_model.py:build`.
      keywords: config.model.kwargs.
      image: of the data.
      lowering: see `with_lowering`.

    Raises:
      InputError: it cannot be loaded, does not take those keywords, or returns something else.
      RunError: it raises.
    """
    build = plugins.load(reference, ("classes",))
    known = list(inspect.signature(build).parameters)[1:]
    try:
        inspect.signature(build).bind(image.classes, **keywords)
    except TypeError as error:
        raise InputError(f"config.model.kwargs: is {dict(keywords)}; allowed: what {reference} "
                         f"takes besides classes: {', '.join(known) or 'nothing'} ({error})"
                         ) from error
    built: Any = plugins.call(reference, build, image.classes, **keywords)
    try:
        if isinstance(built, nn.Module):
            network = adapt_linen.adapt(built, image, _switch(built))
        elif hasattr(built, "adapt"):
            network = built.adapt(image)[0]
        else:
            raise InputError(f"returned {type(built).__name__}; allowed: a flax.linen.Module, or "
                             "what rum_jax.from_flax gives")
    except InputError as error:
        raise InputError(f"config.model.name: {reference}: {error}") from error
    return Model(with_lowering(network, lowering), image)


def _switch(module: nn.Module) -> str | None:
    """The keyword of a module that says whether it is trained; None: it has none of SWITCHES."""
    parameters = inspect.signature(type(module).__call__).parameters
    return next((name for name in SWITCHES if name in parameters), None)
