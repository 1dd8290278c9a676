"""Seconds of work without the compiler: what a method costs once its programs exist."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator

import jax

_COMPILER_EVENTS = "/jax/core/compile/"
_intervals: list[tuple[float, float]] = []


def _listen(event: str, duration_secs: float, **_: object) -> None:
    if event.startswith(_COMPILER_EVENTS):
        now = time.monotonic()
        _intervals.append((now - duration_secs, now))


@functools.cache
def _start_listening() -> None:
    """Has the compiler's events noted from now on, once in a process."""
    jax.monitoring.register_event_duration_secs_listener(_listen)


def union_length(intervals: list[tuple[float, float]]) -> float:
    """Length of the union of intervals (start, end), which may nest or overlap."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


@contextlib.contextmanager
def untimed() -> Iterator[None]:
    """Leaves the time spent in this context out of every stopwatch, as compilation is."""
    start = time.monotonic()
    try:
        yield
    finally:
        _intervals.append((start, time.monotonic()))


@contextlib.contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Yields a function: seconds since the start without compilation and what is `untimed`.

    Compilation is tracing, lowering and compiling.
    """
    _start_listening()
    first, start = len(_intervals), time.monotonic()

    def seconds() -> float:
        compiling = [(max(begin, start), end) for begin, end in _intervals[first:]]
        return time.monotonic() - start - union_length(compiling)

    yield seconds
