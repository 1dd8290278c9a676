"""Finished toy workdirs, and what the command makes of damaged copies of them.

All in one process, so that programs are compiled once. Figures are drawn once for each value that
they are drawn from, as drawing takes ten times as long as all else.
"""

import contextlib
import csv
import functools
import hashlib
import importlib
import io
import json
import os
import pathlib
import pickle
import pkgutil
import re
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import numpy as np

from rum_jax import entry, hosts, report
from rum_jax.main import main

ROOT = pathlib.Path(__file__).parents[2]
HANGS_AFTER = 120  # seconds
LONGEST_MESSAGE = 4000  # characters

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
    "data.test_fraction": 0.2, "model.widths": "(2,)", "model.blocks": "(1,)", "seeds": "(0,1)",
    "train.epochs": 1, "train.batch_size": 8, "unlearn.batch_size": 8, "memorization.epochs": 1,
    "campaign.models": 4, "campaign.group_size": 2, "forget.size": 6, "relearn.epochs": 0,
    "metrics": "('forget_kl','own.py:margin')", "vanilla.hparams.finetune.epochs": 1,
    "rum.hparams.finetune.mid.epochs": 1, "rum.hparams.finetune.high.epochs": 1,
    "rum.algorithms.high": "finetune", "engine.devices": 1, "engine.convolution": "patches",
    "engine.remember_programs": False,
}
STUDIES = {
    "study": {"forget.sets": "('memorization:high','file:ids.txt')",
              "rows": "('vanilla:finetune','rum')"},
    "given": {"forget.sets": "('file:ids.txt',)", "campaign.models": 0,
              "memorization.scores": "scores.npz",
              "rows": "('vanilla:own.py:shrink','rum[by=own.py:halves]')"},
    "campaign": {},
    "other": {"forget.sets": "('memorization:high','file:ids.txt')", "train.learning_rate": 0.03,
              "memorization.seed": 1, "rows": "('vanilla:finetune','rum')"},
}
INPUTS = ("toy.npz", "ids.txt", "scores.npz", "own.py")


class Outcome(NamedTuple):
    """What a command did: its exit code, what it wrote, and what escaped it, as a traceback."""

    code: int | None
    said: str
    printed: str
    escaped: str

    @property
    def message(self) -> str:
        """What stands after the first `error:` of a line."""
        return re.split(r"^error: ", self.said, maxsplit=1, flags=re.M)[-1]


def arguments(name: str, **changed: object) -> list[str]:
    """The command line that makes a workdir of STUDIES; changed fields have `__` for `.`."""
    config = "digits_memorization" if name == "campaign" else "digits_rum"
    fields = {**SHARED, **STUDIES[name],
              **{field.replace("__", "."): value for field, value in changed.items()}}
    return [f"--config={ROOT / 'configs' / config}.py", f"--workdir={name}",
            *(f"--config.{field}={value}" for field, value in fields.items())]


def run(argv: list[str], folder: pathlib.Path, command: Callable = main) -> Outcome:
    """Runs the command in this process, in a folder; nothing that it raises gets out."""
    forget_files()
    kept, here, known = dict(os.environ), os.getcwd(), set(sys.modules)
    out, said, code, escaped = io.StringIO(), io.StringIO(), None, ""
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said), _alarm():
            code = entry.run_command(command, "A fuzzed command.", ["rum_jax.main", *argv])
    except BaseException:
        escaped = traceback.format_exc()
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(kept)
        for module in set(sys.modules) - known:
            if module.startswith("own_"):
                del sys.modules[module]
    return Outcome(code, said.getvalue(), out.getvalue(), escaped)


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    def late(number, frame):
        raise TimeoutError(f"not done after {HANGS_AFTER} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANGS_AFTER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget_files() -> None:
    """Empties what a process remembers of files, as each command would be a process of its own."""
    for name in ("own", "unlearn.own", "data", "data.cache"):
        for value in vars(importlib.import_module(f"rum_jax.{name}")).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def faults(outcome: Outcome, folder: pathlib.Path) -> list[str]:
    """What is wrong with how a command ended, whatever it was asked."""
    if outcome.escaped:
        return [f"a traceback: {outcome.escaped}"]
    found = []
    if outcome.code not in (0, 1, 2):
        found.append(f"exit code {outcome.code}")
    if "Traceback" in outcome.said:
        found.append("a traceback on stderr")
    count = len(re.findall(r"^error: ", outcome.said, re.M))
    if count != (outcome.code != 0):
        found.append(f"exit code {outcome.code} with {count} messages")
    if outcome.code:
        found += message_faults(outcome.message, folder)
    return found


def message_faults(message: str, folder: pathlib.Path) -> list[str]:
    """What is wrong with a message: it must name a field, a flag or a file, and be short."""
    found = []
    if not (re.search(r"config(\.\w+)+|--\w+|\w\.(py|npz|npy|txt|csv|json|pth)\b", message)
            or any(part and (folder / part).exists()
                   for part in re.findall(r"[^\s:;,()]+", message))):
        found.append("a message that names no field and no file")
    if " object at 0x" in message:
        found.append("a message with an object's address")
    if len(message) > LONGEST_MESSAGE:
        found.append(f"a message of {len(message)} characters")
    return found


def findings(workdir: pathlib.Path) -> dict:
    """What no damage may change: rows, memorization, comparisons, and three files."""
    results = json.loads((workdir / "results.json").read_text())
    made = {name: _timeless(results.get(name))
            for name in ("rows", "memorization", "comparisons", "sets")}
    if (workdir / "results.csv").exists():
        with (workdir / "results.csv").open() as file:
            made["results.csv"] = [line for line in csv.reader(file) if "seconds" not in line]
    for name in ("memorization.npz", "forget.npz"):
        if (workdir / name).exists():
            with np.load(workdir / name, allow_pickle=False) as arrays:
                made[name] = {key: (str(array.dtype), array.shape, array.tobytes())
                              for key, array in arrays.items()}
    return made


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
    (folder / "ids.txt").write_text("".join(f"{one}\n" for one in _training(folder)[:6]))


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
        for name in INPUTS:
            shutil.copy2(base.folder / name, folder / name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_numbers = iter(range(10**9))


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """What commands set for their process is not set; figures are drawn once for each value."""
    jax.devices()  # from here on flags count no more
    flags, hosts_join, remember = os.environ.get("XLA_FLAGS"), hosts.join, entry.remember_programs
    os.environ["XLA_FLAGS"] = f"{flags or ''} --xla_force_host_platform_device_count=8"
    hosts.join = lambda *about: None
    entry.remember_programs = lambda *about: None
    undo = _draw_once()
    try:
        yield
    finally:
        undo()
        hosts.join, entry.remember_programs = hosts_join, remember
        os.environ.pop("XLA_FLAGS")
        if flags is not None:
            os.environ["XLA_FLAGS"] = flags


def _draw_once() -> Callable[[], None]:
    """Makes every function of the reports that returns pictures keep them; returns the undoing."""
    modules = [importlib.import_module(f"{report.__name__}.{info.name}")
               for info in pkgutil.iter_modules(report.__path__)] + [report]
    kept: dict[Callable, Callable] = {}
    replaced = []
    for module in modules:
        for name, value in list(vars(module).items()):
            if (callable(value) and name != "png"
                    and str(getattr(value, "__module__", "")).startswith(report.__name__)
                    and getattr(value, "__annotations__", {}).get("return")
                    in (bytes, dict[str, bytes])):
                replaced.append((module, name, value))
                setattr(module, name, kept.setdefault(value, _once(value)))

    def undo() -> None:
        for module, name, value in replaced:
            setattr(module, name, value)

    return undo


def _once(function: Callable) -> Callable:
    known: dict[str, object] = {}

    @functools.wraps(function)
    def drawn(*values, **named):
        try:
            content = pickle.dumps((values, named))
        except Exception:
            return function(*values, **named)
        key = hashlib.sha256(content).hexdigest()
        if key not in known:
            known[key] = function(*values, **named)
        return known[key]

    return drawn
