"""Paths as users write them."""

import pytest

from rum_jax.core import paths
from rum_jax.core.errors import InputError
from rum_jax.forget import fault


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ids.txt", "scores.npz", "a.pt"):
        (tmp_path / name).write_bytes(b"1")
    return tmp_path


def test_the_home_folder_is_spelled_out(home):
    assert paths.user_path("~/a") == home / "a" and str(paths.user_path("a/~")) == "a/~"
    assert paths.local("~/run") == str(home / "run") and paths.local("gs://~/run") == "gs://~/run"
    assert paths.local("file:///~/run") == "/~/run"
    with pytest.raises(InputError, match="there is no home folder ~nobody_here"):
        paths.user_path("~nobody_here/a")


def test_files_of_a_config_are_found_in_the_home_folder(home):
    assert fault("file:~/ids.txt") is None
    assert "there is no file" in fault("file:~/id.txt") and "did you mean" in fault("file:~/id.txt")
    assert paths.file_fault("~/scores.npz") is None and paths.file_fault("~", folders=True) is None
    assert "is a folder" in paths.file_fault("~")


@pytest.mark.parametrize("text", ["x" * 256, "a/" * 2500, "a\0b", "a\nb", "\ud800", "~nobody_here"])
def test_names_that_no_file_can_have(text):
    assert paths.path_fault(text) and len(paths.path_fault(text)) < 300
    assert paths.file_fault(text)
    with pytest.raises(InputError):
        paths.user_path(text)
    assert paths.workdir_fault(text, False, ())


def test_a_file_that_may_not_be_read(home, monkeypatch):
    def denied(path, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(paths.pathlib.Path, "open", denied)
    assert paths.file_fault("~/ids.txt").endswith("it cannot be read (Permission denied)")


def test_a_folder_called_like_a_store_can_be_had():
    assert paths.workdir_fault("./gs:x", False, ()) is None
    assert "./gs:x" in paths.workdir_fault("gs:x", False, ())
