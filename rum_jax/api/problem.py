"""What is to be forgotten: a model, its data, and the examples that must go."""

import copy
import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from rum_jax.api import checks
from rum_jax.api.model import Model, stacked
from rum_jax.api.recipe import Recipe
from rum_jax.config.base import get_config
from rum_jax.config.schema import AUTO
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.data.arrays import ImageSpec
from rum_jax.evaluate.shadow import shadow_members, shadow_non_members
from rum_jax.evaluate.view import SHADOW_MEMBERS, SHADOW_NON_MEMBERS
from rum_jax.experiment.build import convolution_of, engine_of
from rum_jax.models.lowering import with_lowering
from rum_jax.models.model import Model as Network
from rum_jax.train.fit import Task
from rum_jax.train.state import TrainState, fresh, with_fresh_optimizer

UINT8_MAX = 255.0
Pair = tuple[Any, Any]  # (images, labels)


class Problem:
    """Checked once, then used by all functions of the library.

    Args:
      model: see `rum.from_flax`, `rum.from_nnx` and `rum.Model`.
      images: the training set, uint8 or float [n,...] of any rank. uint8 images are scaled to [0,1]
        and standardized by the model's mean and std; floats go in as they are.
      labels: int[n] of the training set, from 0.
      forget: which examples to forget: row numbers, ids if `ids` is given, or bool[n].
      test: (images, labels) that no model has seen; needed by `evaluate`.
      validation: (images, labels) likewise, for metrics on a validation set.
      ids: str[n], names of the training examples; None: they are row numbers.
      recipe: how models are trained, see `rum.Recipe`; None: its defaults.
      seeds: addresses of all randomness, one for each model; None: 0, 1, ... for as many as are
        given. One model with several seeds is unlearned once with each.

    Attributes:
      ids: str[n] or int[n] of the training examples.
      train, forget, retain, test, validation: int32[k] ascending rows of all examples, which are
        the training, then the test, then the validation set.
      seeds: M of them.
      labels: int32[N] of all examples.
      recipe: see above.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """

    def __init__(self, model: Model, images: Any, labels: Any, *, forget: Any,
                 test: Pair | None = None, validation: Pair | None = None,
                 ids: Sequence[str] | np.ndarray | None = None, recipe: Recipe | None = None,
                 seeds: Sequence[int] | int | None = None) -> None:
        if not isinstance(model, Model):
            raise InputError(f"model: is {type(model).__name__}; allowed: what rum.from_flax, "
                             "rum.from_nnx or rum.Model gives")
        self.recipe = checks.recipe(recipe)
        parts = [checks.examples("", (images, labels))]
        for name, pair in (("test", test), ("validation", validation)):
            parts.append((parts[0][0][:0], parts[0][1][:0]) if pair is None
                         else checks.examples(name, pair, parts[0]))
        sizes = [len(part[1]) for part in parts]
        self.train, self.test, self.validation = (
            np.arange(sum(sizes[:k]), sum(sizes[:k + 1]), dtype=np.int32) for k in range(3))
        self.labels = np.concatenate([part[1] for part in parts])
        self.ids = checks.ids(ids, sizes[0])
        self.forget = checks.forget(forget, self.ids, named=ids is not None)
        self.retain = np.setdiff1d(self.train, self.forget).astype(np.int32)
        self._model = model
        self._prepare(np.concatenate([part[0] for part in parts]), seeds)

    def _prepare(self, images: np.ndarray, seeds: Sequence[int] | int | None) -> None:
        """The network for inputs of this shape, its states, and where they run."""
        image = _image(self._model, images)
        network, single = self._model.adapt(image)
        classes = network.classes
        checks.label_range(self.labels, classes, len(self.train))
        image = dataclasses.replace(image, classes=classes)
        engine = engine_of(get_config().engine.to_dict(), (self.recipe.batch_size,))
        network = with_lowering(network, convolution_of({"convolution": AUTO}))
        self.task = Task(engine, Network(network, image), images, self.labels)
        given = self._model.variables
        variables = None if given is None else stacked(given, single)
        models = 1 if variables is None else len(jax.tree.leaves(variables)[0])
        self.seeds = checks.seeds(seeds, models)
        self._states = None if variables is None else _states(variables, len(self.seeds))

    @property
    def states(self) -> TrainState:
        """The given models, on the host, with leading axis M."""
        if self._states is None:
            raise InputError("model: has no variables; allowed: a trained model, as "
                             "rum.from_flax(module, variables), or that of rum.train(problem)")
        return self._states

    @property
    def has_models(self) -> bool:
        """Whether it has models to begin with."""
        return self._states is not None

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """Part -> int32[k] rows: forget, retain, validation, test, and what attacks are fitted on.

        Raises:
          InputError: there is no test set.
        """
        if not len(self.test):
            raise InputError("test: is None; allowed where models are evaluated: (images, labels) "
                             "that no model has seen")
        members = shadow_members(self.retain, self.labels, self.test, generator(0, "shadow", 0))
        others = shadow_non_members(members, self.labels, self.test,
                                    generator(0, "shadow_test", 0))
        return {"forget": self.forget, "retain": self.retain, "validation": self.validation,
                "test": self.test, SHADOW_MEMBERS: members, SHADOW_NON_MEMBERS: others}

    def starting_from(self, states: TrainState, seeds: tuple[int, ...]) -> "Problem":
        """The same problem, from other models of its network."""
        other = copy.copy(self)
        other.seeds, other._states = seeds, states
        return other

    def is_like(self, other: "Problem") -> bool:
        """Whether the same examples of the same data are to be forgotten by the same network."""
        return self.task is other.task and np.array_equal(self.forget, other.forget)

    def tiled(self, rows: np.ndarray) -> np.ndarray:
        """int32[M,k]: the same rows for every model."""
        return np.tile(rows, (len(self.seeds), 1))


def _image(model: Model, images: np.ndarray) -> ImageSpec:
    shape, channels = images.shape[1:], images.shape[-1]
    if images.dtype != np.uint8:
        return ImageSpec(shape, 0, 0.0, (0.0,), (1.0,))
    for name, values in (("mean", model.mean), ("std", model.std)):
        if len(values) not in (1, channels):
            raise InputError(f"{name}: has {len(values)} numbers; allowed: one, or {channels}, one "
                             "for each channel of the images")
    return ImageSpec(shape, 0, UINT8_MAX, model.mean, model.std)


def _states(variables: Any, models: int) -> TrainState:
    """Fresh states of so many models on the host; one given model is taken for all of them."""
    given = jax.eval_shape(jax.vmap(fresh), *variables)
    states = with_fresh_optimizer(dataclasses.replace(given, params=variables[0],
                                                      model_state=variables[1]))
    present = len(states.step)
    return states if present == models else jax.tree.map(
        lambda leaf: np.repeat(leaf, models, axis=0), states)
