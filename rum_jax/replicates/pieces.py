"""Pieces of work that any number of workers share through a folder, by leases."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tqdm import tqdm

from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.storage.leases import Leases

WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 15.0


class Piece(NamedTuple):
    """A piece of work.

    Attributes:
      name: letters, digits, - and _; of its lease.
      is_done: whether it is finished, as the writer of a run sees it.
      work: does it; whatever is finished of it already is not done again.
    """

    name: str
    is_done: Callable[[], bool]
    work: Callable[[], None]


def complete(pieces: Sequence[Piece], leases: Leases | None, title: str) -> None:
    """Returns when every piece is done, here or by another worker.

    Args:
      pieces: in the order in which one worker does them.
      leases: of this process, alive; None where another process of the run writes.
      title: what they are, for the progress.
    """
    by_name, start, at_first = {piece.name: piece for piece in pieces}, time.monotonic(), None
    left = dict(by_name)  # what is done stays done, and its result is not read again
    while True:
        turn = distributed.broadcast_from_writer(_next(left, leases) if leases else None)
        if turn is None:
            return
        if leases:
            done = len(pieces) - len(left)
            at_first = done if at_first is None else at_first
            say(_progress(title, done, len(pieces), done - at_first, time.monotonic() - start))
        by_name[turn].work()
        distributed.barrier(f"piece {turn}")
        if leases:
            leases.release([turn])


def _progress(title: str, done: int, of: int, new: int, elapsed: float) -> str:
    """How many are done, and how long the others will take, from those done meanwhile."""
    text = f"{title}: {done} of {of}"
    if not new:
        return text
    left = tqdm.format_interval(elapsed / new * (of - done))
    return f"{text}, {tqdm.format_interval(elapsed)} elapsed, {left} left"


def _next(left: dict[str, Piece], leases: Leases) -> str | None:
    """The piece to do next; None if all are done. Waits for what others hold.

    Args:
      left: name -> piece; those that are done are taken out.
      leases: of this process, alive.
    """
    announced, wait = False, WAIT_SECONDS
    while True:
        for name in [name for name, piece in left.items() if piece.is_done()]:
            del left[name]
        if not left:
            return None
        for name, piece in left.items():
            if leases.take([name],
                           lambda name=name, piece=piece: {name} if piece.is_done() else set()):
                return name
        if not announced:
            holders = set(leases.holders().values())
            say(f"waiting for {len(left)} piece(s) of work of {len(holders)} other worker(s)")
            announced = True
        time.sleep(wait)
        wait = min(2 * wait, MOST_WAIT_SECONDS)
