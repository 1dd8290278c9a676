import importlib.util
import json
import pathlib

import pytest

from rum_jax.config.validate import faults

ROOT = pathlib.Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "configs").glob("*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_is_valid_and_documented(path):
    module = load(path)
    assert faults(module.get_config().to_dict()) == []
    assert f"--config=configs/{path.name}" in module.__doc__


def test_digits_ships_what_the_committed_search_chose():
    found = json.loads((ROOT / "docs" / "results" / "digits_search.json").read_text())
    assert found["chosen_fields"] == load(ROOT / "configs" / "digits_rum.py").CHOSEN
    assert {len(row["trials"]) for row in found["rows"].values()} == {found["sweep"]["points"]}
