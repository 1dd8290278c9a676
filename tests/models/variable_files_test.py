"""Variables in files: what comes back is equal, whatever they were wrapped in."""

import flax.serialization
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.training.train_state import TrainState
from foreign import Camera

from rum_jax.core.errors import InputError
from rum_jax.models.variable_files import load_variables, save_variables

pytest.importorskip("safetensors")
import safetensors.numpy  # noqa: E402


@pytest.fixture(scope="module")
def variables():
    made = Camera().init(jax.random.key(0), jnp.zeros((1, 8, 8, 1)))
    return jax.tree.map(np.asarray, {name: made[name] for name in ("params", "batch_stats")})


def same(got, expected):
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    jax.tree.map(np.testing.assert_array_equal, got, expected)


@pytest.mark.parametrize("name", ["a.msgpack", "a.flax", "a.safetensors", "orbax"])
def test_a_round_trip_is_equal(name, variables, tmp_path):
    save_variables(tmp_path / name, variables)
    same(load_variables(tmp_path / name), variables)


def test_what_others_have_written(variables, tmp_path):
    state = TrainState.create(apply_fn=None, params=variables["params"], tx=optax.sgd(0.1))
    (tmp_path / "state.msgpack").write_bytes(flax.serialization.to_bytes(state))
    same(load_variables(tmp_path / "state.msgpack"), {"params": variables["params"]})

    (tmp_path / "params.msgpack").write_bytes(flax.serialization.to_bytes(variables["params"]))
    same(load_variables(tmp_path / "params.msgpack"), {"params": variables["params"]})

    (tmp_path / "nested.msgpack").write_bytes(flax.serialization.to_bytes(
        {"epoch": 3, "model": variables}))
    same(load_variables(tmp_path / "nested.msgpack"), variables)

    flat = {"params.verdict.bias": np.arange(3, dtype=np.float16)}
    safetensors.numpy.save_file(flat, tmp_path / "dots.safetensors")
    (bias,) = jax.tree.leaves(load_variables(tmp_path / "dots.safetensors"))
    assert bias.dtype == np.float32 and bias.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.pickle", b"x", "is called .pickle at its end; allowed: a file called .msgpack"),
    ("a.msgpack", b"\xff\x00", "cannot be read as msgpack of Flax"),
    ("a.safetensors", b"x" * 20, "cannot be read"),
    ("missing.msgpack", None, "is not there; allowed: a file called"),
    ("number.msgpack", flax.serialization.msgpack_serialize(3), "holds int; allowed: variables"),
])
def test_bad_files(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_variables(tmp_path / name)


def test_bad_folders(variables, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be read as a checkpoint of Orbax"):
        load_variables(tmp_path / "folder")
    with pytest.raises(InputError, match="is there already; allowed: a new folder"):
        save_variables(tmp_path / "folder", variables)
