"""Bad inputs: one message that names the argument, the value and what is allowed."""

import flax.linen as nn
import jax
import numpy as np
import pytest
from foreign import Camera, plain, plain_init

import rum_jax as rum
from rum_jax.api.models import originals

IMAGES = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 1)).astype(np.uint8)
LABELS = np.arange(40) % 10
TEST = IMAGES[:20], LABELS[:20]
NAN = np.where(np.arange(40)[:, None, None, None] == 7, np.nan, IMAGES / 255)


@pytest.fixture(scope="module")
def variables():
    return Camera().init(jax.random.key(0), IMAGES[:1].astype(np.float32))


@pytest.fixture(scope="module")
def model(variables):
    return rum.from_flax(Camera(), variables, train_kwarg="is_training", features="print")


@pytest.fixture(scope="module")
def problem(model):
    return rum.Problem(model, IMAGES, LABELS, forget=[1, 2, 3], test=TEST,
                       recipe=rum.Recipe(epochs=1, batch_size=16))


@pytest.mark.parametrize(("changed", "message"), [
    ({"labels": LABELS[:30]}, "labels: are 30 for 40 images; allowed: one for each"),
    ({"labels": np.eye(10)[LABELS]}, r"labels: have shape \(40, 10\), as one-hot vectors have"),
    ({"labels": LABELS / 1}, r"labels: are float64\[40\]; allowed: integers \(n,\)"),
    ({"labels": LABELS - 1}, "labels: row 0 is -1; allowed: at least 0"),
    ({"labels": LABELS + 3}, "labels: are up to 12, and the model has 10 outputs; allowed: 0 to 9"),
    ({"test": (IMAGES, LABELS + 3)}, "test or validation labels: are up to 12"),
    ({"images": IMAGES.astype(int)}, "images: are int64; allowed: uint8 of 0 to 255, or floats"),
    ({"images": NAN}, "images: row 7 has a NaN or infinite value, as 1 of 40 rows"),
    ({"images": IMAGES[:0], "labels": LABELS[:0]}, r"images: have shape \(0, 8, 8, 1\); allowed"),
    ({"test": IMAGES}, r"test: is 'ndarray'; allowed: a pair \(images, labels\)"),
    ({"test": (IMAGES[:, :4], LABELS)}, r"test images: are uint8\[4, 8, 1\]; allowed: uint8\[8, 8"),
    ({"validation": (IMAGES / 255, LABELS)}, r"validation images: are float32\[8, 8, 1\]; allowed"),
    ({"forget": []}, "forget: has 0 of 40 training examples; allowed: at least one, and fewer"),
    ({"forget": np.arange(40)}, "forget: has 40 of 40 training examples; allowed: at least one"),
    ({"forget": np.zeros(40, bool)}, "forget: has 0 of 40 training examples"),
    ({"forget": np.zeros(39, bool)}, r"forget: is a mask of shape \(39,\); allowed: \(40,\)"),
    ({"forget": [1, 1]}, "forget: has 1 2 times; allowed: once"),
    ({"forget": [1, 40]}, "forget: has 40, as 1 of 2, which no training example is called"),
    ({"forget": [1, -1]}, "forget: has -1, as 1 of 2, which no training example is called"),
    ({"forget": ["a"]}, r"forget: is <U1\[1\]; allowed: row numbers 0 to 39, or bool\[40\]"),
    ({"ids": ["a"] * 40}, "ids: 'a' occurs 40 times; allowed: once"),
    ({"ids": ["a"]}, r"ids: are <U1\[1\]; allowed: 40 strings, one for each training example"),
    ({"ids": [f"{k}" for k in range(40)], "forget": ["x"]}, "forget: has 'x', as 1 of 1, which no"),
    ({"ids": [f"{k}" for k in range(40)], "forget": [3]}, r"forget: is int64\[1\]; allowed: stri"),
    ({"seeds": [0, 0]}, r"seeds: is \[0, 0\]; allowed: a number of seeds, or different integers"),
    ({"seeds": 0}, "seeds: is 0; allowed: a number of seeds, or different integers"),
    ({"seeds": [-1]}, r"seeds: is \[-1\]; allowed: a number of seeds, or different integers"),
    ({"recipe": {"epochs": 3}}, r"recipe: is \{'epochs': 3\}; allowed: rum.Recipe\(epochs="),
    ({"model": nn.Dense(3)}, "model: is Dense; allowed: what rum.from_flax, rum.from_nnx or rum"),
])
def test_bad_problems(changed, message, model):
    given = {"model": model, "images": IMAGES, "labels": LABELS, "forget": [1, 2, 3], **changed}
    with pytest.raises(rum.InputError, match=message):
        rum.Problem(given.pop("model"), given.pop("images"), given.pop("labels"), **given)


def variables_with(variables, changed):
    return jax.tree_util.tree_map_with_path(
        lambda path, leaf: changed(jax.tree_util.keystr(path), leaf), variables)


@pytest.mark.parametrize(("change", "message"), [
    (lambda given: {"weights": given}, r"variables: is \['weights'\]; allowed: a mapping with the"),
    (lambda given: given["params"]["lens"]["kernel"], "variables: is ArrayImpl; allowed: a mappin"),
    (lambda given: {"params": given["params"]}, "variables: lacks state/batch_stats/iris/mean and "
     "1 more; allowed: those of the same network"),
    (lambda given: {**given, "params": {**given["params"], "more": np.zeros(3)}},
     "variables: has, beyond the network's,  params/more; allowed"),
    (lambda given: variables_with(given, lambda path, leaf: leaf[..., :3] if "zoom" in path
                                  else leaf),
     r"variables: params/zoom/bias has shape \(3,\); allowed: \(8,\), or with a leading axis of m"),
])
def test_variables_of_another_network(change, message, variables):
    with pytest.raises(rum.InputError, match=message):
        rum.Problem(rum.from_flax(Camera(), change(variables), train_kwarg="is_training"),
                    IMAGES, LABELS, forget=[1])


@pytest.mark.parametrize(("make", "message"), [
    (lambda v: rum.from_flax(Camera, v), "module: is type; allowed: an instance of flax.linen.Mod"),
    (lambda v: rum.from_flax(Camera(), v), "train_kwarg: is 'train', and Camera.__call__ takes"),
    (lambda v: rum.from_flax(Camera(), v, train_kwarg="is_training", std=0.0), "std: is .0.0,.; a"),
    (lambda v: rum.from_flax(Camera(), v, train_kwarg="is_training", mean=[[1.0]]), "mean: is"),
    (lambda v: rum.from_nnx(Camera()), "module: is Camera; allowed: an instance of flax.nnx.Modul"),
    (lambda v: rum.Model("relu", v), "apply_fn: is str; allowed: a function of"),
    (lambda v: rum.Recipe(epochs=0, schedule="cosinus"),
     "(?s)rum.Recipe:.*epochs: is 0; allowed.*schedule: is 'cosinus'; known: .*did you mean cosin"),
])
def test_bad_models(make, message, variables):
    with pytest.raises(rum.InputError, match=message):
        make(variables)


def test_two_means_for_one_channel(variables):
    model = rum.from_flax(Camera(), variables, train_kwarg="is_training", mean=[0.1, 0.2])
    with pytest.raises(rum.InputError, match="mean: has 2 numbers; allowed: one, or 1, one for ea"):
        rum.Problem(model, IMAGES, LABELS, forget=[1])


RUM = {"low": "none", "mid": "finetune", "high": "salun"}


@pytest.mark.parametrize(("call", "message"), [
    (lambda p: rum.unlearn(p, "scrubb"), "algorithm: is 'scrubb'; known: .*did you mean scrub"),
    (lambda p: rum.unlearn(p, "retrain"), r"algorithm: is 'retrain'; allowed: rum.retrain\(proble"),
    (lambda p: rum.unlearn(p, "scrub", epoch=3), "scrub.epoch: unknown hyper-parameter; known: "),
    (lambda p: rum.unlearn(p, "scrub", epochs=0), "scrub.epochs: is 0; allowed"),
    (lambda p: rum.unlearn(p, "scrub", learning_rate=[0.1, 0.2]), "learning_rate: has shape .2,.;"),
    (lambda p: rum.refined_unlearn(p, np.zeros(3), algorithms=RUM), r"scores: are float64\[3\]; a"),
    (lambda p: rum.refined_unlearn(p, np.full(40, np.nan), algorithms=RUM), "is not known .NaN. o"),
    (lambda p: rum.refined_unlearn(p, np.zeros(40), algorithms={"low": "none"}),
     "algorithms: has none for 'mid'; allowed: one for each of low, mid, high"),
    (lambda p: rum.refined_unlearn(p, np.zeros(40), algorithms={**RUM, "top": "none"}),
     "algorithms: has 'top'; allowed: low, mid, high"),
    (lambda p: rum.refined_unlearn(p, np.zeros(40), algorithms=RUM, order="upwards"), "order: is "),
    (lambda p: rum.refined_unlearn(p, np.zeros(40), algorithms=RUM, subsets=1), "subsets: is 1; a"),
    (lambda p: rum.refined_unlearn(p, np.zeros(40), algorithms=RUM, subsets=5),
     "subsets: is 5 of a forget set of 3; allowed: at most as many as it has examples"),
    (lambda p: rum.proxy(p, "confidense"), "name: is 'confidense'; known: .*did you mean confiden"),
    (lambda p: rum.proxy(p, "loss_curvature", g=1), "loss_curvature.g: unknown hyper-parameter"),
    (lambda p: rum.proxy(p, "heldout_retrain", part="validation"), "validation: is None; allowed"),
    (lambda p: rum.memorization(p, 3), "models: is 3; allowed: an integer >= 4"),
    (lambda p: rum.memorization(p, 8, subset_fraction=1.5), "subset_fraction: is 1.5; allowed"),
    (lambda p: rum.evaluate({}, p), r"oracle: is Problem; allowed: what rum.retrain\(problem\) gi"),
    (lambda p: rum.retrain(p, seeds=[-1]), "seeds: is .-1.; allowed: a number of seeds, or differ"),
    (lambda p: rum.proxy(p, "confidence", trained=p), "trained: is .*; allowed: what rum.train"),
    (lambda p: originals(p).flax_variables(3), "model: is 3; allowed: 0 to 0, places among the s"),
    (lambda p: rum.evaluate(originals(p), originals(p)), "methods: is Models.*; allowed: a dictio"),
    (lambda p: rum.evaluate({}, originals(p), "test_kl"), "metrics: is 'test_kl'; allowed: a dict"),
    (lambda p: rum.evaluate({"x": 3}, originals(p)), "methods: 'x' is 3; allowed: models that wer"),
    (lambda p: rum.evaluate({}, originals(p), ["kl"]), "metrics: has 'kl'; known: "),
    (lambda p: originals(p).predict(IMAGES[:, :4]), r"images: are uint8\[4, 8, 1\]; allowed: uint"),
])
def test_bad_calls(call, message, problem):
    with pytest.raises(rum.InputError, match=message):
        call(problem)


def test_what_a_model_lacks_is_said_where_it_is_needed():
    params, _ = plain_init(jax.random.key(0))
    problem = rum.Problem(rum.Model(plain, params), IMAGES, LABELS, forget=[1],
                          recipe=rum.Recipe(epochs=1))
    for call in (rum.retrain, rum.train, lambda p: rum.memorization(p, 4)):
        with pytest.raises(rum.InputError, match="init: is None, and fresh parameters are needed"):
            call(problem)
    with pytest.raises(rum.InputError, match="test: is None; allowed where models are evaluated"):
        rum.evaluate({}, originals(problem))
    untrained = rum.Problem(rum.from_flax(Camera(), None, train_kwarg="is_training"), IMAGES,
                            LABELS, forget=[1])
    with pytest.raises(rum.InputError, match="model: has no variables; allowed: a trained model"):
        rum.unlearn(untrained, "finetune")
