import numpy as np
import pytest

from forget.made import known
from rum_jax.errors import InputError
from rum_jax.forget import choose

KNOWN = known(labels=np.zeros(6))


def chosen(path, size=0):
    return choose(f"file:{path}", KNOWN, size).tolist()


def test_text_and_arrays(tmp_path):
    (tmp_path / "a.txt").write_text("train-004\n\n train-001\n")
    assert chosen(tmp_path / "a.txt") == [1, 4] == chosen(tmp_path / "a.txt", 2)
    np.savez(tmp_path / "a.npz", ids=np.array([["train-005", "train-000"]]))
    assert chosen(tmp_path / "a.npz") == [0, 5]


@pytest.mark.parametrize("text, message", [
    ("train-001\ntrain-001\ntrain-002", "the id train-001 is there 2 times; allowed: once"),
    ("train-001\ntest-001", r"1 id\(s\) are of examples that are not trained on, the first is "
                            "test-001"),
    ("train-001\ncifar-7", r"1 of 2 id\(s\) are not in this data set, the first is cifar-7; its "
                           "ids are like train-000"),
    ("\n", "has no ids")])
def test_ids_that_cannot_be_forgotten(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        chosen(tmp_path / "a.txt")


def test_sizes_and_files_that_do_not_fit(tmp_path):
    (tmp_path / "a.txt").write_text("train-001\ntrain-002")
    with pytest.raises(InputError, match="config.forget.size: is 3; allowed with file:.*: 0, or 2"):
        chosen(tmp_path / "a.txt", 3)
    np.savez(tmp_path / "b.npz", numbers=np.arange(3))
    with pytest.raises(InputError, match="b.npz: has no array `ids`"):
        chosen(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="c.npz: cannot be read"):
        chosen(tmp_path / "c.npz")
    (tmp_path / "d.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="d.txt: cannot be read"):
        chosen(tmp_path / "d.txt")
