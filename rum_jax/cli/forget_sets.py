"""Chooses forget sets, writes their ids to files, and says what they are like.

    python -m rum_jax.forget_sets --config=configs/digits_rum.py --workdir=runs/sets \\
        --config.forget.sets="('memorization:high','entanglement_score:40','class:3')"

It trains what the choice needs (originals, memorization models) and unlearns nothing. Into the
workdir come `forget.npz`, `forget_statistics.json` and, for each set and seed, a text file of
ids, as `class-3-seed0.txt`, which a study takes as `--config.forget.sets="('file:PATH',)"`.
"""

import pathlib
from collections.abc import Sequence

from rum_jax.cli.common import run_command
from rum_jax.config.overrides import Arguments
from rum_jax.config.unused import refuse_other_runs
from rum_jax.core import records
from rum_jax.runtime import distributed


def main(arguments: Arguments) -> None:
    """Runs the stages up to the choice, writes the files, prints the table of statistics."""
    from rum_jax.report.text import aligned, set_table
    from rum_jax.storage.workdir import opened
    from rum_jax.study.context import check_memory, make_study
    from rum_jax.study.example_scores import ExampleScores
    from rum_jax.study.forget_sets import forget_sets, load_statistics
    from rum_jax.study.trained_models import originals

    refuse_other_runs(arguments.config, "rum_jax.forget_sets", alone=False)
    with opened(arguments.workdir, arguments.config.to_dict()) as workdir:
        study = make_study(workdir, arguments.config)
        check_memory(study)
        folder, sets = forget_sets(ExampleScores(study, originals(study))), study.config.forget.sets
        if distributed.is_writer():
            for path in write(workdir, folder, sets):
                print(path)
            print(aligned(*set_table(load_statistics(folder, sets))))
        distributed.barrier("forget sets")


def write(workdir: pathlib.Path, folder: pathlib.Path, sets: Sequence[str]) -> list[pathlib.Path]:
    """Copies the stage's files into the workdir, and writes the ids as text; returns all paths.

    Args:
      workdir: of the run.
      folder: of the stage.
      sets: names of the config, see `study.forget_sets.load_cases`.
    """
    from rum_jax.study.context import folder_of
    from rum_jax.study.forget_sets import copy_files

    copy_files(folder, sets, workdir)
    paths = [workdir / name for name in ("forget.npz", "forget_statistics.json")]
    stored = records.read_arrays(folder / "forget.npz")
    for name, ids_by_seed in zip(sets, stored["ids"], strict=True):
        for seed, ids in zip(stored["seeds"], ids_by_seed, strict=True):
            path = workdir / f"{folder_of(name)}-seed{seed}.txt"
            records.write_bytes(path, "".join(f"{example_id}\n" for example_id in ids).encode())
            paths.append(path)
    return paths


def command(argv: list[str]) -> int:
    """Reads the flags that every command has; returns the exit code."""
    return run_command(main, __doc__, argv)
