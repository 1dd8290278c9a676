import errno
import os
import pathlib
import threading
import uuid

import pytest

from rum_jax.core.errors import InputError, RunError
from rum_jax.storage.object_store import Local, opened


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    return opened(str(tmp_path / "new") if request.param == "local"
                  else f"memory://{uuid.uuid4().hex}/new")


def test_files_come_and_go(folder, tmp_path):
    assert folder.get("a/b") is None and folder.names("a") == []
    folder.put("a/b", b"1")
    folder.put("a/b", b"2")
    assert folder.get("a/b") == b"2" and folder.names("a") == ["b"]
    (tmp_path / "made").write_bytes(b"3")
    folder.put_file("a/c", tmp_path / "made")
    assert folder.get("a/c") == b"3" and folder.names("a") == ["b", "c"]
    folder.remove("a/b")
    folder.remove("a/b")
    assert folder.names("a") == ["c"]


def test_a_file_is_created_once(folder):
    assert folder.create("a", b"first") and not folder.create("a", b"second")
    assert folder.get("a") == b"first"


def test_of_many_threads_one_creates(tmp_path):
    folder, won = Local(tmp_path), []
    threads = [threading.Thread(
        target=lambda k=k: folder.create("a/b", b"%d" % k) and won.append(k)) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1 and folder.get("a/b") == b"%d" % won[0]
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"], "nothing half-written"


def test_what_is_half_written_is_no_file_and_can_be_removed(tmp_path):
    folder = Local(tmp_path)
    folder.put("a/b", b"1")
    (tmp_path / "a" / "c.0123.partial").write_bytes(b"half")
    assert folder.names("a") == ["b"]
    folder.tidy("a")
    assert len(list((tmp_path / "a").iterdir())) == 2, "someone may be writing it"
    os.utime(tmp_path / "a" / "c.0123.partial", (0, 0))
    folder.tidy("a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_file_that_nfs_has_replaced_is_read_again(tmp_path, monkeypatch):
    folder, read, stale = Local(tmp_path), pathlib.Path.read_bytes, [1]
    folder.put("a", b"new")

    def once_stale(path):
        if stale.pop() if stale else 0:
            raise OSError(errno.ESTALE, "Stale file handle")
        return read(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", once_stale)
    assert folder.get("a") == b"new"
    stale += [1, 1]
    assert folder.get("a") is None


def test_a_store_that_overwrites_is_refused(tmp_path, monkeypatch):
    def create(self, name, content):
        self.put(name, content)
        return True

    monkeypatch.setattr(Local, "create", create)
    with pytest.raises(InputError, match="could count a model twice"):
        opened(str(tmp_path))


@pytest.mark.parametrize("path", ["/proc/nowhere", "ftp://host/run", "s3://bucket/run"])
def test_a_folder_that_cannot_be_written(path):
    with pytest.raises(InputError, match=f"--workdir: {path}: (cannot be written|needs another)"):
        opened(path)


def test_a_store_that_raises_what_it_likes_gets_a_message(monkeypatch):
    class NoCredentials(Exception):
        pass

    def refuse(*_):
        raise NoCredentials("Unable to locate credentials")

    monkeypatch.setattr("rum_jax.storage.object_store.Remote.create", refuse)
    monkeypatch.setattr("rum_jax.storage.object_store.Remote.remove", lambda *_: None)
    with pytest.raises(RunError, match="memory://a/b: cannot be written .NoCredentials: Unable"):
        opened("memory://a/b")


@pytest.mark.parametrize("name", ["x" * 300, "/dev/null/x", "/proc/x"])
def test_folders_that_cannot_be(name):
    with pytest.raises(InputError, match="--workdir: "):
        opened(name)
