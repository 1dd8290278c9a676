import json

import jax
import numpy as np
import pytest

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import ROLES, generator
from rum_jax.proxies.learning_events import objective
from rum_jax.train.engine import make_engine
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train
from rum_jax.train.resume import Checkpointing, kept_seconds

RECIPE = Recipe(4, 0.1, Optimizer(64, 0.9, 5e-4, "crop"))


class Killed(Exception):
    pass


def run(task, dataset, keep=None, stop_at=2.0, recipe=RECIPE, objective=cross_entropy):
    def progress(fraction):
        if fraction >= stop_at:
            raise Killed

    positions = np.tile(dataset.train[:320], (2, 1))
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    orders = [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)]
    return train(task, positions, states, recipe, orders, ["a", "b"], progress, objective,
                 keep=keep)[1]


@pytest.fixture
def keep(tmp_path):
    return Checkpointing(tmp_path / "kept", 1, lambda: 2.5, 10.0)


@pytest.mark.parametrize("devices, share", [
    (8, 4), *(pytest.param(*mesh, marks=pytest.mark.slow) for mesh in ((2, 1), (1, 1)))])
def test_a_killed_training_goes_on_where_it_was_kept(task, dataset, keep, devices, share):
    """Kept with two devices, restored onto another number of them."""
    whole = run(task, dataset)
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6)
    kept = sorted(path.name for path in keep.folder.iterdir())
    assert kept == ["steps-000000010"], "two of four epochs of five steps, earlier ones removed"
    assert kept_seconds(keep.folder) == 12.5
    other = task._replace(engine=make_engine(devices, "series", 16, share))
    again = run(other, dataset, keep)
    close = {"rtol": 0, "atol": 0 if devices == 2 else 1e-4}
    np.testing.assert_allclose(again.losses, whole.losses, **close)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **close), again.states,
                 whole.states)


def test_what_an_objective_records_is_kept_too(task, dataset, keep):
    whole = run(task, dataset, objective=objective)
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6, objective=objective)
    again = run(task, dataset, keep, objective=objective)
    assert whole.record.shape == (2, 20, 64, 4)
    np.testing.assert_array_equal(again.record, whole.record)
    np.testing.assert_array_equal(again.losses, whole.losses)


def test_the_first_steps_are_not_taken_again(task, dataset, keep):
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.8)
    seen = []
    positions = np.tile(dataset.train[:320], (2, 1))
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    orders = [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)]
    train(task, positions, states, RECIPE, orders, ["a", "b"], seen.append, keep=keep)
    assert seen == [1.0], "the last epoch alone"


def test_what_another_training_kept_is_refused(task, dataset, keep):
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6)
    other = Recipe(4, 0.2, RECIPE.optimizer)
    with pytest.raises(InputError, match=r"steps-000000010: was kept by a training with another "
                                         r"plan .*; delete it"):
        run(task, dataset, keep, recipe=other)
    wider = models.build("resnet", dataset.spec, (5, 8), (1, 1), "patches")
    with pytest.raises(InputError, match="states"):
        run(task._replace(model=wider), dataset, keep)


@pytest.mark.parametrize("name", ["kept.json", "losses.npz"])
def test_a_damaged_state_is_named_with_the_remedy(task, dataset, keep, name):
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6)
    path = keep.folder / "steps-000000010" / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(InputError, match="steps-000000010: is damaged .*; delete it to start"):
        run(task, dataset, keep)


def test_a_half_written_state_does_not_count(task, dataset, keep):
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6)
    (keep.folder / "partial").mkdir()
    (keep.folder / "partial" / "kept.json").write_text("{")
    np.testing.assert_array_equal(run(task, dataset, keep).losses, run(task, dataset).losses)


def test_a_state_of_another_training_is_refused(task, dataset, keep):
    with pytest.raises(Killed):
        run(task, dataset, keep._replace(made_from="momentum 0.9"), stop_at=0.6)
    with pytest.raises(InputError, match="another momentum or weight decay"):
        run(task, dataset, keep._replace(made_from="momentum 0.5"))


def test_a_flipped_bit_in_a_kept_state_is_noticed(task, dataset, keep):
    with pytest.raises(Killed):
        run(task, dataset, keep, stop_at=0.6)
    files = [path for path in (keep.folder / "steps-000000010" / "states").rglob("*")
             if path.is_file() and path.stat().st_size > 100]
    path = max(files, key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged .the content of states/"):
        run(task, dataset, keep)


def test_nothing_is_kept_unless_asked(task, dataset, keep):
    run(task, dataset, keep._replace(every=0))
    assert not keep.folder.exists()
    run(task, dataset, keep._replace(every=3))
    (path,) = keep.folder.iterdir()
    stored = json.loads((path / "kept.json").read_text())
    assert path.name == "steps-000000015" and stored["outputs"] == 10
