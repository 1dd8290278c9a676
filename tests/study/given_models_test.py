"""Given models that are of the right shape and mean something else."""

import dataclasses
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Dataset, ImageSpec
from rum_jax.models import Outputs
from rum_jax.models.given_statistics import with_given
from rum_jax.study import given_models
from rum_jax.study.given_models import cautions, judge

MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)
N, TRAIN = 300, 240


def images():
    """uint8[N,4,4,3] of three classes: where a pixel is, and which channel, is the class."""
    rng, labels = np.random.default_rng(0), np.arange(N) % 3
    pixels = rng.integers(60, 120, (N, 4, 4, 3))
    pixels[np.arange(N), 0, 1 + labels, 0] += 100
    return pixels.astype(np.uint8), labels.astype(np.int32)


def data_of(pixels, labels, noisy=None, mean=MEAN, std=STD):
    positions = {"train": np.arange(TRAIN, dtype=np.int32), "validation": np.arange(0),
                 "test": np.arange(TRAIN, N, dtype=np.int32)}
    return Dataset(pixels, labels if noisy is None else noisy, labels, np.arange(N).astype(str),
                   positions, ImageSpec((4, 4, 3), 3, 255.0, mean, std), np.arange(N), TRAIN,
                   (0, 1, 2), ("a", "b", "c"))


class Network:
    """Right where pixels are normalized as it was trained: then the brightest spot is above 1."""

    def __init__(self, image, mean, std, order=(0, 1, 2)):
        self.image, self.mean, self.std, self.order = image, mean, std, list(order)

    def apply(self, params, state, pixels, mask, train):
        seen = (pixels - np.float32(self.image.mean)) / np.float32(self.image.std)
        unit = seen * np.float32(self.std) + np.float32(self.mean)  # as it was trained to see it
        spots = unit[:, 0, 1:, 0]
        sane = jnp.abs(unit.mean((1, 2, 3)) - 0.36) < 0.06
        logits = jnp.where(sane[:, None], spots, jnp.float32([1.0, 0.0, 0.0]))
        return Outputs(logits[:, jnp.array(self.order)], logits), state


def judged(trained_mean, trained_std, change=lambda pixels: pixels, order=(0, 1, 2)):
    pixels, labels = images()
    dataset = data_of(np.ascontiguousarray(change(pixels)), labels)
    network = Network(dataset.spec, trained_mean, trained_std, order)
    unit = dataset.images / np.float32(255)
    logits = np.asarray(network.apply(None, None, unit, None, False)[0].logits)
    task = SimpleNamespace(model=network)
    states = SimpleNamespace(params=np.zeros((1, 2)), model_state=np.zeros((1, 2)))
    return judge(task, dataset, ["a.pt"], states, logits[None])


def test_a_model_of_this_training_set_is_taken():
    assert judged(MEAN, STD) == {"files": ["a.pt"], "train_accuracy": [1.0],
                                 "validation_accuracy": pytest.approx([np.nan], nan_ok=True),
                                 "test_accuracy": [1.0]}


@pytest.mark.parametrize("mean, std, words", [
    ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), r"with from_files_mean=\(0,\) and from_files_std=\(1,\) "),
    ((0.0,), (1 / 255,), r"with from_files_mean=\(0,\) and from_files_std=\(0.00392157,\) \(raw"),
    ((5.0, 5.0, 5.0), (0.05, 0.05, 0.06), None)])
def test_another_normalization_is_found_or_the_model_refused(mean, std, words):
    with pytest.raises(InputError, match="a.pt: has a training accuracy of 0.333") as error:
        judged(mean, std)
    expected = words or "no better than naming the largest class .0.333.*likely reasons: another"
    assert error.match(expected + ("" if words is None else ".* it is 1.00; allowed"))


@pytest.mark.parametrize("change, words", [
    (lambda pixels: pixels[..., ::-1], r"with channels reversed \(BGR\) it is 1.00"),
    (lambda pixels: pixels.swapaxes(1, 2), "with rows and columns exchanged it is 1.00"),
    (lambda pixels: 255 - pixels, "with light and dark exchanged it is 1.00")])
def test_other_pixels_are_found(change, words):
    with pytest.raises(InputError, match=words):
        judged(MEAN, STD, change)


def test_another_order_of_classes_is_found():
    with pytest.raises(InputError, match="with classes in another order .* it is 1.00"):
        judged(MEAN, STD, order=[1, 2, 0])


def test_a_weak_model_is_taken_where_nothing_else_fits():
    labels = images()[1]
    pixels = np.random.default_rng(1).integers(60, 120, (N, 4, 4, 3))
    weak = np.arange(N) % 2 == 0
    pixels[weak, 0, 1 + labels[weak], 0] += 100
    dataset = data_of(pixels.astype(np.uint8), labels)
    network = Network(dataset.spec, MEAN, STD)
    logits = np.asarray(network.apply(None, None, dataset.images / np.float32(255), None,
                                      False)[0].logits)
    states = SimpleNamespace(params=np.zeros((1, 2)), model_state=np.zeros((1, 2)))
    accuracies = judge(SimpleNamespace(model=network), dataset, ["a.pt"], states, logits[None])
    assert 0.5 < accuracies["train_accuracy"][0] < given_models.PLAUSIBLE


def one_hot(predicted):
    return np.eye(3, dtype=np.float32)[np.asarray(predicted)]


def wrong(labels, share, where):
    """Labels, of which a share of those at some places is another class."""
    wrong_labels, chosen = labels.copy(), where[:round(share * len(where))]
    wrong_labels[chosen] = (wrong_labels[chosen] + 1) % 3
    return wrong_labels


@pytest.fixture
def noisy_data():
    pixels, labels = images()
    return data_of(pixels, labels, noisy=wrong(labels, 0.1, np.arange(TRAIN)))


def cautions_of(dataset, given, oracle):
    """Cautions of one given model and one oracle that forgot the last 20 training examples."""
    return cautions(dataset, one_hot(given)[None], one_hot(oracle)[None],
                    np.arange(TRAIN - 20, TRAIN)[None], [0])


def test_models_that_behave_as_oracles_are_not_doubted(noisy_data):
    oracle = wrong(noisy_data.labels, 0.2, noisy_data.positions["test"])
    assert cautions_of(noisy_data, oracle, oracle) == []


def test_far_below_the_oracles(noisy_data):
    oracle = wrong(noisy_data.labels, 0.2, noisy_data.positions["test"])
    weak = wrong(oracle, 0.2, np.arange(40, TRAIN))
    (caution, *_) = cautions_of(noisy_data, weak, oracle)
    assert "accuracy of 0.796 on the retain set, the oracles 1.000; likely reasons" in caution


def test_another_split_and_labels_without_the_injected_noise(noisy_data):
    oracle = wrong(noisy_data.labels, 0.3, noisy_data.positions["test"])
    split, injected = cautions_of(noisy_data, noisy_data.clean_labels, oracle)
    assert "as good on test images (1.000) as on training images (1.000)" in split
    assert "name 0% of the injected labels, the oracles 100%" in injected


def test_mean_and_std_of_given_models():
    pixels, labels = images()
    dataset = data_of(pixels, labels)

    def spec(mean, std, files=("a",)):
        return with_given(dataset, {"from_files": files, "from_files_mean": mean,
                                    "from_files_std": std}).spec

    assert spec((), ()) == dataset.spec
    assert spec((0,), (1,)) == dataclasses.replace(dataset.spec, mean=(0.0,) * 3, std=(1.0,) * 3)
    assert spec((0.1, 0.2, 0.3), (1.0,)).mean == (0.1, 0.2, 0.3)
    for mean, std, files, message in (
            ((0.1,), (), ("a",), "from_files_std: has 0 value.s.; allowed: 1 value or 3, one a"),
            ((0.1, 0.2), (1.0,), ("a",), "from_files_mean: has 2 value"),
            ((0.1,), (1.0,), (), "from_files_mean: is .0.1,.; allowed without config.train.fr")):
        with pytest.raises(InputError, match=message):
            spec(mean, std, files)
