"""Runs the command in this process, and says what is wrong with how it ended.

Programs are compiled once. Figures are drawn once for each value that they are drawn from, as
drawing takes ten times as long as all else.
"""

import contextlib
import functools
import hashlib
import importlib
import io
import os
import pathlib
import pickle
import pkgutil
import re
import resource
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import numpy as np
import psutil
from matplotlib.figure import Figure

from rum_jax import report
from rum_jax.cli import common
from rum_jax.main import main
from rum_jax.runtime import distributed

ROOT = pathlib.Path(__file__).parents[2]
MOST_MEMORY = 4 * 2**30  # bytes beyond what the process has
HANGS_AFTER = 120  # seconds
LONGEST_MESSAGE = 4000  # characters
INTERRUPTED = 130  # exit code of a run that a signal ended, as own code can send one
INTERRUPTED_MESSAGE = "\ninterrupted; the same command goes on after the last finished stage\n"
# What Python itself says of own code that fails after the command has ended.
AT_EXIT = re.compile(r"^Exception ignored in atexit callback.*\Z", re.M | re.S)


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


def run(argv: list[str], folder: pathlib.Path, command: Callable = main) -> Outcome:
    """Runs the command in this process, in a folder; nothing that it raises gets out."""
    forget_files()
    kept, here, known = dict(os.environ), os.getcwd(), set(sys.modules)
    args, numpy_errors, filters = sys.argv[:], np.geterr(), warnings.filters[:]
    out, said, code, escaped = io.StringIO(), io.StringIO(), None, ""
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said), _limits():
            code = common.run_command(command, "A fuzzed command.", ["rum_jax.main", *argv])
    except BaseException:
        escaped = traceback.format_exc()
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(kept)
        sys.argv[:], warnings.filters[:] = args, filters
        np.seterr(**numpy_errors)
        for module in set(sys.modules) - known:
            if module.startswith("own_"):
                del sys.modules[module]
    return Outcome(code, said.getvalue(), out.getvalue(), escaped)


def run_apart(argv: list[str], folder: pathlib.Path) -> Outcome:
    """Runs `python -m rum_jax.main` in a process of its own, in a folder."""
    done = subprocess.run([sys.executable, "-m", "rum_jax.main", *argv], cwd=folder, text=True,
                          capture_output=True, timeout=HANGS_AFTER,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    return Outcome(done.returncode, done.stderr, done.stdout, "")


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    """Ends what takes too long, and refuses memory beyond what is sensible."""
    def late(number, frame):
        raise TimeoutError(f"not done after {HANGS_AFTER} seconds")

    earlier = resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        most = psutil.Process().memory_info().vms + MOST_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, earlier[1]))
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(HANGS_AFTER)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, earlier)


def forget_files() -> None:
    """Empties what a process remembers of files, as each command would be a process of its own."""
    for name in ("core.plugins", "unlearn.plugin", "data", "data.cache"):
        for value in vars(importlib.import_module(f"rum_jax.{name}")).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def faults(outcome: Outcome, folder: pathlib.Path) -> list[str]:
    """What is wrong with how a command ended, whatever it was asked."""
    if outcome.escaped:
        return [f"a traceback: {outcome.escaped}"]
    if outcome.code == INTERRUPTED and outcome.said.endswith(INTERRUPTED_MESSAGE):
        return []
    flaws, said = [], AT_EXIT.sub("", outcome.said)
    if outcome.code not in (0, 1, 2):
        flaws.append(f"exit code {outcome.code}")
    if re.search("^Traceback", said, re.M):  # a user's own error may say the word
        flaws.append("a traceback on stderr")
    count = len(re.findall(r"^error: ", outcome.said, re.M))
    if count != (outcome.code != 0):
        flaws.append(f"exit code {outcome.code} with {count} messages")
    if outcome.code:
        flaws += message_faults(outcome.message, folder)
    return flaws


def message_faults(message: str, folder: pathlib.Path) -> list[str]:
    """What is wrong with a message: it must name a field, a flag or a file, and be short."""
    flaws = []
    if not (re.search(r"config\.|--\w+|\w\.(py|npz|npy|txt|csv|jsonl?|pth|svg|html)\b", message)
            or any(os.path.lexists(folder / path)
                   for part in re.findall(r"[^\s:;,()]+", message)
                   for path in (pathlib.Path(part), pathlib.Path(part).parent)
                   if path != pathlib.Path())):
        flaws.append("a message that names no field and no file")
    if " object at 0x" in message:
        flaws.append("a message with an object's address")
    if len(message) > LONGEST_MESSAGE:
        flaws.append(f"a message of {len(message)} characters")
    return flaws


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """What commands set for their process is not set; figures are drawn once for each value."""
    jax.devices()  # from here on flags count no more
    flags, remember = os.environ.get("XLA_FLAGS"), common.enable_compilation_cache
    join = distributed.initialize
    os.environ["XLA_FLAGS"] = f"{flags or ''} --xla_force_host_platform_device_count=8"
    distributed.initialize = lambda *about: None
    common.enable_compilation_cache = lambda *about: None
    undo = _draw_once()
    try:
        yield
    finally:
        undo()
        distributed.initialize, common.enable_compilation_cache = join, remember
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
            types = dict(getattr(value, "__annotations__", {}))
            if (types.pop("return", None) in (bytes, dict[str, bytes]) and not name.startswith("_")
                    and Figure not in types.values()):
                replaced.append((module, name, value))
                setattr(module, name, kept.setdefault(value, _once(value)))

    def undo() -> None:
        for module, name, value in replaced:
            setattr(module, name, value)

    return undo


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Figures are made, but empty files are kept of them."""
    def save(figure: Figure, file: io.BytesIO, **how: object) -> None:
        file.write(b"<svg></svg>" if how.get("format") == "svg" else b"\x89PNG\r\n\x1a\n")

    kept, Figure.savefig = Figure.savefig, save
    try:
        yield
    finally:
        Figure.savefig = kept


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
