"""Vision transformers of timm and torchvision; `benchmarks/torch_vit_golden.py` wrote the files."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.torch_import import load_variables, save_safetensors, state_dict_of

pytest.importorskip("safetensors")
from safetensors.numpy import load_file, save_file  # noqa: E402

FOLDER = pathlib.Path(__file__).parents[1] / "golden"
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616)
SMALL = {"patch_size": 4, "depth": 2, "width": 48, "heads": 3, "resolution": 0}


def build(classes=10, **options):
    spec = ImageSpec((16, 16, 3), classes, 255.0, MEAN, STD)
    return models.build("vit_tiny", spec, (), (), "native", options={**SMALL, **options})


@pytest.mark.parametrize("name", ["timm", "torchvision"])
def test_outputs_are_those_of_the_library(name):
    expected, model = np.load(FOLDER / f"torch_vit_{name}_expected.npz"), build()
    params, state = load_variables(FOLDER / f"torch_vit_{name}.safetensors", model)
    images = jnp.asarray(expected["images"])
    out, _ = jax.jit(lambda p: model.apply(p, state, model.to_unit(images),
                                           jnp.ones(len(images), bool), False))(params)
    np.testing.assert_allclose(out.features, expected["features"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(out.logits, expected["logits"], rtol=0, atol=1e-4)
    assert np.ptp(expected["logits"]) > 1


def test_a_round_trip_is_equal(tmp_path):
    model, theirs = build(), load_file(FOLDER / "torch_vit_timm.safetensors")
    params, state = load_variables(FOLDER / "torch_vit_timm.safetensors", model)
    save_safetensors(tmp_path / "back.safetensors", params, state, model)
    back = load_file(tmp_path / "back.safetensors")
    assert set(back) == set(theirs)
    for name, array in theirs.items():
        np.testing.assert_array_equal(back[name], array)
    assert state_dict_of(params, state, model)["patch_embed.proj.weight"].shape == (48, 3, 4, 4)


@pytest.mark.parametrize(("options", "message"), [
    ({"depth": 3}, r"blocks\.2\.attn\.proj\.weight: missing; wanted shape 48x48"),
    ({"patch_size": 8}, r"pos_embed: shape 1x17x48; wanted shape 1x5x48"),
    ({"classes": 7}, r"head\.weight: shape 10x48; wanted shape 7x48")])
def test_another_architecture_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        load_variables(FOLDER / "torch_vit_timm.safetensors", build(**options))


def test_wrapped_and_half_precision_checkpoints(tmp_path):
    theirs = load_file(FOLDER / "torch_vit_timm.safetensors")
    save_file({f"module.{name}": array.astype(np.float16) for name, array in theirs.items()},
              tmp_path / "half.safetensors")
    (params, _), (whole, _) = (load_variables(path, build()) for path in (
        tmp_path / "half.safetensors", FOLDER / "torch_vit_timm.safetensors"))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), params, whole)
