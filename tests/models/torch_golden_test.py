"""Our networks against PyTorch's outputs; `benchmarks/torch_golden.py` wrote the files."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax import models
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.torch_import import load_variables, state_dict_of

pytest.importorskip("safetensors")
FOLDER = pathlib.Path(__file__).parents[1] / "golden"
# name of the files -> (model, widths, blocks)
CASES = {"basic": ("resnet", (8, 12), (2, 1)),
         "bottleneck": ("resnet_bottleneck", (4, 6), (1, 2)),
         "vgg": ("vgg", (4, 6, 8), (1, 2, 1))}


@pytest.mark.parametrize("lowering", ["native", "patches"])
@pytest.mark.parametrize("name", CASES)
def test_outputs_are_those_of_pytorch(name, lowering):
    kind, widths, blocks = CASES[name]
    expected = np.load(FOLDER / f"torch_{name}_expected.npz")
    images, classes = expected["images"], expected["logits"].shape[1]
    spec = ImageSpec(images.shape[1:], classes, 255.0, (0.4914, 0.4822, 0.4465),
                     (0.247, 0.2435, 0.2616))
    model = models.build(kind, spec, widths, blocks, lowering)
    params, state = load_variables(FOLDER / f"torch_{name}.safetensors", model)
    run = jax.jit(lambda train: model.apply(params, state, model.to_unit(jnp.asarray(images)),
                                            jnp.ones(len(images), bool), train), static_argnums=0)
    out, _ = run(False)
    np.testing.assert_allclose(out.features, expected["features"], rtol=0, atol=1e-4)
    np.testing.assert_allclose(out.logits, expected["logits"], rtol=0, atol=1e-4)
    assert np.ptp(expected["logits"]) > 0.1  # not all alike
    out, after = run(True)
    np.testing.assert_allclose(out.logits, expected["train_logits"], rtol=0, atol=1e-4)
    state_dict = state_dict_of(params, after, model)
    stats = [entry for entry in expected.files if entry.startswith("stats/")]
    assert len(stats) == len(jax.tree.leaves(state))
    for entry in stats:
        np.testing.assert_allclose(state_dict[entry.removeprefix("stats/")], expected[entry],
                                   rtol=0, atol=1e-5, err_msg=entry)
