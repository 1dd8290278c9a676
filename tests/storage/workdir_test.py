import json
import os
import subprocess
import sys

import pytest

from rum_jax.config.content import code_digests, content_of
from rum_jax.core.errors import InputError
from rum_jax.storage import stage_cache
from rum_jax.storage.workdir import opened

CONFIG = {"seeds": (0, 1), "train": {"epochs": 3, "from_files": ()}, "engine": {"devices": 1},
          "rows": (), "stream": {"rows": (), "requests": ()}, "metrics": (),
          "forget": {"sets": ("class:3",)}, "campaign": {"alone": False}}


def finish(folder, name, config, *fields, row="", files=()):
    """A finished stage that depends on those fields of the config."""
    content = content_of(config)
    stage_cache.stage(folder, name, lambda stage_folder: (stage_folder / "a").write_text("1"),
                stage_cache.Origin(content.part(*fields), row=row, files=dict(files)))


def test_the_same_config_may_come_back_and_free_fields_may_change(tmp_path):
    for devices in (1, 2):
        with opened(tmp_path / "run", {**CONFIG, "engine": {"devices": devices}}) as folder:
            assert folder == tmp_path / "run"
    assert json.loads((folder / "config.json").read_text())["engine"]["devices"] == 2


def test_a_field_may_change_until_a_stage_that_depends_on_it_is_finished(tmp_path):
    other = {**CONFIG, "train": {"epochs": 4, "from_files": ()}, "seeds": (0, 2)}
    for config in (CONFIG, other, CONFIG):
        with opened(tmp_path, config):
            pass
    finish(tmp_path, "data", CONFIG, "forget")
    with opened(tmp_path, other):
        pass
    finish(tmp_path, "original", CONFIG, "train", "seeds")
    before = (tmp_path / "config.json").read_bytes()
    with pytest.raises(InputError) as error, opened(tmp_path, other):
        pass
    assert "config.train.epochs: there 3, here 4 (read by stages/original)" in str(error.value)
    assert "config.seeds: there [0, 1], here [0, 2]" in str(error.value)
    assert (tmp_path / "config.json").read_bytes() == before


def test_rows_that_are_not_asked_for_any_more_do_not_matter(tmp_path):
    config = {**CONFIG, "rows": ("vanilla:finetune",)}
    with opened(tmp_path, config):
        finish(tmp_path, "unlearn/vanilla-finetune", config, "train", row="vanilla:finetune")
    other = {"train": {"epochs": 4, "from_files": ()}}
    with opened(tmp_path, {**CONFIG, **other}):
        pass
    with pytest.raises(InputError, match="train.epochs"), opened(tmp_path, {**config, **other}):
        pass


def test_a_file_is_known_by_its_content_wherever_it_is(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("a\n")
    config = {**CONFIG, "forget": {"sets": (f"file:{path}",)}}
    finish(tmp_path / "run", "forget", config, "forget",
           files=content_of(config).files["config.forget.sets"].items())
    (tmp_path / "run" / "config.json").write_text("{}")
    moved = tmp_path / "elsewhere.txt"
    moved.write_bytes(path.read_bytes())
    for place in (path, moved):
        with opened(tmp_path / "run", {**CONFIG, "forget": {"sets": (f"file:{place}",)}}):
            pass
    path.write_text("b\n")
    with pytest.raises(InputError) as error, opened(tmp_path / "run", config):
        pass
    assert f"config.forget.sets: {path}: its content is not what stages/forget" in str(error.value)


def test_code_of_the_users_own_belongs_to_the_stages_that_were_made_with_it(tmp_path):
    code = tmp_path / "mine.py"
    code.write_text("def f(problem, states): raise ValueError\n")
    row = f"vanilla:{code}:f"
    config = {**CONFIG, "rows": (row, "rum")}
    with opened(tmp_path / "run", config):
        pass
    finish(tmp_path / "run", "unlearn/rum", config, "train", row="rum")
    code.write_text("def f(problem, states): return states\n")
    with opened(tmp_path / "run", config):
        pass  # nothing of the faulty one was kept
    finish(tmp_path / "run", "unlearn/mine", config, "train", row=row,
           files=code_digests(row).items())
    code.write_text("def f(problem, states): return 0\n")
    with pytest.raises(InputError) as error, opened(tmp_path / "run", config):
        pass
    assert f"{code}: its content is not what stages/unlearn/mine" in str(error.value)


def test_the_folder_of_a_campaign_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"campaign": {"alone": true}}')
    with pytest.raises(InputError, match="holds a memorization campaign"), opened(tmp_path, CONFIG):
        pass


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="thesis.tex"), opened(tmp_path, CONFIG):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.tex"]


@pytest.mark.parametrize("content", ['{"seeds": [0,', "null", "[]", "3", '{"campaign": 3}'])
def test_a_damaged_config_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
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
    code = (f"from rum_jax.storage.workdir import opened\n"
            f"with opened({str(tmp_path)!r}, {CONFIG!r}): pass")
    with opened(tmp_path, CONFIG):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode and "another process is at work" in done.stderr
