import json
import os
import subprocess
import sys

import pytest

from rum_jax.errors import InputError
from rum_jax.workdir import opened

CONFIG = {"seeds": (0, 1), "train": {"epochs": 3}, "engine": {"devices": 1}}


def test_the_same_config_may_come_back_and_free_fields_may_change(tmp_path):
    for devices in (1, 2):
        with opened(tmp_path / "run", {**CONFIG, "engine": {"devices": devices}}) as folder:
            assert folder == tmp_path / "run"
    assert json.loads((folder / "config.json").read_text())["engine"]["devices"] == 2


def test_another_config_is_refused_and_nothing_is_changed(tmp_path):
    with opened(tmp_path, CONFIG):
        pass
    before = (tmp_path / "config.json").read_bytes()
    other = {**CONFIG, "train": {"epochs": 4}, "seeds": (0, 2)}
    with pytest.raises(InputError) as error, opened(tmp_path, other):
        pass
    assert "config.train.epochs: there 3, here 4" in str(error.value)
    assert "config.seeds: there [0, 1], here [0, 2]" in str(error.value)
    assert (tmp_path / "config.json").read_bytes() == before


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="thesis.tex"), opened(tmp_path, CONFIG):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.tex"]


def test_a_damaged_config_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"seeds": [0,')
    with pytest.raises(InputError, match="config.json: cannot be read"), opened(tmp_path, CONFIG):
        pass


def test_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match="is a file"), opened(tmp_path / "a", CONFIG):
        pass
    with (pytest.raises(InputError, match="cannot be written"),
          opened(tmp_path / "a" / "b", CONFIG)):
        pass


def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    for path in (tmp_path, tmp_path / "new"):
        with pytest.raises(InputError, match="cannot be written"), opened(path, CONFIG):
            pass


def test_a_read_only_place_is_refused():
    with pytest.raises(InputError, match="cannot be written"), opened("/proc/run", CONFIG):
        pass


def test_one_process_at_a_time(tmp_path):
    code = (f"from rum_jax.workdir import opened\n"
            f"with opened({str(tmp_path)!r}, {CONFIG!r}): pass")
    with opened(tmp_path, CONFIG):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode and "another process is at work" in done.stderr
