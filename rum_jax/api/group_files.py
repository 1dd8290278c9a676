"""Finished groups of memorization models in a folder, from which an estimate resumes."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.api.problem import Problem
from rum_jax.core import records
from rum_jax.core.errors import InputError, without_addresses
from rum_jax.memorization.group import Group, decode, encode, name_of
from rum_jax.models.contract import PyTree
from rum_jax.models.head import leaves_by_path

ABOUT_FILE = "memorization.json"


def opened(workdir: str | pathlib.Path | None, problem: Problem,
           settings: Mapping[str, Any]) -> pathlib.Path | None:
    """The folder of these models; None: there is none.

    Raises:
      InputError: it has models of another problem.
    """
    if workdir is None:
        return None
    folder = pathlib.Path(workdir).expanduser() / "memorization"
    about = {"problem": digest_of(problem), "seed": settings["seed"],
             "subset_fraction": settings["subset_fraction"]}
    path = folder / ABOUT_FILE
    if path.exists() and records.read_json(path) != about:
        raise InputError(f"workdir: {folder} has memorization models of other data, of another "
                         "network, recipe, subset_fraction or seed; allowed: an empty or new "
                         "folder, or the arguments of these models")
    folder.mkdir(parents=True, exist_ok=True)
    records.write_json(path, about)
    return folder


def digest_of(problem: Problem) -> str:
    """What identifies how the problem's network is trained from scratch."""
    task = problem.task
    shapes = {"/".join(path): leaf.shape for path, leaf in
              leaves_by_path(task.model.shapes()).items()}
    text = repr((_definition(problem), task.model.image, shapes, _of_training(problem),
                 len(problem.train), len(problem.test)))
    return records.digest([text, *map(records.array_sha256, (task.images, task.labels))])


def _of_training(problem: Problem) -> dict[str, Any]:
    """The fields of a recipe that training from scratch depends on."""
    return {name: value for name, value in problem.recipe.plain().items()
            if name not in ("batch_norm", "unlearn_schedule")}


def _definition(problem: Problem) -> str:
    """What a network computes in train mode, as JAX records it, the same in every process."""
    model = problem.task.model
    shapes = jax.ShapeDtypeStruct((2, *model.image.shape), jnp.float32)

    def forward(params: PyTree, state: PyTree, inputs: jax.Array, mask: jax.Array,
                key: jax.Array | None) -> PyTree:
        return model.network.apply(params, state, inputs, mask, True, key)

    key = jax.eval_shape(lambda: jax.random.key(0)) if model.draws else None
    traced = jax.make_jaxpr(forward)(*model.shapes(), shapes, jax.ShapeDtypeStruct((2,), bool),
                                     key)
    constants = [records.array_sha256(np.asarray(value)) for value in traced.consts]
    return without_addresses(str(traced.jaxpr)) + repr(constants)


def read(folder: pathlib.Path | None, members: Sequence[int]) -> Group | None:
    """These members, if they are all there.

    Raises:
      InputError: their file is damaged.
    """
    path = folder and folder / name_of(members[0], members[-1])
    return decode(path.read_bytes(), str(path))[0] if path and path.exists() else None


def write(folder: pathlib.Path | None, group: Group) -> None:
    """Keeps a finished group."""
    if folder is not None:
        members = group.members.tolist()
        records.write_bytes(folder / name_of(members[0], members[-1]), encode(group, {}))
