"""Finished toy workdirs, their inputs, copies of both, and what is found in them."""

import contextlib
import csv
import json
import pathlib
import shutil
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fuzz.commands import forget_files, run, undrawn

OWN_CODE = '''"""A metric, a refinement and an algorithm of the user's own."""

import jax
import numpy as np


def margin(view, oracle):
    return float(np.mean(view.logits[:, 0] > oracle.logits[:, 0]))


def halves(examples, generator):
    order = np.argsort(examples["memorization"], kind="stable")
    return {"low": order[:3], "high": order[3:]}


def shrink(problem, states, *, factor: float = 0.9):
    return states.replace(params=jax.tree.map(lambda leaf: leaf * factor, states.params))
'''

SHARED = {
    "data.name": "npz", "data.path": "toy.npz", "data.validation_fraction": 0.2,
    "data.test_fraction": 0.2, "model.widths": (2,), "model.blocks": (1,), "seeds": (0, 1),
    "train.epochs": 1, "train.batch_size": 8, "unlearn.batch_size": 8, "memorization.epochs": 1,
    "campaign.models": 16, "campaign.group_size": 8, "forget.size": 6, "relearn.epochs": 0,
    "forget.sets": ("memorization:high", "file:ids.txt"), "rows": ("vanilla:finetune", "rum"),
    "metrics": ("forget_kl", "own.py:margin"), "vanilla.hparams.finetune.epochs": 1,
    "rum.hparams.finetune.mid.epochs": 1, "rum.hparams.finetune.high.epochs": 1,
    "rum.algorithms.high": "finetune", "engine.devices": 1, "engine.convolution": "patches",
    "engine.remember_programs": False,
}
STUDIES = {
    "study": {},
    "given": {"forget.sets": ("file:ids.txt",), "campaign.models": 0,
              "memorization.scores": "scores.npz",
              "rows": ("vanilla:own.py:shrink", "rum[by=own.py:halves]")},
    "campaign": {"campaign.alone": True},
    "other": {"train.learning_rate": 0.03, "memorization.seed": 1},
}
CONFIG = f'''"""The toy studies; few flags on the command line are read faster than many."""

from rum_jax.config import base

SHARED = {SHARED!r}
STUDIES = {STUDIES!r}


def get_config(name="study"):
    c = base.get_config()
    base.set_fields(c, {{**SHARED, **STUDIES[name]}})
    return c
'''
INPUTS = ("toy.npz", "ids.txt", "scores.npz", "own.py")
CONFIG_FILE = "toy_config.py"


def arguments(name: str, **changed: object) -> list[str]:
    """The command line that makes a workdir of STUDIES; changed fields have `__` for `.`."""
    return [f"--config={CONFIG_FILE}:{name}", f"--workdir={name}",
            *(f"--config.{field.replace('__', '.')}={value}" for field, value in changed.items())]


def findings(workdir: pathlib.Path) -> dict:
    """What no damage may change: rows, memorization, comparisons, and three files."""
    results = json.loads((workdir / "results.json").read_text())
    contents = {name: _timeless(results.get(name))
                for name in ("rows", "memorization", "comparisons", "sets")}
    if (workdir / "results.csv").exists():
        with (workdir / "results.csv").open() as file:
            contents["results.csv"] = [line for line in csv.reader(file) if "seconds" not in line]
    for name in ("memorization.npz", "forget.npz"):
        if (workdir / name).exists():
            with np.load(workdir / name, allow_pickle=False) as arrays:
                contents[name] = {key: (str(array.dtype), array.shape, array.tobytes())
                                  for key, array in arrays.items()}
    return contents


def differences(workdir: pathlib.Path, expected: dict) -> list[str]:
    """What is another result in a workdir than what is expected."""
    try:
        now = findings(workdir)
    except Exception as error:
        return [f"exit code 0, and results that cannot be read: {type(error).__name__}: {error}"]
    return [f"another result: {name}" for name in expected if now.get(name) != expected[name]]


def rows_without(workdir: pathlib.Path, name: str) -> dict[str, dict]:
    """Row -> its metrics but seconds, of rows and metrics whose names do not have the name."""
    return {row["name"]: {metric: value for metric, value in row["metrics"].items()
                          if name not in metric}
            for row in findings(workdir)["rows"] if name not in row["name"]}


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if "seconds" not in key}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


class Base(NamedTuple):
    """A folder with finished workdirs and their inputs, and what is found in each."""

    folder: pathlib.Path
    findings: dict[str, dict]


def make(folder: pathlib.Path) -> Base:
    """Makes the inputs and runs every study of STUDIES."""
    write_inputs(folder)
    for name in STUDIES:
        with undrawn():
            done = run(arguments(name), folder)
        assert done.code == 0, done
    return Base(folder, {name: findings(folder / name) for name in STUDIES})


def write_inputs(folder: pathlib.Path) -> None:
    """Sixty images of three classes, ids, scores and own code."""
    draw = np.random.default_rng(0)
    labels = draw.permutation(np.repeat(np.arange(3), 20))
    images = draw.integers(0, 120, (60, 8, 8)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label:2 * label + 3] += 100
    ids = np.array([f"image_{number:05d}" for number in range(60)])
    np.savez(folder / "toy.npz", images=images, labels=labels, ids=ids)
    np.savez(folder / "scores.npz", ids=ids, memorization=draw.uniform(-0.2, 1, 60))
    (folder / "own.py").write_text(OWN_CODE)
    (folder / CONFIG_FILE).write_text(CONFIG)
    (folder / "ids.txt").write_text("".join(f"{id_}\n" for id_ in _training(folder)[:6]))


def _training(folder: pathlib.Path) -> np.ndarray:
    from rum_jax import data

    forget_files()
    dataset = data.load("npz", 0.2, 0.2, 0.05, 0, str(folder / "toy.npz"))
    return dataset.ids[dataset.train]


@contextlib.contextmanager
def copied(base: Base, names: tuple[str, ...], scratch: pathlib.Path) -> Iterator[pathlib.Path]:
    """A new folder with copies of some workdirs and all inputs; it is removed at the end."""
    folder = scratch / f"copy_{next(_numbers)}"
    folder.mkdir()
    try:
        for name in names:
            shutil.copytree(base.folder / name, folder / name)
        for name in (*INPUTS, CONFIG_FILE):
            shutil.copy2(base.folder / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def fresh(inputs: pathlib.Path, scratch: pathlib.Path) -> Iterator[pathlib.Path]:
    """A new folder with copies of the inputs and no workdir; it is removed at the end."""
    with copied(Base(inputs, {}), (), scratch) as folder:
        yield folder


_numbers = iter(range(10**9))
