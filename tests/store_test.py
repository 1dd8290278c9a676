import errno

import pytest

from rum_jax import store
from rum_jax.errors import InputError, RunError
from rum_jax.train.log import DivergedError


def write(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "a.txt").write_text("content")


def test_a_finished_stage_is_not_made_again(tmp_path):
    folder = store.stage(tmp_path, "group/first", write)
    assert folder == tmp_path / "stages" / "group" / "first"
    assert store.stage(tmp_path, "group/first", lambda _: pytest.fail("made again")) == folder
    assert list(store.finished(tmp_path, "group/*")) == [folder]
    assert store.seconds(folder) < 5


def test_a_stage_that_fails_is_absent_and_made_from_scratch_next_time(tmp_path):
    def fail(folder):
        write(folder)
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        store.stage(tmp_path, "first", fail)
    assert not (tmp_path / "stages" / "first").exists()
    assert list(store.finished(tmp_path, "*")) == []
    store.stage(tmp_path, "first", write)


@pytest.mark.parametrize("damage, message", [
    (lambda p: p.write_text("conten"), "is damaged"),
    (lambda p: p.write_text("Content"), "is damaged"),
    (lambda p: p.unlink(), "is missing")])
def test_damage_is_found_and_named_with_the_remedy(tmp_path, damage, message):
    folder = store.stage(tmp_path, "first", write)
    damage(folder / "inner" / "a.txt")
    with pytest.raises(InputError, match=message) as error:
        store.stage(tmp_path, "first", write)
    assert "a.txt" in str(error.value) and f"delete the folder {folder}" in str(error.value)


def test_a_damaged_manifest(tmp_path):
    folder = store.stage(tmp_path, "first", write)
    (folder / store.DONE).write_text('{"seconds": 1')
    with pytest.raises(InputError, match="done.json: cannot be read"):
        store.stage(tmp_path, "first", write)


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
        store.stage(tmp_path, "first", fail)


def test_run_errors_are_told_the_stage(tmp_path):
    def fail(folder):
        raise DivergedError("loss is nan at seed 1, step 5")

    with pytest.raises(DivergedError, match="stage unlearn/x: loss is nan at seed 1, step 5"):
        store.stage(tmp_path, "unlearn/x", fail)


def test_unfinished_stages_are_discarded(tmp_path):
    (tmp_path / "stages" / "members" / "00000-00003.partial").mkdir(parents=True)
    store.discard_partials(tmp_path)
    assert list((tmp_path / "stages").rglob("*.partial")) == []
