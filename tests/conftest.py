"""Eight CPU devices, as on a small pod, and a tiny task that all tests share."""

import atexit
import os
import shutil
import tempfile

import jax

# Programs and data that the commands under test remember are theirs alone. Tests that run at the
# same time (pytest -n) share them.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["RUM_JAX_CACHE"] = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, os.environ["RUM_JAX_CACHE"], ignore_errors=True)

# Compiling takes longer than running here, so that programs, those of commands under test too,
# are optimized less. With XLA_FLAGS= in the environment they are the programs that users have.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=1"
                                   " --xla_llvm_disable_expensive_passes=true")
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_compilation_cache_dir", os.path.join(os.environ["RUM_JAX_CACHE"], "tests"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from rum_jax import data, models  # noqa: E402
from rum_jax.core.randomness import ROLES, generator  # noqa: E402
from rum_jax.train.engine import make_engine  # noqa: E402
from rum_jax.train.fit import Task  # noqa: E402
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train  # noqa: E402
from rum_jax.unlearn.base import Problem, UnlearnOptimizer  # noqa: E402


@pytest.fixture(scope="session")
def dataset():
    return data.load("digits", 0.1, 0.2, 0.05, seed=0)


@pytest.fixture(scope="session")
def model(dataset):
    return models.build("resnet", dataset.spec, (8,), (1,), "patches")


@pytest.fixture(scope="session")
def two_stages(dataset):
    """A network that halves its images once; it takes twice as long to compile."""
    return models.build("resnet", dataset.spec, (4, 8), (1, 1), "patches")


@pytest.fixture(scope="session")
def task(dataset, model):
    """The tiny network on two devices."""
    return Task(make_engine(2, "series", 16), model, dataset.images, dataset.labels)


@pytest.fixture(scope="session")
def recipe():
    return Recipe(2, 0.1, Optimizer(64, 0.9, 5e-4))


def leaves(tree) -> np.ndarray:
    """All numbers of a tree in one line."""
    return np.concatenate([np.asarray(leaf).reshape(-1) for leaf in jax.tree.leaves(tree)])


@pytest.fixture(scope="session")
def original(task, dataset, recipe):
    """Two trained models."""
    seeds = (0, 1)
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in seeds])
    longer = Recipe(10, 0.1, recipe.optimizer)
    orders = [lambda e, s=s: generator(s, "order", 0, e) for s in seeds]
    positions = np.tile(dataset.train, (2, 1))
    return train(task, positions, states, longer, orders, ["a", "b"])[1].states


@pytest.fixture(scope="session")
def problem(task, dataset, recipe):
    """Fifty examples of one class to forget."""
    forget = dataset.train[dataset.labels[dataset.train] == 3][:50]
    retain = np.setdiff1d(dataset.train, forget).astype(np.int32)
    return Problem(task, np.tile(forget, (2, 1)), np.tile(retain, (2, 1)), (0, 1), 0,
                   UnlearnOptimizer(64, 0.9, 5e-4))
