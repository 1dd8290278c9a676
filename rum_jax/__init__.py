"""rum_jax: refined machine unlearning (RUM) in JAX, from memorization scores to a report.

The library, for models and arrays of one's own; docs/library.md shows it:

    import rum_jax as rum
    model = rum.from_flax(module, variables)
    problem = rum.Problem(model, images, labels, forget=forget_ids, test=(x_test, y_test))
    after = rum.unlearn(problem, "scrub", epochs=5)
    table = rum.evaluate({"scrub": after}, rum.retrain(problem))
"""

import importlib
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rum_jax.api.devices import use_cpu_cores
    from rum_jax.api.flax_files import load_variables, save_variables
    from rum_jax.api.hub import save_folder, upload_folder
    from rum_jax.api.methods import refined_unlearn, unlearn
    from rum_jax.api.model import Model, from_flax, from_nnx
    from rum_jax.api.models import Models
    from rum_jax.api.problem import Problem
    from rum_jax.api.recipe import Recipe
    from rum_jax.api.scores import Scores, memorization, proxy
    from rum_jax.api.table import Table, evaluate
    from rum_jax.api.torch_files import from_torch, save_torch
    from rum_jax.api.training import retrain, train
    from rum_jax.core.errors import InputError, RunError
    from rum_jax.evaluate import METRICS
    from rum_jax.proxies import PROXIES
    from rum_jax.train.log import DivergedError
    from rum_jax.unlearn import ALGORITHMS

__version__ = "0.2.0.dev0"

_MODULES = {  # name -> where it is, imported when it is first used: JAX takes a second
    "ALGORITHMS": "unlearn", "DivergedError": "train.log", "InputError": "core.errors",
    "METRICS": "evaluate", "Model": "api.model", "Models": "api.models", "PROXIES": "proxies",
    "Problem": "api.problem", "Recipe": "api.recipe", "RunError": "core.errors",
    "Scores": "api.scores", "Table": "api.table", "evaluate": "api.table",
    "from_flax": "api.model", "from_nnx": "api.model", "from_torch": "api.torch_files",
    "load_variables": "api.flax_files", "memorization": "api.scores",
    "save_torch": "api.torch_files", "save_variables": "api.flax_files",
    "save_folder": "api.hub", "upload_folder": "api.hub",
    "proxy": "api.scores", "refined_unlearn": "api.methods", "retrain": "api.training",
    "train": "api.training", "unlearn": "api.methods", "use_cpu_cores": "api.devices",
}
_PACKAGES = ("evaluate", "memorization", "train", "unlearn")  # with the name of a function
__all__ = ["ALGORITHMS", "METRICS", "PROXIES", "DivergedError", "InputError", "Model", "Models",
           "Problem", "Recipe", "RunError", "Scores", "Table", "evaluate", "from_flax", "from_nnx",
           "from_torch", "load_variables", "memorization", "proxy", "refined_unlearn", "retrain",
           "save_folder", "save_torch", "save_variables", "train", "unlearn",
           "upload_folder", "use_cpu_cores"]


class _CallablePackage(types.ModuleType):
    """A package that is also the function of the same name: `rum_jax.unlearn(...)`."""

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(_function(self.__name__.rpartition(".")[2]))

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return _function(self.__name__.rpartition(".")[2])(*args, **keywords)


class _Library(types.ModuleType):
    """This module: packages with the name of a function become callable when they are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _PACKAGES and isinstance(value, types.ModuleType):
            value.__class__ = _CallablePackage
        super().__setattr__(name, value)


def _function(name: str) -> Any:
    return getattr(importlib.import_module(f"rum_jax.{_MODULES[name]}"), name)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'rum_jax' has no attribute {name!r}")
    if name in _PACKAGES:
        return importlib.import_module(f"rum_jax.{name}")
    return _function(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Library
