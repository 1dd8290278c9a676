import os
import pathlib

import numpy as np
import pytest

from data.small_files import picture
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source
from rum_jax.data.cache import cache_folder, cached, digest


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
    paths = [tmp_path / "in" / name for name in ("one", "sub/two")]
    for file in paths:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    return paths


def assert_same(source, other):
    for name in ("images", "labels", "ids", "parts"):
        first, second = getattr(source, name), getattr(other, name)
        assert first.dtype == second.dtype
        np.testing.assert_array_equal(first, second)
    for name in ("classes", "pixel_max", "mean", "std"):
        assert getattr(source, name) == getattr(other, name)


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


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "ids.npy", "parts.npy", "about.json",
                                  "sha256.json"])
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_a_flipped_bit_anywhere_is_noticed_and_said(root, files, cache, capsys, name, place):
    read = Reader()
    cached({}, root, files, read)
    (entry,) = (cache / "data").iterdir()
    whole = (entry / name).read_bytes()
    damaged = bytearray(whole)
    damaged[round(place * (len(whole) - 1))] ^= 4
    (entry / name).write_bytes(bytes(damaged))
    assert_same(cached({}, root, files, read), Reader()())
    assert read.calls == 2 and (entry / name).read_bytes() == whole
    said = " ".join(capsys.readouterr().err.split())
    part = "" if name == "sha256.json" else name
    assert f"cache entry {entry} is damaged ({part}" in said and "decoded anew" in said


def test_a_changed_mean_is_noticed(root, files, cache):
    cached({}, root, files, Reader())
    (entry,) = (cache / "data").iterdir()
    about = entry / "about.json"
    about.write_text(about.read_text().replace("0.1", "0.7"))
    assert cached({}, root, files, Reader()).mean == (0.1, 1 / 3, 0.3)


@pytest.mark.parametrize("folder, entries, arrays", [(0o755, 0o755, 0o644), (0o777, 0o755, 0o644),
                                                     (0o750, 0o750, 0o640), (0o700, 0o700, 0o600)])
def test_who_may_read_the_folder_may_read_the_entry(root, files, cache, folder, entries, arrays):
    (cache / "data").mkdir(parents=True)
    (cache / "data").chmod(folder)
    before = os.umask(0o077)
    try:
        cached({}, root, files, Reader())
    finally:
        os.umask(before)
    (entry,) = (cache / "data").iterdir()
    assert entry.stat().st_mode & 0o777 == entries
    assert {file.stat().st_mode & 0o777 for file in entry.iterdir()} == {arrays}


def test_an_entry_that_cannot_be_read_is_mentioned_once(root, files, cache, capsys, monkeypatch):
    def forbidden(_):
        raise PermissionError(13, "Permission denied")

    cached({}, root, files, Reader())
    monkeypatch.setattr("rum_jax.core.records.read_json", forbidden)
    read = Reader()
    for _ in range(2):
        assert_same(cached({}, root, files, read), Reader()())
    said = " ".join(capsys.readouterr().err.split())
    assert read.calls == 2 and said.count("cannot be read (Permission denied)") == 1
    assert len(list((cache / "data").iterdir())) == 1


def test_a_cache_that_cannot_be_looked_into_is_mentioned_once(root, files, monkeypatch, capsys,
                                                              tmp_path):
    monkeypatch.setenv("RUM_JAX_CACHE", str(tmp_path / ("x" * 300)))
    read = Reader()
    for _ in range(2):
        assert_same(cached({}, root, files, read), Reader()())
    said = " ".join(capsys.readouterr().err.split())
    assert read.calls == 2 and said.count("data sets are decoded anew") == 1
    assert "cannot be written ([Errno 36] File name too long" in said


def test_a_cache_without_permission_to_enter_it_is_mentioned_once(root, files, cache, monkeypatch,
                                                                  capsys):
    stat = os.stat

    def forbidden(path, *arguments, **options):
        if str(path).startswith(f"{cache}/"):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *arguments, **options)

    def denied(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "stat", forbidden)
    monkeypatch.setattr(os, "mkdir", denied)
    read = Reader()
    for _ in range(2):
        assert_same(cached({}, root, files, read), Reader()())
    said = " ".join(capsys.readouterr().err.split())
    assert read.calls == 2 and said.count("Permission denied") == 1


def test_the_digest_takes_names_that_are_not_utf8(tmp_path):
    file = tmp_path / os.fsdecode(b"\xff.json")
    file.write_text("{}")
    (tmp_path / "a.json").write_text("{}")
    assert digest({}, tmp_path, [file]) != digest({}, tmp_path, [tmp_path / "a.json"])
