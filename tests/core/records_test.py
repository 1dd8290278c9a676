import json

import numpy as np
import pytest

from rum_jax.core import records


def test_json_is_strict(tmp_path):
    records.write_json(tmp_path / "a.json", {"x": [1.0, float("nan")], "y": (float("inf"), "z")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": [1.0, None], "y": [None, "z"]}
    assert records.read_json(tmp_path / "a.json")["x"][0] == 1.0


def test_lines_and_arrays_come_back(tmp_path):
    rows = [{"a": 1}, {"a": 2.5}]
    records.write_lines(tmp_path / "a.jsonl", rows)
    assert records.read_lines(tmp_path / "a.jsonl") == rows
    records.write_arrays(tmp_path / "a.npz", x=np.arange(3, dtype=np.int32), s=np.array(["é"]))
    back = records.read_arrays(tmp_path / "a.npz")
    assert back["x"].dtype == np.int32 and back["x"].tolist() == [0, 1, 2] and back["s"][0] == "é"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    records.write_json(path, {"old": 1})

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError):
        records.write_json(path, {"new": 2})
    assert records.read_json(path) == {"old": 1}


def test_csv(tmp_path):
    records.write_csv(tmp_path / "a.csv", ["row", "x"], [["a,b", 0.5]])
    assert (tmp_path / "a.csv").read_text() == 'row,x\n"a,b",0.5\n'
