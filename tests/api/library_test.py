"""The lines of docs/library.md on models of every kind, and against the command."""

import importlib
import json
import subprocess
import sys

import jax
import numpy as np
import pytest
from flax import nnx
from foreign import Camera, Glance, moving, moving_init, plain, plain_init

import rum_jax as rum
from rum_jax.proxies.learning_events import EVENTS

SEEDS = 2
RECIPE = rum.Recipe(epochs=4, learning_rate=0.3, batch_size=64)
FORGET = np.arange(7, 67)


@pytest.fixture(scope="module")
def arrays(dataset):
    """(training images uint8 [n,8,8,1], labels), and the same of the test set."""
    scaled = (dataset.images * np.float32(255 / 16)).round().astype(np.uint8)
    return [(scaled[dataset.positions[part]], dataset.labels[dataset.positions[part]])
            for part in ("train", "test")]


def stacked(init):
    """Variables of SEEDS models."""
    return jax.vmap(init)(jax.random.split(jax.random.key(0), SEEDS))


def linen(arrays):
    module = Camera()
    variables = stacked(lambda key: module.init(key, arrays[0][0][:1].astype(np.float32)))
    model = rum.from_flax(module, variables, train_kwarg="is_training", features="print",
                          mean=0.3, std=[0.38])
    return model, arrays


def function(arrays):
    params, _ = stacked(plain_init)
    return rum.Model(plain, params, init=plain_init, mean=0.3, std=0.38), arrays


def vectors(arrays):
    """Floats of one axis, statistics of its own, no features."""
    flat = [(images.reshape(len(images), -1).astype(np.float64) / 255, labels)
            for images, labels in arrays]
    params, state = stacked(moving_init)
    return rum.Model(moving, params, state, init=moving_init, draws=True), flat


def nnx_module(arrays):
    return rum.from_nnx(Glance(nnx.Rngs(0)), create=Glance, features="film", mean=0.3,
                        std=0.38), arrays


KINDS = {"linen": linen, "function": function, "vectors": vectors,
         "nnx": pytest.param("nnx", marks=pytest.mark.slow)}


def problem_of(kind, arrays, **options):
    make = {"nnx": nnx_module}.get(kind) or KINDS[kind]
    model, ((images, labels), test) = make(arrays)
    return rum.Problem(model, images, labels, **{
        "forget": FORGET, "test": test, "recipe": RECIPE, "seeds": SEEDS, **options})


@pytest.fixture(scope="module", params=[value if name == "nnx" else name
                                        for name, value in KINDS.items()])
def problem(request, arrays):
    """A problem whose models are trained."""
    first = problem_of(request.param, arrays)
    trained = rum.train(first)
    assert len(trained) == SEEDS and trained.seeds == (0, 1)
    return trained.as_originals(), trained


def test_ten_lines(problem):
    """As in docs/library.md, on models of every kind."""
    problem, trained = problem
    scores = rum.memorization(problem, models=8)
    after = rum.unlearn(problem, "scrub", epochs=2)
    oracle = rum.retrain(problem)
    refined = rum.refined_unlearn(problem, rum.proxy(problem, "confidence", trained=trained),
                                  algorithms={"low": "none", "mid": "finetune", "high": "salun"},
                                  hparams={"mid": {"epochs": 1}, "high": {"epochs": 1}})
    table = rum.evaluate({"scrub": after, "rum": refined}, oracle)
    assert list(table.rows) == ["original", "retrain", "scrub", "rum"]

    assert scores.values.shape == (len(problem.train),) and np.nanmax(scores.values) <= 1
    right = trained.logits.argmax(-1) == problem.labels
    np.testing.assert_allclose(table.rows["original"]["forget_accuracy"].per_seed,
                               right[:, FORGET].mean(1))
    np.testing.assert_allclose(table.rows["original"]["test_accuracy"].per_seed,
                               right[:, problem.test].mean(1))
    assert right[:, problem.train].mean() > 0.3, "the models have learned"
    retrained = table.rows["retrain"]
    assert retrained["cost_retrainings"].per_seed == (1.0, 1.0)
    assert oracle.example_gradients == RECIPE.epochs * len(problem.retain)
    assert refined.example_gradients == 2 * (len(problem.train) - 40), "mid, then high and the rest"
    expected = np.prod([1 - abs(retrained[name].per_seed[0] - retrained[name].per_seed[1])
                        for name in ("forget_accuracy", "retain_accuracy", "test_accuracy")])
    np.testing.assert_allclose(retrained["tow"].per_seed, expected, atol=1e-9)


def test_a_table_is_text_numbers_and_html(problem):
    problem, trained = problem
    given = rum.unlearn(problem, "none")
    table = rum.evaluate({"as <given>": given}, rum.retrain(problem), ["test_kl"])
    frame = table.to_pandas()
    cell = table.rows["as <given>"]["test_kl"]
    assert frame.loc["as <given>", "test_kl"] == cell.mean
    assert frame.loc["as <given>", "test_kl_ci95"] == cell.ci95
    assert "as &lt;given&gt;" in table.to_html() and f"{cell.mean:.3f} ±" in str(table)
    assert table.rows["original"]["tow"] == table.rows["as <given>"]["tow"]
    assert table.rows["retrain"]["test_kl"].mean > 1e-4, "of an oracle and the next one"
    with pytest.raises(rum.InputError, match="methods: has 'retrain'; allowed: another name"):
        rum.evaluate({"retrain": given}, given)
    scores = rum.proxy(problem, "accuracy", trained=trained)
    assert scores.to_pandas().loc[5, "accuracy"] == scores.values[5]


def test_one_given_model_and_many_seeds(arrays):
    model = Camera()
    variables = model.init(jax.random.key(1), arrays[0][0][:1].astype(np.float32))
    problem = rum.Problem(rum.from_flax(model, variables, train_kwarg="is_training"), *arrays[0],
                          forget=FORGET, seeds=(5, 3), recipe=RECIPE)
    after = rum.unlearn(problem, "finetune", epochs=1, learning_rate=[0.1, 0.01])
    assert after.seeds == (5, 3)
    first, second = (after.flax_variables(m) for m in (0, 1))
    assert jax.tree.structure(first) == jax.tree.structure(variables)
    moved = [np.abs(part["params"]["verdict"]["kernel"] - variables["params"]["verdict"]["kernel"]
                    ).max() for part in (first, second)]
    assert moved[0] > moved[1] > 0
    own = Camera().apply(first, arrays[1][0][:9] / np.float32(255))
    np.testing.assert_allclose(after.predict(arrays[1][0][:9])[0], own, atol=1e-5)
    alone = rum.Problem(rum.from_flax(model, variables, train_kwarg="is_training"), *arrays[0],
                        forget=FORGET, seeds=[3], recipe=RECIPE)
    np.testing.assert_allclose(
        rum.unlearn(alone, "finetune", epochs=1, learning_rate=0.01).logits[0], after.logits[1],
        atol=1e-4)


def test_ids_name_examples(arrays):
    model, ((images, labels), test) = linen(arrays)
    names = np.array([f"digit {k}" for k in range(len(images))])[::-1]
    problem = rum.Problem(model, images, labels, ids=names, forget=["digit 3", "digit 10"],
                          test=test, recipe=RECIPE)
    assert names[problem.forget].tolist() == ["digit 10", "digit 3"]
    mask = rum.Problem(model, images, labels, forget=np.isin(names, ["digit 3", "digit 10"]))
    np.testing.assert_array_equal(mask.forget, problem.forget)
    assert len(problem.retain) == len(images) - 2


def test_another_float_hyper_parameter_does_not_compile(arrays):
    problem = problem_of("linen", arrays)
    rum.unlearn(problem, "scrub", epochs=1, learning_rate=0.01)
    with jax.no_tracing(True):
        rum.unlearn(problem, "scrub", epochs=1, learning_rate=0.003, gamma=0.7)


def test_memorization_resumes(arrays, tmp_path, monkeypatch):
    problem = problem_of("function", arrays)
    whole = rum.memorization(problem, 8, group_size=4)
    rum.memorization(problem, 4, group_size=4, workdir=tmp_path)
    scores = importlib.import_module("rum_jax.api.scores")
    trained, train = [], scores.train_members
    monkeypatch.setattr(scores, "train_members",
                        lambda *args: trained.append(list(args[2])) or train(*args))
    resumed = rum.memorization(problem, 8, group_size=4, workdir=tmp_path)
    assert trained == [[4, 5, 6, 7]]
    np.testing.assert_array_equal(resumed.values, whole.values)
    other = problem_of("function", arrays, recipe=rum.Recipe(epochs=2))
    with pytest.raises(rum.InputError, match="workdir: .* has memorization models of other data"):
        rum.memorization(other, 8, workdir=tmp_path)


def test_a_workdir_belongs_to_one_function(arrays, tmp_path):
    """Two functions of one name are told apart by what they compute."""
    def model(activation):
        def apply(params, state, inputs, train, key):
            hidden = activation(inputs.reshape(len(inputs), -1) @ params["first"])
            return hidden @ params["last"]["w"] + params["last"]["b"], hidden

        return rum.Model(apply, plain_init(jax.random.key(0))[0], init=plain_init)

    for number, activation in enumerate((jax.nn.relu, jax.nn.tanh)):
        problem = rum.Problem(model(activation), *arrays[0], forget=FORGET, recipe=RECIPE)
        if number:
            with pytest.raises(rum.InputError, match="has memorization models of other"):
                rum.memorization(problem, 4, workdir=tmp_path)
        else:
            rum.memorization(problem, 4, workdir=tmp_path)


def test_training_resumes(arrays, tmp_path):
    problem = problem_of("linen", arrays)
    expected = rum.retrain(problem)
    kept = rum.retrain(problem, workdir=tmp_path)
    assert [path.name for path in (tmp_path / "retrain").iterdir()] == [f"steps-{3 * 19:09d}"]
    resumed = rum.retrain(problem, workdir=tmp_path)
    for models in (kept, resumed):
        np.testing.assert_allclose(models.logits, expected.logits, atol=1e-5)


@pytest.mark.parametrize("name", sorted(rum.PROXIES))
def test_proxies(name, arrays):
    problem = problem_of("linen", arrays)
    hparams = {"heldout_retrain": {"epochs": 1}}.get(name, {})
    scores = rum.proxy(problem, name, **hparams)
    assert scores.values.shape == (len(problem.train),) and np.isfinite(scores.values).all()
    np.testing.assert_allclose(scores.per_seed.mean(0), scores.values)
    assert (name in EVENTS) == (not rum.PROXIES[name].compute)


def test_all_metrics(arrays):
    problem = problem_of("linen", arrays)
    oracle = rum.retrain(problem)
    table = rum.evaluate({}, oracle, sorted(rum.METRICS))
    for row in table.rows.values():
        assert all(np.isfinite(row[name].mean) for name in rum.METRICS)


def test_import_is_fast_and_packages_are_functions():
    program = ("import time; start = time.perf_counter(); import rum_jax; "
               "seconds = time.perf_counter() - start; import sys, json; "
               "print(json.dumps([seconds, 'jax' in sys.modules]))")
    seconds, heavy = json.loads(subprocess.run([sys.executable, "-c", program], check=True,
                                               capture_output=True, text=True).stdout)
    assert seconds < 0.3 and not heavy
    for name in rum.__all__:
        assert getattr(rum, name) is not None
    from rum_jax.unlearn import ALGORITHMS

    assert ALGORITHMS is rum.ALGORITHMS and callable(rum.unlearn) and callable(rum.memorization)
    with pytest.raises(AttributeError, match="module 'rum_jax' has no attribute 'unlern'"):
        rum.unlern  # noqa: B018


