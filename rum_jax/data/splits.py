"""Stratified splits and injected label noise: functions of labels and a seed alone."""

import numpy as np

from rum_jax.core.randomness import generator


def stratified(labels: np.ndarray, validation_fraction: float, test_fraction: float,
               seed: int) -> dict[str, np.ndarray]:
    """Partitions examples so that every class has the same share in each split.

    Args:
      labels: int[N].
      validation_fraction, test_fraction: of each class, rounded to whole examples.
      seed: address of the draw.

    Returns:
      {"train", "validation", "test"} -> int32[n] ascending positions; together all of them.
    """
    rng = generator(seed, "split")
    parts: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        first = round(validation_fraction * len(members))
        second = first + round(test_fraction * len(members))
        parts["validation"].append(members[:first])
        parts["test"].append(members[first:second])
        parts["train"].append(members[second:])
    return {name: np.sort(np.concatenate(part)).astype(np.int32) for name, part in parts.items()}


def per_class_draw(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """The reference's validation draw (docs/parity.md#data; it always uses seed 1).

    For each class in order, one numpy `RandomState` chooses among its members in ascending order.

    Args:
      labels: int[n] of the published training part, in the publisher's order.
      fraction: of each class, rounded to whole examples.
      seed: of that RandomState.

    Returns:
      bool[n], True where an example goes to validation.
    """
    draw, chosen = np.random.RandomState(seed), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        chosen[draw.choice(members, round(fraction * len(members)), replace=False)] = True
    return chosen


def published(labels: np.ndarray, parts: np.ndarray, validation_fraction: float,
              seed: int) -> dict[str, np.ndarray]:
    """Splits of a data set that has a test part of its own.

    Args:
      labels: int[N].
      parts: str[N], each "train", "validation" or "test".
      validation_fraction: of each class of the training part, drawn by `per_class_draw`.
      seed: of that draw.

    Returns:
      {"train", "validation", "test"} -> int32[n] ascending positions; together all of them.
    """
    split = parts.astype("<U10")
    train = np.flatnonzero(parts == "train")
    split[train[per_class_draw(labels[train], validation_fraction, seed)]] = "validation"
    return {name: np.flatnonzero(split == name).astype(np.int32)
            for name in ("train", "validation", "test")}


def inject_label_noise(labels: np.ndarray, candidates: np.ndarray, fraction: float, classes: int,
                      seed: int) -> np.ndarray:
    """Gives a fraction of the candidates a wrong label, uniform over the other classes.

    Such examples contradict the rest of the data: a model can only memorize them.

    Args:
      labels: int32[N], left as they are.
      candidates: int32[n] positions that may be changed (the training set).
      fraction: of the candidates, rounded to whole examples.
      classes: number of classes.
      seed: address of the draw.

    Returns:
      int32[N], equal to labels except at round(fraction * n) candidates.
    """
    rng = generator(seed, "noise")
    chosen = rng.choice(candidates, round(fraction * len(candidates)), replace=False)
    shift = rng.integers(1, classes, size=len(chosen))
    noisy = labels.copy()
    noisy[chosen] = (labels[chosen] + shift) % classes
    return noisy
