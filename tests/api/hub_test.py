"""Folders as on the Hub, against a local folder in its place."""

import json
import pathlib
import shutil
import sys
import types

import jax
import numpy as np
import pytest
from foreign import Camera

import rum_jax as rum
from rum_jax.api.hub import CARD, RECORD, WEIGHTS

pytest.importorskip("safetensors")
GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
SMALL = {"patch_size": 4, "depth": 2, "width": 48, "heads": 3, "resolution": 0}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """huggingface_hub with a folder for each repository."""
    root, fake = tmp_path / "hub", types.ModuleType("huggingface_hub")

    def download(repository, name):
        path = root / repository / name
        if not path.is_file():
            raise OSError(f"404: {repository} has no {name}\nsecond line")
        return str(path)

    def upload(repo_id, folder_path):
        shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)
        return f"https://there/{repo_id}"

    fake.hf_hub_download, fake.upload_folder = download, upload
    fake.create_repo = lambda name, private, exist_ok: (root / name).mkdir(parents=True)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    return root


@pytest.fixture(scope="module")
def foreign():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 8, 8, 1)).astype(np.uint8)
    labels = np.arange(40) % 10
    variables = Camera().init(jax.random.key(0), images[:1].astype(np.float32))
    problem = rum.Problem(
        rum.from_flax(Camera(), variables, train_kwarg="is_training"), images, labels,
        forget=[3, 5], test=(images[:20], labels[:20]),
        recipe=rum.Recipe(epochs=1, batch_size=16))
    after = rum.unlearn(problem, "finetune", epochs=1)
    return after, rum.evaluate({"finetune": after}, rum.retrain(problem))


def test_a_foreign_model_goes_up_and_comes_back(foreign, hub, tmp_path):
    after, table = foreign
    folder = rum.save_folder(tmp_path / "card", after, table, title="Digits without two faces")
    text = (folder / CARD).read_text()
    assert text.startswith("---\nlibrary_name: rum_jax\n") and "# Digits without two faces" in text
    assert f"| finetune | {table.rows['finetune']['tow_stratified']} |" in text
    assert "2 of 40 training examples were unlearned with finetune (seed 0)" in text
    record = json.loads((folder / RECORD).read_text())
    assert record["forget_ids"] == [3, 5] and record["steps"][0]["hparams"]["epochs"] == 1
    assert rum.upload_folder(folder, "hf://us/digits") == "https://there/us/digits"
    back = rum.load_variables("hf://us/digits")
    jax.tree.map(np.testing.assert_array_equal, back, after.flax_variables(0))
    assert (hub / "us" / "digits" / CARD).is_file()


def test_a_network_of_the_package_has_pytorchs_names(hub, tmp_path):
    given = {"classes": 10, "image_shape": (16, 16, 3), **SMALL}
    (hub / "us" / "vit").mkdir(parents=True)
    shutil.copy(GOLDEN / "torch_vit_timm.safetensors", hub / "us" / "vit" / WEIGHTS)
    model = rum.from_torch("hf://us/vit", "vit_tiny", **given)
    images = np.zeros((20, 16, 16, 3), np.uint8)
    problem = rum.Problem(model, images, np.arange(20) % 10, forget=[0])
    folder = rum.save_folder(tmp_path / "vit", rum.unlearn(problem, "none"))
    again = rum.from_torch(folder / WEIGHTS, "vit_tiny", **given)
    jax.tree.map(np.testing.assert_array_equal, again.variables, model.variables)


@pytest.mark.parametrize(("call", "message"), [
    (lambda folder: rum.load_variables("hf://us/none"), "cannot be downloaded .404: us/none has"),
    (lambda folder: rum.load_variables("hf://us"), "hf://us: allowed: hf://owner/name"),
    (lambda folder: rum.upload_folder(folder, "hf://us/x"), "has no model.safetensors; allowed"),
])
def test_bad_repositories(call, message, hub, tmp_path):
    with pytest.raises(rum.InputError, match=message):
        call(tmp_path)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(rum.InputError, match="needs huggingface_hub; pip install -e '.\\[hub\\]'"):
        rum.load_variables("hf://us/digits")
