"""Where an interrupted training of the library resumes."""

import pathlib
from collections.abc import Callable

from rum_jax.api.group_files import digest_of
from rum_jax.api.problem import Problem
from rum_jax.train.resume import Checkpointing, kept_seconds

EVERY_EPOCHS = 1


def checkpointing(problem: Problem, name: str, workdir: str | pathlib.Path | None,
                  clock: Callable[[], float],
                  seeds: tuple[int, ...] | None = None) -> Checkpointing | None:
    """Keeps the state of a training after each epoch; None: there is no folder.

    Args:
      problem: whose network is trained.
      name: of the training.
      workdir: folder.
      clock: seconds that this process has worked so far.
      seeds: of the models; None: those of the problem.
    """
    if workdir is None:
        return None
    folder = pathlib.Path(workdir).expanduser() / name
    made_from = f"{digest_of(problem)} {seeds or problem.seeds}"
    return Checkpointing(folder, EVERY_EPOCHS, clock, kept_seconds(folder), made_from)
