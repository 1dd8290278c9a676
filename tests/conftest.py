"""Eight CPU devices, as on a small pod, and a tiny task that all tests share."""

import pathlib

import jax

jax.config.update("jax_num_cpu_devices", 8)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from rum_jax import data, models  # noqa: E402
from rum_jax.train.engine import make_engine  # noqa: E402
from rum_jax.train.fit import Task  # noqa: E402
from rum_jax.train.recipe import Optimizer, Recipe  # noqa: E402

GOLDEN = pathlib.Path(__file__).parent / "golden"


def golden(case: str) -> list[dict[str, np.ndarray]]:
    """All variants of a golden case."""
    paths = sorted(GOLDEN.glob(f"{case}__v*.npz"))
    assert paths, f"no golden files of {case}"
    return [dict(np.load(path)) for path in paths]


@pytest.fixture(scope="session")
def dataset():
    return data.load("digits", 0.1, 0.2, 0.05, seed=0)


@pytest.fixture(scope="session")
def model(dataset):
    return models.build("resnet", dataset.spec, (4, 8), (1, 1), "patches")


@pytest.fixture(scope="session")
def task(dataset, model):
    """The tiny network on two devices."""
    return Task(make_engine(2, "map", 16), model, dataset.images, dataset.labels)


@pytest.fixture(scope="session")
def recipe():
    return Recipe(2, 0.1, Optimizer(64, 0.9, 5e-4))
