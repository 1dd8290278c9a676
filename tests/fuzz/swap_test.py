"""Workdirs of different configs whose stage folders are swapped, and runs that are joined.

Each time the command ends with the result of an untouched run, or refuses with a message.
"""

import itertools
import shutil

import pytest

from fuzz import commands, toy_workdir
from fuzz.commands import run
from fuzz.toy_workdir import arguments
from rum_jax.storage.stage_cache import DONE

# `third` differs from `study` in what the originals are trained with, `relearned` in what is
# measured of the same models: its stages up to the rows' models may stand in for those of `study`.
NAMES = ("study", "other", "third", "relearned")
CHANGED = {"third": {"train.momentum": 0.5, "unlearn.weight_decay": 0.0, "seeds": (1, 0)},
           "relearned": {"relearn.epochs": 1}}


pytestmark = pytest.mark.slow  # the few of fuzz_test swap some stages, too


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swapped")
    toy_workdir.write_inputs(folder)
    with commands.prepared():
        for name in NAMES:
            done = run(command(name), folder)
            assert done.code == 0, done
        yield folder, {name: toy_workdir.findings(folder / name) for name in NAMES}


def command(name: str) -> list[str]:
    base = name if name not in CHANGED else "study"
    return [*arguments(base)[:1], f"--workdir={name}",
            *(f"--config.{field}={value}" for field, value in CHANGED.get(name, {}).items())]


def stages(workdir) -> list[str]:
    root = workdir / "stages"
    return sorted(path.parent.relative_to(root).as_posix() for path in root.rglob(DONE))


def swaps(folder) -> list[tuple[str, str, str, str]]:
    """(workdir, its stage, another workdir or the same one, the stage that takes its place)."""
    between = [(name, stage, other, stage) for name, other in itertools.permutations(NAMES, 2)
               for stage in stages(folder / name) if stage in stages(folder / other)]
    within = [("study", stage, "study", other)
              for stage, other in itertools.permutations(stages(folder / "study"), 2)]
    return between + within


def outcome_of(finished, tmp_path, name, change) -> int:
    """Runs the command in a changed copy of a workdir; its exit code, once it is a fair one."""
    folder, expected = finished
    with toy_workdir.copied(toy_workdir.Base(folder, expected), (name,), tmp_path) as copy:
        change(copy / name)
        done = run(command(name), copy)
        more = toy_workdir.differences(copy / name, expected[name]) if done.code == 0 else []
        faults = [*commands.faults(done, copy), *more]
        assert not faults, f"{faults}\n{done.said[-1500:]}"
        return done.code


def replaced(source, stage):
    def change(workdir):
        shutil.rmtree(workdir / "stages" / stage)
        shutil.copytree(source, workdir / "stages" / stage)
    return change


def test_no_swapped_stage_changes_a_result(finished, tmp_path):
    folder, _ = finished
    codes = [outcome_of(finished, tmp_path, name,
                        replaced(folder / other / "stages" / taken, stage))
             for name, stage, other, taken in swaps(folder)]
    assert 2 in codes and 0 in codes, "stages of the same origin are as good, others are refused"


@pytest.mark.parametrize("name, other", list(itertools.permutations(NAMES, 2)))
def test_two_runs_that_were_joined_are_refused_or_right(finished, tmp_path, name, other):
    folder, _ = finished
    outcome_of(finished, tmp_path, name, lambda workdir: shutil.copytree(
        folder / other, workdir, dirs_exist_ok=True))


def test_a_workdir_that_was_moved_goes_on(finished, tmp_path):
    folder, expected = finished
    shutil.copytree(folder / "study", tmp_path / "elsewhere" / "moved")
    done = run([*command("study")[:1], f"--workdir={tmp_path / 'elsewhere' / 'moved'}"], folder)
    assert done.code == 0, done
    assert toy_workdir.differences(tmp_path / "elsewhere" / "moved", expected["study"]) == []
