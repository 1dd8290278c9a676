import errno
import re
import shutil

import pytest

import rum_jax
from rum_jax.core import records
from rum_jax.core.errors import InputError, RunError
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.train.log import DivergedError

ORIGIN = Origin({"config.train.epochs": 3})


def write(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "a.txt").write_text("content")


def test_a_finished_stage_is_not_made_again(tmp_path):
    folder = stage_cache.stage(tmp_path, "group/first", write, ORIGIN)
    assert folder == tmp_path / "stages" / "group" / "first"
    assert stage_cache.stage(tmp_path, "group/first", lambda _: pytest.fail("made again"),
                       ORIGIN) == folder
    assert list(stage_cache.finished(tmp_path, "group/*")) == [folder]
    assert stage_cache.seconds(folder) < 5


def test_a_stage_that_fails_is_absent_and_made_from_scratch_next_time(tmp_path):
    def fail(folder):
        write(folder)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        stage_cache.stage(tmp_path, "first", fail, ORIGIN)
    assert not (tmp_path / "stages" / "first").exists()
    assert list(stage_cache.finished(tmp_path, "*")) == []
    stage_cache.stage(tmp_path, "first", write, ORIGIN)


@pytest.mark.parametrize("damage, message", [
    (lambda p: p.write_text("conten"), "is damaged"),
    (lambda p: p.write_text("Content"), "is damaged"),
    (lambda p: p.unlink(), "is missing"),
    (lambda p: p.with_name("b.txt").write_text(""), "did not write")])
def test_damage_is_found_and_named_with_the_remedy(tmp_path, damage, message):
    folder = stage_cache.stage(tmp_path, "first", write, ORIGIN)
    damage(folder / "inner" / "a.txt")
    with pytest.raises(InputError, match=message) as error:
        stage_cache.stage(tmp_path, "first", write, ORIGIN)
    assert "inner/" in str(error.value) and f"delete the folder {folder}" in str(error.value)


def test_hidden_files_of_a_desktop_do_no_harm(tmp_path):
    folder = stage_cache.stage(tmp_path, "first", write, ORIGIN)
    (folder / "inner" / ".DS_Store").write_text("")
    assert stage_cache.stage(tmp_path, "first", write, ORIGIN) == folder


@pytest.mark.parametrize("content", [
    '{"seconds": 1', "null", "[]", '"x"', "{}", '{"seconds": 1.0, "sha256": {}, "made_from": {}}',
    '{"seconds": "1", "sha256": {"a": "b"}, "made_from": 3}',
    '{"seconds": 1.0, "sha256": {}, "made_from": {"row": "", "files": {}, "values": {}, '
    '"stages": {}}}'])
def test_a_damaged_record_is_named(tmp_path, content):
    folder = stage_cache.stage(tmp_path, "first", write, ORIGIN)
    (folder / stage_cache.DONE).write_text(content)
    with pytest.raises(InputError, match="done.json: cannot be read"):
        stage_cache.stage(tmp_path, "first", write, ORIGIN)


def test_a_stage_of_version_0_1_is_refused_as_it_does_not_say_what_it_was_made_from(tmp_path):
    folder = stage_cache.stage(tmp_path, "first", write, ORIGIN)
    about = records.read_json(folder / stage_cache.DONE)
    del about["made_from"]
    records.write_json(folder / stage_cache.DONE, about)
    message = ("was written by rum_jax 0.1, .* this is rum_jax "
               f"{re.escape(rum_jax.__version__)}, and converts")
    with pytest.raises(InputError, match=message) as raised:
        stage_cache.stage(tmp_path, "first", write, ORIGIN)
    assert "delete the folder" not in str(raised.value), "one remedy"


def test_a_stage_made_from_other_values_is_refused_with_both_values(tmp_path):
    folder = stage_cache.stage(tmp_path, "first", write, ORIGIN)
    with pytest.raises(InputError) as error:
        stage_cache.stage(tmp_path, "first", write, Origin({"config.train.epochs": 4}))
    assert "config.train.epochs: there 3, here 4" in str(error.value)
    assert str(folder) in str(error.value)


@pytest.mark.parametrize("target", ["first", "nowhere"])
def test_a_link_in_the_place_of_a_stage_is_named(tmp_path, target):
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages" / "first").symlink_to(target)
    with pytest.raises(InputError, match="stages/first: is no folder, or a link"):
        stage_cache.stage(tmp_path, "first", lambda _: pytest.fail("made"), ORIGIN)


def chain(workdir, number):
    """Two stages: the first holds a number, the second is made from it."""
    first = stage_cache.stage(
        workdir, "first", lambda folder: (folder / "n").write_text(str(number)), ORIGIN)
    second = stage_cache.stage(workdir, "second", lambda folder: (folder / "n").write_text(
        (first / "n").read_text()), Origin(reads=[first]))
    return first, second


def test_a_stage_made_from_another_one_is_refused(tmp_path):
    chain(tmp_path / "a", 1)
    first, second = chain(tmp_path / "b", 2)
    shutil.rmtree(second)
    shutil.copytree(tmp_path / "a" / "stages" / "second", second)
    with pytest.raises(InputError, match="stages/first: it was made from another one"):
        chain(tmp_path / "b", 2)


def test_a_stage_is_not_used_in_the_place_of_another_one_that_was_made_from_the_same(tmp_path):
    original = stage_cache.stage(tmp_path, "evaluation/original", write, ORIGIN)
    retrained = stage_cache.stage(tmp_path, "evaluation/retrain", write, ORIGIN)
    shutil.rmtree(original)
    shutil.copytree(retrained, original)
    with pytest.raises(InputError, match="stage: there 'evaluation/retrain', here 'eva"):
        stage_cache.stage(tmp_path, "evaluation/original", write, ORIGIN)


def test_what_comes_out_as_before_when_it_is_made_anew_fits_what_was_made_from_it(tmp_path):
    first, second = chain(tmp_path, 1)
    before = (second / stage_cache.DONE).stat().st_mtime_ns
    shutil.rmtree(first)
    chain(tmp_path, 1)
    assert (second / stage_cache.DONE).stat().st_mtime_ns == before
    shutil.rmtree(first)
    with pytest.raises(InputError, match="stages/first: it was made from another one"):
        chain(tmp_path, 3)


def test_seconds_and_checkpoints_are_no_part_of_an_identity(tmp_path):
    def models_stage(name, seconds):
        def make(folder):
            (folder / "states").mkdir()
            (folder / "states" / "timestamp").write_text(str(seconds))
            records.write_json(folder / "models.json", {"seconds": seconds})
            (folder / "logits").write_text("1")
        return stage_cache.stage(tmp_path / name, "models", make, ORIGIN)

    assert stage_cache.identity(models_stage("a", 1)) == stage_cache.identity(models_stage("b", 2))


@pytest.mark.parametrize("error", [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    ValueError("RESOURCE_EXHAUSTED: writing data: No space left on device")])
def test_a_full_disk_is_one_clear_message(tmp_path, error):
    def fail(folder):
        try:
            raise error
        except Exception as inner:
            raise RuntimeError("checkpoint failed") from inner

    with pytest.raises(RunError, match="stage first: no space left on the device"):
        stage_cache.stage(tmp_path, "first", fail, ORIGIN)


def test_run_errors_are_told_the_stage(tmp_path):
    def fail(folder):
        raise DivergedError("loss is nan at seed 1, step 5")

    with pytest.raises(DivergedError, match="stage unlearn/x: loss is nan at seed 1, step 5"):
        stage_cache.stage(tmp_path, "unlearn/x", fail, ORIGIN)


def test_unfinished_stages_are_discarded(tmp_path):
    (tmp_path / "stages" / "members" / "00000-00003.partial").mkdir(parents=True)
    stage_cache.discard_partials(tmp_path)
    assert list((tmp_path / "stages").rglob("*.partial")) == []
