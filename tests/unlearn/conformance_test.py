"""What every algorithm must do; a new one adds a row here."""

import dataclasses
import functools

import jax
import numpy as np
import pytest
from conftest import leaves
from foreign import Camera, plain, plain_init

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import ROLES
from rum_jax.models import Model, adapt_linen, function
from rum_jax.train.predict import predict
from rum_jax.train.recipe import initial_states
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.apply import apply

SHORT = {"epochs": 2, "learning_rate": 0.05}
SETTLING = {"last_epoch_factor": 0.3}
# name -> (what differs from the published hyper-parameters, other values of the float ones)
TABLE = {
    "none": ({}, {}),
    "retrain": ({"epochs": 2}, {"learning_rate": 0.05}),
    "finetune": (SHORT, {"learning_rate": 0.02, **SETTLING}),
    "l1_sparse": (SHORT, {"learning_rate": 0.02, "alpha": 1e-4, **SETTLING}),
    "neggrad": ({"epochs": 2}, {"learning_rate": 2e-4, **SETTLING}),
    "neggrad_plus": ({"epochs": 2, "learning_rate": 0.02, "alpha": 0.9},
                     {"learning_rate": 0.01, "alpha": 0.95, **SETTLING}),
    "scrub": ({"epochs": 2}, {"learning_rate": 1e-3, "temperature": 2.0, "gamma": 0.9,
                              "beta": 0.1, **SETTLING}),
    "salun": (SHORT, {"learning_rate": 0.02, "mask_fraction": 0.3,
                      "saliency_learning_rate": 0.02, **SETTLING}),
    "random_label": (SHORT, {"learning_rate": 0.02, **SETTLING}),
    "influence": ({}, {"alpha": 2.0}),
    "fisher": ({}, {"alpha": 1e-9}),
    "fisher_new": ({}, {"alpha": 1e-7}),
    "boundary_shrink": ({"epochs": 2}, {"learning_rate": 0.02, **SETTLING}),
    "boundary_expand": ({"epochs": 2}, {"learning_rate": 0.02, **SETTLING}),
}
# What draws nothing at random.
DETERMINISTIC = {"none"}


def hparams(name, **changed):
    return {**ALGORITHMS[name].hparams(), **TABLE[name][0], **changed}


def run(name, problem, states, **changed):
    return apply(ALGORITHMS[name], problem, states, hparams(name, **changed))


def alone(problem, states, seed):
    """The problem and states of one of the seeds."""
    part = slice(seed, seed + 1)
    return (problem._replace(forget=problem.forget[part], retain=problem.retain[part],
                             seeds=problem.seeds[part]),
            jax.tree.map(lambda leaf: np.asarray(leaf)[part], states))


def network(kind, spec):
    """A network of each kind of adapter."""
    if kind == "vgg":
        return models.build("vgg", spec, (4, 8), (1, 1), "patches")
    unknown = dataclasses.replace(spec, classes=0)
    if kind == "vit":
        return models.build("vit_tiny", spec, (), (), "native", options={
            "patch_size": 4, "depth": 2, "width": 12, "heads": 3, "resolution": 0,
            "dropout": 0.1, "drop_path": 0.1})
    if kind == "camera":
        return Model(adapt_linen.adapt(Camera(), unknown, "is_training", "print"), spec)
    single = jax.eval_shape(plain_init, jax.random.key(0))
    return Model(function.adapt(plain, plain_init, unknown, single), spec)


def _setting(kind, task, problem, original, dataset):
    """(problem, states) of a kind."""
    if kind == "resnet":
        return problem, original
    model = network(kind, dataset.spec)
    states = initial_states(model, [(seed, ROLES["init"], 0) for seed in problem.seeds])
    return problem._replace(task=task._replace(model=model)), states


KINDS = ("resnet", "vit", "camera", "function", "vgg")


@pytest.fixture(scope="module", params=[
    pytest.param(kind, marks=pytest.mark.slow if kind == "vgg" else ()) for kind in KINDS])
def setting(request, task, problem, original, dataset):
    """(problem, states) of a model of each kind."""
    return _setting(request.param, task, problem, original, dataset)


@pytest.fixture(scope="module", params=[
    pytest.param(kind, marks=() if kind == "resnet" else pytest.mark.slow) for kind in KINDS])
def thorough(request, task, problem, original, dataset):
    """The same; in the quick tests of the first kind alone."""
    return _setting(request.param, task, problem, original, dataset)


def test_every_algorithm_has_a_row():
    assert set(TABLE) == set(ALGORITHMS)


@pytest.mark.parametrize("name", list(TABLE))
def test_declares_its_hyper_parameters(name):
    algorithm, other = ALGORITHMS[name], TABLE[name][1]
    floats = {key for key, value in algorithm.published.items() if isinstance(value, float)}
    assert set(algorithm.checks) == set(algorithm.published)
    assert set(other) == floats, "the table varies every float hyper-parameter"
    assert set(algorithm.search) | set(algorithm.reference) <= set(algorithm.published)
    for values in (algorithm.published, algorithm.hparams(reference=True)):
        assert not any(algorithm.checks[key](value) for key, value in values.items())
    for key, draw in algorithm.search.items():
        values = [draw(np.random.default_rng(seed)) for seed in range(20)]
        assert len(set(values)) > 3 and not any(map(algorithm.checks[key], values))


@pytest.mark.parametrize("name", list(TABLE))
def test_contract(name, setting):
    problem, original = setting
    before = leaves(original)
    states, history = run(name, problem, original)
    np.testing.assert_array_equal(leaves(original), before, "the caller's states are spared")
    same = [np.array_equal(a, b) for a, b in zip(jax.tree.leaves(states.params),
                                                 jax.tree.leaves(original.params), strict=True)]
    assert all(same) if name == "none" else not all(same)
    assert np.isfinite(leaves(states)).all()
    assert (np.asarray(states.step) == 0).all() or name == "none"
    assert (leaves(states.opt_state) == 0).all() or name == "none"
    assert history.losses.shape[0] == 2 and (history.examples > 0) == (name != "none")
    with jax.no_tracing(True):
        again, _ = run(name, problem, original)
        run(name, problem, original, **TABLE[name][1])
    np.testing.assert_array_equal(leaves(again), leaves(states), "same seeds, same result")


@pytest.fixture(scope="module")
def several(thorough):
    """name -> states of both seeds, unlearned together; each is made once."""
    return functools.cache(lambda name: run(name, *thorough)[0])


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name == "finetune" else pytest.mark.slow)
    for name in TABLE])
def test_one_seed_alone_gives_what_it_gives_among_several(name, thorough, several):
    states, _ = run(name, *alone(*thorough, 1))
    expected = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], several(name))
    np.testing.assert_allclose(leaves(states), leaves(expected), atol=1e-4)


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name == "scrub" else pytest.mark.slow)
    for name in TABLE if TABLE[name][1]])
def test_a_grid_of_float_hyper_parameters_is_a_longer_model_axis(name, thorough):
    """Two values for the same seed, in one program, give what each gives alone."""
    single, states = alone(*thorough, 0)
    values = [hparams(name), hparams(name, **TABLE[name][1])]
    many = {key: np.array([v[key] for v in values]) if key in TABLE[name][1] else values[0][key]
            for key in values[0]}
    twice = single._replace(forget=np.tile(single.forget, (2, 1)),
                            retain=np.tile(single.retain, (2, 1)), seeds=single.seeds * 2)
    both = jax.tree.map(lambda leaf: np.concatenate([leaf, leaf]), states)
    together, _ = apply(ALGORITHMS[name], twice, both, many)
    for place, value in enumerate(values):
        separate, _ = apply(ALGORITHMS[name], single, states, value)
        mine = jax.tree.map(lambda leaf, m=place: np.asarray(leaf)[m:m + 1], together)
        np.testing.assert_allclose(leaves(mine), leaves(separate), atol=1e-4)


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name == "neggrad_plus" else pytest.mark.slow)
    for name in sorted(set(TABLE) - DETERMINISTIC)])
def test_steps_of_a_chain_have_their_own_randomness(name, thorough):
    problem, original = thorough
    several = problem._replace(optimizer=dataclasses.replace(problem.optimizer, batch_size=16))
    first, _ = run(name, several, original)
    second, _ = run(name, several._replace(step=1), original)
    assert np.abs(leaves(first.params) - leaves(second.params)).max() > 1e-7


@pytest.mark.parametrize("name", [
    "neggrad_plus", "scrub", *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "salun", "random_label", "boundary_shrink", "boundary_expand"))])
def test_forgets(name, problem, original, task, dataset):
    def accuracy(states):
        right = predict(task, states).argmax(-1) == dataset.labels
        return right[:, problem.forget[0]].mean()

    stronger = {"epochs": 8, "learning_rate": 0.05}
    unlearned, _ = run(name, problem, original, **stronger, **(
        {"alpha": 0.9} if name == "neggrad_plus" else {}))
    assert accuracy(unlearned) < accuracy(original) - 0.1


def test_expansion_adds_an_output_and_other_algorithms_go_on_from_there(setting):
    problem, original = setting
    task = problem.task
    states, _ = run("boundary_expand", problem, original)
    assert task.model.outputs(states.params) == 11 and predict(task, states).shape[-1] == 11
    after, _ = run("finetune", problem._replace(step=1), states)
    assert task.model.outputs(after.params) == 11


@pytest.mark.parametrize("name", list(TABLE))
def test_bad_sets_are_refused(name, problem, original):
    nothing = problem.forget[:, :0]
    outside = np.where(problem.forget == problem.forget[0, 0], 5000, problem.forget)
    twice = np.concatenate([problem.forget, problem.forget[:, :1]], axis=1)
    for changed, message in (
            ({"forget": nothing}, "forget set: is empty"),
            ({"retain": nothing}, "retain set: is empty; allowed: at least one"),
            ({"forget": problem.retain[:, :5]}, r"shares 5 example\(s\) with the retain set"),
            ({"forget": twice}, f"forget set: has position {problem.forget[0, 0]} twice"),
            ({"forget": outside}, r"forget set: has position 5000; allowed: 0\.\.1796"),
            ({"forget": problem.forget[0]}, r"forget set: has shape \(50,\)")):
        with pytest.raises(InputError, match=message):
            run(name, problem._replace(**changed), original)


def test_bad_hyper_parameters_are_all_named(problem, original):
    with pytest.raises(InputError) as error:
        apply(ALGORITHMS["finetune"], problem, original,
              {"learning_rate": -0.1, "momentun": 0.9})
    for text in ("finetune.momentun: unknown hyper-parameter; known: epochs, learning_rate",
                 "finetune.epochs: missing", "finetune.learning_rate: is -0.1; allowed"):
        assert text in str(error.value)
    with pytest.raises(InputError, match=r"finetune.learning_rate: is -1.0"):
        run("finetune", problem, original, learning_rate=np.array([0.1, -1.0]))
