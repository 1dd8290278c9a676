import dataclasses
import pathlib
import pickle
import sys

import flax.linen as nn
import jax
import ml_dtypes
import numpy as np
import pytest

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import torch_file
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.torch_import import load_variables, save_safetensors, state_dict_of

save_file = pytest.importorskip("safetensors.numpy").save_file
SPEC = ImageSpec((8, 8, 3), 5, 255.0, (0.5, 0.4, 0.6), (0.25, 0.2, 0.3))


def random_model(name, seed=0):
    """A model, random variables (running ones, too), and the state dict of them."""
    model = models.build(name, SPEC, (2, 3), (2, 1), "native")
    rng = np.random.default_rng(seed)
    variables = jax.tree.map(lambda leaf: rng.uniform(0.1, 1, leaf.shape).astype(np.float32),
                             jax.eval_shape(model.init, jax.random.key(0)))
    return model, variables, state_dict_of(*variables, model)


@pytest.fixture(scope="module")
def basic():
    return random_model("resnet")


@pytest.fixture(scope="module")
def vgg():
    return random_model("vgg")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.safetensors"


def assert_same(ours, theirs, rtol=0.0):
    assert jax.tree.structure(ours) == jax.tree.structure(theirs)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert isinstance(a, np.ndarray) and a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=rtol)


def message_of(path, model):
    with pytest.raises(InputError) as caught:
        load_variables(path, model)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def fault_of(arrays, path, model):
    save_file(arrays, path)
    return message_of(path, model)


@pytest.mark.parametrize("name", ["resnet", "resnet_bottleneck", "vgg"])
def test_a_saved_model_is_read_back(name, path):
    model, variables, _ = random_model(name)
    save_safetensors(path, *variables, model)
    assert_same(load_variables(path, model), variables)


def test_names_and_layout_are_torchvisions(basic, vgg):
    _, (params, state), arrays = basic
    assert {name for name in arrays if name.startswith(("conv", "bn", "fc"))} == {
        "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
        "fc.weight", "fc.bias"}
    np.testing.assert_array_equal(
        arrays["layer1.1.conv2.weight"][1, 0, 2, 1],
        params["stage0_block1"]["conv2"]["kernel"][2, 1, 0, 1])
    np.testing.assert_array_equal(arrays["fc.weight"], params["classifier"]["kernel"].T)
    np.testing.assert_array_equal(arrays["layer2.0.downsample.1.running_var"],
                                  state["stage1_block0"]["shortcut_bn"]["var"])
    layers = {name.rpartition(".")[0] for name in vgg[2]}
    assert layers == {*(f"features.{i}" for i in (0, 1, 3, 4, 7, 8)),
                      *(f"classifier.{i}" for i in (0, 2, 4))}


def cifar_names(arrays):
    return {name.replace("downsample", "shortcut").replace("fc.", "linear."): array
            for name, array in arrays.items()}


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module._orig_mod.", "resnet.",
                                    "student.backbone.", "1."])
def test_names_of_cifar_code_prefixes_and_counters(basic, path, prefix):
    model, variables, arrays = basic
    arrays = {**cifar_names(arrays), "bn1.num_batches_tracked": np.array(7),
              "normalize.mean": np.float32(SPEC.mean).reshape(1, 3, 1, 1),
              "normalize.std": np.float32(SPEC.std) + 1e-4}
    save_file({prefix + name: array for name, array in arrays.items()}, path)
    assert_same(load_variables(path, model), variables)


def test_a_normalization_layer_before_the_network(basic, path):
    model, variables, arrays = basic
    arrays = {f"net.1.{name}": array for name, array in arrays.items()}
    norm = {"net.0.mean": np.float32(SPEC.mean), "net.0.std": np.float32(SPEC.std)}
    save_file({**arrays, **norm}, path)
    assert_same(load_variables(path, model), variables)
    assert "normalize.mean: is (0.5, 0.5, 0.5); wanted (0.5, 0.4, 0.6)" in fault_of(
        {**arrays, **norm, "net.0.mean": np.float32([0.5] * 3)}, path, model)


def test_pruned_weights_are_as_they_act(basic, path):
    model, _, arrays = basic
    mask = {name: np.random.default_rng(0).integers(0, 2, array.shape).astype(array.dtype)
            for name, array in arrays.items() if name.endswith("conv1.weight")}
    expected = {**arrays, **{name: arrays[name] * kept for name, kept in mask.items()}}
    save_file(expected, path)
    variables = load_variables(path, model)
    split = {name: array for name, array in arrays.items() if name not in mask}
    for name, kept in mask.items():
        split |= {f"{name}_orig": arrays[name], f"{name}_mask": kept}
    save_file({f"module.{name}": array for name, array in split.items()}, path)
    assert len(mask) == 4
    assert_same(load_variables(path, model), variables)
    split[f"{next(iter(mask))}_mask"] = np.ones(2, np.float32)
    assert "its mask of (2,); allowed: one shape" in fault_of(split, path, model)


@pytest.mark.parametrize("name", ["resnet", "resnet_bottleneck", "vgg"])
def test_biases_of_convolutions_are_folded(name, path):
    """In evaluation BatchNorm subtracts running_mean from x + bias."""
    model, (params, state), arrays = random_model(name)
    rng = np.random.default_rng(1)
    convolutions = {key.removesuffix(".weight") for key, array in arrays.items() if array.ndim == 4}
    biases = {f"{layer}.bias": rng.uniform(-1, 1, len(arrays[f"{layer}.weight"])).astype(np.float32)
              for layer in convolutions}
    shifted = dict(arrays)
    for key, bias in biases.items():
        mean = NORMS[name](key.removesuffix(".bias")) + ".running_mean"
        shifted[mean] = shifted[mean] + bias
    save_file({**shifted, **biases}, path)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
                 load_variables(path, model), (params, state))


def _resnet_norm(layer):
    return {"downsample.0": layer[:-1] + "1"}.get(layer[-12:], layer.replace("conv", "bn"))


NORMS = {"resnet": _resnet_norm, "resnet_bottleneck": _resnet_norm,
         "vgg": lambda layer: f"features.{int(layer.rpartition('.')[2]) + 1}"}


def test_layers_of_vgg_are_found_by_their_order(vgg, path):
    model, variables, arrays = vgg
    moved = {"features.0": "features.2", "features.1": "features.5", "features.3": "features.9",
             "features.4": "features.10", "features.7": "features.20", "features.8": "features.21",
             "classifier.0": "classifier.1", "classifier.2": "classifier.4",
             "classifier.4": "classifier.11"}
    renamed = {f"{moved[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": array
               for name, array in arrays.items()}
    save_file({**renamed, "features.9.bias": np.zeros(2, np.float32)}, path)
    assert_same(load_variables(path, model), variables)


@pytest.mark.parametrize("dtype, rtol", [(np.float16, 1e-3), (ml_dtypes.bfloat16, 1e-2),
                                         (np.float64, 0)])
def test_other_floats_become_float32(basic, path, dtype, rtol):
    model, variables, arrays = basic
    save_file({name: array.astype(dtype) for name, array in arrays.items()}, path)
    assert_same(load_variables(path, model), variables, rtol)


def test_all_faults_are_in_one_message(basic, path):
    model, _, arrays = basic
    arrays = dict(arrays)
    del arrays["layer1.0.bn2.running_mean"]
    arrays["fc.weight"] = np.ones((7, 3), np.float32)
    arrays["bn1.weight"] = np.full_like(arrays["bn1.weight"], np.nan)
    arrays["bn1.running_var"] = -arrays["bn1.running_var"]
    arrays["layer1.0.conv1.bias"] = np.ones(7, np.float32)
    arrays["conv1.weight"] = arrays["conv1.weight"].astype(np.int32)
    arrays["layer9.0.conv1.weight"] = np.ones((2, 3, 1, 1), np.float32)
    arrays["normalize.mean"] = np.float32([0.5, 0.4, 0.5])
    message = fault_of(arrays, path, model)
    for line in ("8 fault(s)", "layer1.0.bn2.running_mean: missing; wanted shape 2",
                 "fc.weight: shape 7x3; wanted shape 5x3",
                 "bn1.weight: has values that are not finite", "bn1.running_var: has negative",
                 "layer1.0.conv1.bias: shape 7; wanted shape 2",
                 "conv1.weight: is int32; wanted floating-point numbers",
                 "layer9.0.conv1.weight: shape 2x3x1x1; wanted: no such entry",
                 "normalize.mean: is (0.5, 0.4, 0.5); wanted (0.5, 0.4, 0.6), as of the data set"):
        assert line in message


def test_ten_faults_are_shown(basic, vgg, path):
    lines = fault_of(vgg[2], path, basic[0]).splitlines()
    faults = len(vgg[2]) + len(basic[2])
    assert f"{faults} fault(s)" in lines[0] and len(lines) == 12
    assert lines[-1] == f"  - and {faults - 10} more"


def test_too_large_for_float32_is_not_finite(basic, path):
    model, _, arrays = basic
    assert "not finite" in fault_of({**arrays, "fc.bias": np.full(5, 1e300)}, path, model)


def test_two_names_of_one_entry(basic, path):
    model, _, arrays = basic
    message = fault_of({**arrays, "linear.bias": arrays["fc.bias"]}, path, model)
    assert "1 fault(s)" in message and "linear.bias: shape 5; wanted: no such entry" in message


def test_more_layers_than_the_model_has(vgg, path):
    model, _, arrays = vgg
    more = {"features.12.weight": np.ones((3, 3, 3, 3), np.float32)}
    message = fault_of({**arrays, **more}, path, model)
    assert "1 fault(s)" in message and "features.12.weight: shape 3x3x3x3; wanted: no" in message


def test_files_that_cannot_be_read(basic, tmp_path, path, monkeypatch):
    model = basic[0]
    assert "there is no such file" in message_of(path, model)
    path.write_bytes(b"not at all a safetensors file")
    assert "cannot be read" in message_of(path, model)
    assert "allowed: .safetensors, .pt" in message_of(tmp_path / "model.h5", model)
    other = tmp_path / "model.pt"
    other.write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "needs PyTorch; pip install 'rum_jax[torch]'" in message_of(other, model)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    assert "needs safetensors; pip install 'rum_jax[torch]'" in message_of(path, model)
    with pytest.raises(InputError, match="writing it needs safetensors"):
        save_safetensors(path, *basic[1], model)


def test_a_folder_that_is_missing(basic, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save_safetensors(tmp_path / "none" / "a.safetensors", *basic[1], basic[0])


class Bomb:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


@pytest.mark.parametrize("suffix", torch_file.PICKLED)
def test_state_dicts_of_pytorch(basic, tmp_path, suffix):
    torch = pytest.importorskip("torch")
    model, variables, arrays = basic
    path = tmp_path / f"model{suffix}"
    tensors = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    for wrapped in (tensors, {"state_dict": tensors, "epoch": 3}, {"model": tensors},
                    {"state_dict": {f"module.{name}": torch.nn.Parameter(tensor)
                                    for name, tensor in tensors.items()}},
                    {"net": tensors, "acc": 95.4, "epoch": 199},
                    {"anything": {"weights": tensors}, "args": {"lr": 0.1}},
                    {"epoch": 3, "model_state_dict": tensors, "ema": tensors,
                     "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}}},
                    {**tensors, "epoch": 3},
                    {"odd": tensors, "metrics": {"acc": torch.tensor(0.9)}, "rng": torch.ones(3)},
                    {"state_dict": tensors, "curve": np.array([0.1, 0.2])},
                    {"state_dict": tensors, "result": {"a": np.float64(0.5), "b": np.int64(3),
                                                       "c": np.float32(1), "d": np.bool_(True)}}):
        torch.save(wrapped, path)
        assert_same(load_variables(path, model), variables)
    torch.save({name: tensor.bfloat16() for name, tensor in tensors.items()}, path)
    assert_same(load_variables(path, model), variables, rtol=1e-2)


def test_what_is_not_a_state_dict_is_refused(basic, tmp_path):
    torch = pytest.importorskip("torch")
    model, path, fired = basic[0], tmp_path / "model.pth", tmp_path / "fired"
    for content, expected in [(torch.nn.Linear(2, 2), "holds more than tensors"),
                              ({"fc.weight": Bomb(fired)}, "holds more than tensors"),
                              ([torch.ones(2)], "holds a list"), ({}, "holds nothing"),
                              ({"fc.weight": 3}, "entry 'fc.weight' is a int"),
                              ({3: torch.ones(2)}, "entry 3 is a Tensor"),
                              ({"a": torch.ones(2).to_sparse()}, "entry 'a' is a sparse"),
                              ({"teacher": {"a.b": torch.ones(2)}, "pupil": {"a.b": torch.ones(2)}},
                               "holds tensors under teacher, pupil"),
                              ({"fc.weight": np.array([{}])}, "holds more than tensors")]:
        torch.save(content, path)
        message = message_of(path, model)
        assert expected in message and "torch.save(model.state_dict(), ...)" in message
    path.write_bytes(pickle.dumps(Bomb(fired)))
    assert "holds more than tensors" in message_of(path, model)
    path.write_bytes(b"")
    assert "cannot be read" in message_of(path, model)
    assert not fired.exists()


def test_other_networks_have_no_names(path, basic):
    save_file(basic[2], path)
    other = dataclasses.replace(basic[0], network=OwnLinen(nn.Dense(3)))
    with pytest.raises(InputError, match="Dense has no names in PyTorch"):
        load_variables(path, other)
