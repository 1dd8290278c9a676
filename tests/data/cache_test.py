import os
import pathlib

import numpy as np
import pytest

from data.made import picture
from rum_jax.data.arrays import Source
from rum_jax.data.cache import cache_folder, cached, digest
from rum_jax.errors import InputError


class Reader:
    """Counts how often it is asked."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return Source(picture(0, (3, 2, 2, 3)), np.array([0, 1, 0], np.int32),
                      np.array(["a", "b", "ü"]), np.array(["train", "train", "test"]),
                      ("x", "y"), 255.0, (0.1, 1 / 3, 0.3), (0.2, 0.2, 0.2))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def files(tmp_path):
    found = [tmp_path / "in" / name for name in ("one", "sub/two")]
    for file in found:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    return found


def assert_same(one, other):
    for name in ("images", "labels", "ids", "parts"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)
    for name in ("classes", "pixel_max", "mean", "std"):
        assert getattr(one, name) == getattr(other, name)


def test_the_folder(monkeypatch, cache):
    assert cache_folder() == cache
    monkeypatch.delenv("RUM_JAX_CACHE")
    assert cache_folder() == pathlib.Path.home() / ".cache" / "rum_jax"


def test_what_was_read_once_comes_from_the_cache(root, files, cache):
    read = Reader()
    first, second = cached({"a": 1}, root, files, read), cached({"a": 1}, root, files, read)
    assert read.calls == 1
    assert_same(first, second)
    assert [entry.name for entry in (cache / "data").iterdir()] == [digest({"a": 1}, root, files)]


def test_the_digest_is_of_key_names_and_contents_not_of_the_place(root, files, tmp_path):
    base = digest({"a": 1}, root, files)
    assert digest({"a": 1}, root, files[::-1]) == base
    assert digest({"a": 2}, root, files) != base
    assert digest({"a": 1}, root, files[:1]) != base
    (tmp_path / "in").rename(tmp_path / "moved")
    moved = [tmp_path / "moved" / "one", tmp_path / "moved" / "sub" / "two"]
    assert digest({"a": 1}, tmp_path / "moved", moved) == base
    moved[1].write_text("twx")
    assert digest({"a": 1}, tmp_path / "moved", moved) != base
    moved[1].unlink()
    with pytest.raises(InputError, match="two: cannot be read: No such file"):
        digest({"a": 1}, tmp_path / "moved", moved)


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "ids.npy", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "gone", "empty"])
def test_a_broken_entry_is_made_anew(root, files, cache, name, damage):
    read = Reader()
    cached({}, root, files, read)
    file = next((cache / "data").iterdir()) / name
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(content[:-3] if damage == "cut" else b"")
    assert_same(cached({}, root, files, read), read())
    assert read.calls == 3 and file.read_bytes() == content
    cached({}, root, files, read)
    assert read.calls == 3


def test_nothing_is_left_of_a_failed_write(root, files, cache, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert_same(cached({}, root, files, Reader()), Reader()())
    assert not list((cache / "data").iterdir())
    assert "No space left on device" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_mentioned_once(root, files, tmp_path, monkeypatch,
                                                          capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUM_JAX_CACHE", str(tmp_path / "file"))
    read = Reader()
    for _ in range(2):
        assert_same(cached({}, root, files, read), Reader()())
    said = capsys.readouterr().err
    assert read.calls == 2 and said.count("cannot be written") == 1
    assert str(tmp_path / "file") in said and "RUM_JAX_CACHE" in said


def test_a_fault_of_the_reader_is_not_kept(root, files):
    def fault():
        raise InputError("broken")

    for _ in range(2):
        with pytest.raises(InputError, match="broken"):
            cached({}, root, files, fault)
    read = Reader()
    cached({}, root, files, read)
    assert read.calls == 1


def test_another_process_may_be_first(root, files, cache, monkeypatch):
    """The entry appears while this process is writing its own."""
    rename = pathlib.Path.rename

    def late(partial, entry):
        if entry.parent.name == "data" and partial.suffix == ".partial":
            os.makedirs(entry)
            (entry / "images.npy").write_bytes(b"theirs")
        return rename(partial, entry)

    monkeypatch.setattr(pathlib.Path, "rename", late)
    assert_same(cached({}, root, files, Reader()), Reader()())
    assert [entry.name for entry in (cache / "data").iterdir()] == [digest({}, root, files)]


def test_the_same_files_below_another_root_are_another_data_set(files, root, tmp_path):
    """Ids are paths below the root."""
    assert digest({}, root, files[1:]) != digest({}, root / "sub", files[1:])
