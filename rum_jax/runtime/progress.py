"""Progress with an ETA: a bar on a terminal and in notebooks, plain lines everywhere else."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from tqdm import tqdm

from rum_jax.runtime import distributed

# Told the fraction of the work done so far, in (0,1].
Progress = Callable[[float], None]

LINE_EVERY_SECONDS = 5.0


def silent(fraction: float) -> None:
    """Shows nothing."""
    del fraction


def part(progress: Progress, index: int, count: int, size: int = 1) -> Progress:
    """The progress of `size` parts from `index` on, of `count` equal parts of a piece of work."""
    return lambda fraction: progress((index + size * fraction) / count)


@contextlib.contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Shows the progress of a piece of work on stderr while the context lasts."""
    if not distributed.is_writer():
        yield silent
        return
    with _bar(title) if sys.stderr.isatty() or in_notebook() else _lines(title) as progress:
        yield progress


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this program."""
    kernel = sys.modules.get("ipykernel.iostream")
    return kernel is not None and isinstance(sys.stderr, kernel.OutStream)


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Progress]:
    layout = "{desc:<28} {percentage:3.0f}% |{bar}| {elapsed} elapsed, {remaining} left"
    with tqdm(total=1.0, desc=title, bar_format=layout, dynamic_ncols=True) as bar:

        def progress(fraction: float) -> None:
            bar.update(fraction - bar.n)

        yield progress


@contextlib.contextmanager
def _lines(title: str) -> Iterator[Progress]:
    start = last = time.monotonic()

    def progress(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if fraction < 1 and now - last < LINE_EVERY_SECONDS:
            return
        last, elapsed = now, now - start
        left = tqdm.format_interval(elapsed / fraction - elapsed)
        print(f"{title:<28} {fraction:4.0%}  {tqdm.format_interval(elapsed)} elapsed, {left} left",
              file=sys.stderr, flush=True)

    yield progress


def say(message: str) -> None:
    """One line on stderr, above any bar; of several processes the writer's alone."""
    if distributed.is_writer():
        tqdm.write(message, file=sys.stderr)
        sys.stderr.flush()


def listed(names: Sequence[object], most: int = 5) -> str:
    """The first names, and how many more there are: "a, b, c, d, e and 3 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more
