"""PyTorch's files in and out of the library."""

import pathlib

import numpy as np
import pytest

import rum_jax as rum

pytest.importorskip("safetensors")
FOLDER = pathlib.Path(__file__).parents[1] / "golden"
SMALL = {"patch_size": 4, "depth": 2, "width": 48, "heads": 3, "resolution": 0}
STATISTICS = {"mean": (0.4914, 0.4822, 0.4465), "std": (0.247, 0.2435, 0.2616)}
GIVEN = {"classes": 10, "image_shape": (16, 16, 3), **STATISTICS, **SMALL}
FILE = FOLDER / "torch_vit_timm.safetensors"


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 16, 16, 3)).astype(np.uint8)
    return rum.Problem(rum.from_torch(FILE, "vit_tiny", **GIVEN), images, np.arange(60) % 10,
                       forget=np.arange(6), recipe=rum.Recipe(epochs=1, batch_size=16,
                                                              optimizer="adamw"))


def test_in_unlearned_and_out(problem, tmp_path):
    expected = np.load(FOLDER / "torch_vit_timm_expected.npz")
    after = rum.unlearn(problem, "finetune", epochs=1, learning_rate=1e-4)
    rum.save_torch(tmp_path / "after.safetensors", after)
    again = rum.from_torch([tmp_path / "after.safetensors", FILE], "vit_tiny", **GIVEN)
    both = rum.Problem(again, problem.task.images, problem.labels, forget=[0], seeds=2,
                       recipe=rum.Recipe(batch_size=16))
    same, moved = (rum.unlearn(both, "none").predict(expected["images"])[k] for k in (1, 0))
    np.testing.assert_allclose(same, expected["logits"], atol=1e-4)
    np.testing.assert_allclose(moved, after.predict(expected["images"])[0], atol=1e-5)
    assert np.abs(moved - same).max() > 1e-3


@pytest.mark.parametrize(("changed", "message"), [
    ({"architecture": "vit_tinny"}, "architecture: is 'vit_tinny'; known: .*did you mean vit_tiny"),
    ({"heads": 5}, "config.model.kwargs.width: is 48; allowed: a multiple of heads, 5"),
    ({"classes": 7}, r"head\.weight: shape 10x48; wanted shape 7x48"),
    ({"paths": "nothing.safetensors"}, "nothing.safetensors: there is no such file"),
])
def test_bad_files(changed, message):
    given = {"paths": FILE, "architecture": "vit_tiny", **GIVEN, **changed}
    with pytest.raises(rum.InputError, match=message):
        rum.from_torch(given.pop("paths"), given.pop("architecture"), **given)


def test_images_of_another_size():
    model = rum.from_torch(FILE, "vit_tiny", **GIVEN)
    with pytest.raises(rum.InputError, match=r"image_shape: is \(16, 16, 3\), and the images have"):
        rum.Problem(model, np.zeros((9, 8, 8, 3), np.uint8), np.arange(9), forget=[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vit_tiny", "resnet18"])
def test_the_published_sizes_with_pytorch(kind, tmp_path):
    """Random values, imported, unlearned, exported, and loaded in PyTorch."""
    torch, timm = pytest.importorskip("torch"), pytest.importorskip("timm")
    torchvision = pytest.importorskip("torchvision")
    from safetensors.torch import load_file, save_file

    if kind == "vit_tiny":
        network, size = timm.create_model("vit_tiny_patch16_224", num_classes=10), 224
    else:  # in the form for small images
        network, size = torchvision.models.resnet18(num_classes=10), 32
        network.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        network.maxpool = torch.nn.Identity()
    save_file(network.state_dict(), tmp_path / "before.safetensors")
    images = np.random.default_rng(0).integers(0, 256, (24, size, size, 3)).astype(np.uint8)
    model = rum.from_torch(tmp_path / "before.safetensors", kind, classes=10,
                           image_shape=(size, size, 3), **STATISTICS)
    problem = rum.Problem(model, images, np.arange(24) % 10, forget=[0, 1],
                          recipe=rum.Recipe(batch_size=8))
    after = rum.unlearn(problem, "finetune", epochs=1, learning_rate=1e-3)
    rum.save_torch(tmp_path / "after.safetensors", after)
    network.load_state_dict(load_file(tmp_path / "after.safetensors"), strict=False)
    pixels = (images[:4].astype(np.float32) / 255 - np.float32(STATISTICS["mean"])
              ) / np.float32(STATISTICS["std"])
    with torch.no_grad():
        theirs = network.eval()(torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy())).numpy()
    np.testing.assert_allclose(after.predict(images[:4])[0], theirs, atol=1e-4)
    before = rum.unlearn(problem, "none").logits
    assert np.abs(before - after.logits).max() > 1e-3
