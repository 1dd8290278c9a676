"""Whether given models are what they are taken for: networks trained on this training set.

A network of the right shape may have seen other pixels (another normalization, channels in
another order, rows for columns), other labels (classes in another order), or other examples.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from rum_jax.core.errors import raise_if_any
from rum_jax.data.arrays import Dataset, ImageSpec
from rum_jax.data.statistics import PUBLISHED, computed
from rum_jax.train.fit import Task
from rum_jax.train.state import TrainState

FIELD = "config.train.from_files"
CHANCE_LEVEL = 0.001  # significance level of the test against always predicting one class
PLAUSIBLE = 0.9       # training accuracy from which on no alternatives are tried
BETTER = 0.1          # gain in accuracy with which an alternative is reported as the fault
MARGIN = 0.1          # retain accuracy below the oracles' that gives a caution
SAMPLE = 512          # most training examples on which other pixels are tried
_REASONS = ("another normalization (config.train.from_files_mean and from_files_std), another "
            "order of channels or of classes, or other training examples")
_OTHERS = {"MNIST's": ((0.1307,), (0.3081,)),
           "FashionMNIST's": ((0.286,), (0.353,)),
           **{f"{name}'s": statistics for name, statistics in PUBLISHED.items()}}


class Alternative(NamedTuple):
    """Other preprocessing, or order of classes, that a model may have been trained with.

    Attributes:
      words: what it is, for messages.
      accuracy: of the model on training examples with it, in [0,1].
    """

    words: str
    accuracy: float


def judge(task: Task, dataset: Dataset, paths: Sequence[str], states: TrainState,
          logits: np.ndarray) -> dict:
    """Training and test accuracy of M given models, as JSON values.

    Injected labels do not count: a given model may not have seen them.

    Args:
      task: the study's network and images.
      dataset: that they are said to be trained on.
      paths: M, of their files.
      states: leading axis M, on the host.
      logits: float32[M,N,C] of them.

    Raises:
      InputError: a model that is no better than chance on the training set, or much better when
        it is given other pixels or classes.
    """
    places = {split: positions[~dataset.noisy[positions]]
              for split, positions in dataset.positions.items()}
    right = logits.argmax(-1) == dataset.clean_labels
    accuracies = {split: (right[:, positions].mean(1) if len(positions)
                          else np.full(len(right), np.nan))
                  for split, positions in places.items()}
    faults = []
    for m, path in enumerate(paths):
        variables = jax.tree.map(lambda leaf, m=m: leaf[m], (states.params, states.model_state))
        faults += _faults(task, dataset, places["train"], path, variables, logits[m])
    raise_if_any(faults, "The given models have faults:")
    return {"files": list(paths), **{f"{split}_accuracy": values.tolist()
                                     for split, values in accuracies.items()}}


def _faults(task: Task, dataset: Dataset, train: np.ndarray, path: str, variables: tuple,
            logits: np.ndarray) -> Iterator[str]:
    """What is wrong with one model, if anything."""
    labels = dataset.clean_labels[train]
    right = int((logits[train].argmax(-1) == labels).sum())
    accuracy, chance = right / len(train), np.bincount(labels).max() / len(train)
    if accuracy >= PLAUSIBLE:
        return
    alternatives = [*_pixel_alternatives(task, dataset, train, variables),
                    *_class_alternatives(logits[train], labels)]
    best = max(alternatives, key=lambda tried: tried.accuracy - accuracy, default=None)
    says = f"{FIELD}: {path}: has a training accuracy of {accuracy:.3f}"
    if best and best.accuracy - accuracy > BETTER:
        yield (f"{says}; {best.words} it is {best.accuracy:.2f}; allowed: models trained on this "
               "data set as it is read here")
    elif scipy.stats.binomtest(right, len(train), chance,
                               alternative="greater").pvalue > CHANCE_LEVEL:
        yield (f"{says}, no better than naming the largest class ({chance:.3f}); allowed: models "
               f"trained on this training set; likely reasons: {_REASONS} (other "
               "normalizations, orders of channels and of classes were tried, and none fits)")


def _pixel_alternatives(task: Task, dataset: Dataset, train: np.ndarray,
                        variables: tuple) -> Iterator[Alternative]:
    """Other normalizations, and other orders of channels or pixels."""
    spec = task.model.image
    chosen = train[np.argsort(dataset.clean_labels[train], kind="stable")]
    chosen = chosen[::max(1, -(-len(chosen) // SAMPLE))]
    unit = dataset.images[chosen].astype(np.float32) / spec.pixel_max
    labels = dataset.clean_labels[chosen]
    mean, std = np.asarray(spec.mean, np.float32), np.asarray(spec.std, np.float32)
    statistics = tuple(tuple(255 / spec.pixel_max * value for value in values)
                       for values in computed(dataset.images, train))

    @jax.jit
    def predicted(params, state, pixels):
        mask = jnp.ones(len(pixels), bool)
        return task.model.apply(params, state, pixels, mask, train=False)[0].logits.argmax(-1)

    def accuracy(pixels: np.ndarray, center: tuple, scale: tuple) -> float:
        seen = (pixels - np.asarray(center, np.float32)) / np.asarray(scale, np.float32)
        return float((np.asarray(predicted(*variables, seen * std + mean)) == labels).mean())

    for change, moved in _moved(unit):
        for name, (center, scale) in _normalizations(spec, statistics).items():
            given = "" if name is None else (f"with from_files_mean={_tuple(center)} and "
                                             f"from_files_std={_tuple(scale)} ({name})")
            if words := " and ".join(part for part in (given, change) if part):
                yield Alternative(words, accuracy(moved, center, scale))


def _tuple(values: tuple[float, ...]) -> str:
    return "(" + ",".join(f"{value:.6g}" for value in values) + ("," * (len(values) == 1)) + ")"


def _moved(unit: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Images float32[n,H,W,C] in other orders."""
    yield "", unit
    if unit.shape[-1] == 3:
        yield "with channels reversed (BGR)", unit[..., ::-1]
    if unit.shape[1] == unit.shape[2]:
        yield "with rows and columns exchanged", unit.swapaxes(1, 2)
    yield "with light and dark exchanged", 1 - unit


def _normalizations(spec: ImageSpec, statistics: tuple) -> dict[str | None, tuple]:
    """Usual ones for so many channels; `statistics`: the training set's; None: the study's."""
    channels = spec.shape[-1]
    usual = {None: (spec.mean, spec.std), "no normalization": ((0.0,), (1.0,)),
             "the training set's": statistics, "raw values": ((0.0,), (1 / spec.pixel_max,)),
             "from -1 to 1": ((0.5,), (0.5,))}
    if spec.pixel_max != 255:
        usual["values divided by 255"] = ((0.0,), (255 / spec.pixel_max,))
    return usual | {name: given for name, given in _OTHERS.items() if len(given[0]) == channels}


def _class_alternatives(logits: np.ndarray, labels: np.ndarray) -> Iterator[Alternative]:
    """The best order of classes: fitted on one half of the examples, tested on the other."""
    predicted, classes = logits.argmax(-1), logits.shape[-1]
    first, second = np.arange(len(labels)) % 2 == 0, np.arange(len(labels)) % 2 == 1
    if not second.any():
        return
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (predicted[first], labels[first]), 1)
    meant = scipy.optimize.linear_sum_assignment(-table)[1]
    yield Alternative(
        "with classes in another order (the best one, found on half of the examples)",
        float((meant[predicted[second]] == labels[second]).mean()))


def cautions(dataset: Dataset, given: np.ndarray, oracles: np.ndarray, forget: np.ndarray,
             originals: Sequence[int]) -> list[str]:
    """Signs, by comparison with oracles, that given models had another training set.

    Args:
      dataset: of the study.
      given: float32[S,N,C] logits of the given models.
      oracles: float32[M,N,C] logits of the oracles of M cases.
      forget: int32[M,F] positions that each oracle was trained without.
      originals: for each of M cases the index of its given model.
    """
    test, noisy, shares = dataset.positions["test"], dataset.noisy, []
    right, fitted = (
        [logits.argmax(-1) == labels for logits in (given, oracles)]
        for labels in (dataset.clean_labels, dataset.labels))
    for case, positions in enumerate(forget):
        retain = np.setdiff1d(dataset.train, positions)
        clean, injected = retain[~noisy[retain]], retain[noisy[retain]]
        shares.append([[part[number][places].mean() if len(places) else np.nan
                        for part, places in ((side, clean), (side, test), (fit, injected))]
                       for side, fit, number in ((right[0], fitted[0], originals[case]),
                                                 (right[1], fitted[1], case))])
    (train, tested, noise), (oracle_train, oracle_test, oracle_noise) = np.mean(shares, 0)
    messages = []
    if oracle_train - train > MARGIN:
        messages.append(f"the given models have an accuracy of {train:.3f} on the retain set, the "
                        f"oracles {oracle_train:.3f}; likely reasons: {_REASONS}")
    gap, usual = train - tested, oracle_train - oracle_test
    error = np.sqrt(tested * (1 - tested) / max(len(test), 1))
    if usual - gap > max(3 * error, 0.02) and gap < usual / 2:
        messages.append(f"the given models are as good on test images ({tested:.3f}) as on "
                        f"training images ({train:.3f}), unlike the oracles ({oracle_test:.3f} and "
                        f"{oracle_train:.3f}); they may have been trained on another split")
    if noisy.sum() >= 10 and noise < oracle_noise / 2 and oracle_noise - noise > MARGIN:
        messages.append(f"the given models name {noise:.0%} of the injected labels, the oracles "
                        f"{oracle_noise:.0%}: they were trained without "
                        "config.data.label_noise_fraction, or on other labels")
    return messages
