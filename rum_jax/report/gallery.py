"""The images that were memorized most and least."""

import numpy as np
from matplotlib.figure import Figure

from rum_jax.data.arrays import Dataset
from rum_jax.report.figures import PLANTED, png

SHOWN = 12
LONGEST_NAME = 12  # letters that fit above an image


def extremes(scores: np.ndarray, count: int = SHOWN) -> dict[str, np.ndarray]:
    """Places of the highest and of the lowest scores, NaN left out, ties by place."""
    known = np.flatnonzero(np.isfinite(scores))
    order = known[np.argsort(-scores[known], kind="stable")]
    return {"highest": order[:count], "lowest": order[::-1][:count]}


def memorization_gallery(dataset: Dataset, scores: np.ndarray) -> bytes:
    """PNG: two lines of training images; planted labels in colour, with the published one.

    Args:
      dataset: images and labels.
      scores: float[n], memorization of its training set.
    """
    figure = Figure(figsize=(SHOWN * 0.95, 4.2), layout="constrained")
    chosen = extremes(scores)
    for part, (title, places) in zip(figure.subfigures(len(chosen), 1), chosen.items(),
                                     strict=True):
        part.suptitle(f"{title} memorization", x=0.01, ha="left", fontsize=10, weight="bold")
        for axis, place in zip(part.subplots(1, SHOWN), places, strict=False):
            _draw(axis, dataset, dataset.train[place], scores[place])
    return png(figure)


def _draw(axis, dataset: Dataset, position: int, score: float) -> None:
    axis.set_axis_off()
    pixels = dataset.images[position] / dataset.spec.pixel_max
    axis.imshow(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels, cmap="gray_r",
                vmin=0, vmax=1, interpolation="nearest")
    planted = dataset.noisy[position]
    given, published = (_name(dataset, labels[position])
                        for labels in (dataset.labels, dataset.clean_labels))
    text = given + (f"\nwas {published.removeprefix('label ')}" if planted else "\n")
    axis.set_title(f"{text}\n{score:.2f}", fontsize=8, color=PLANTED if planted else "black")


def _name(dataset: Dataset, label: int) -> str:
    name = dataset.class_names[label]
    return f"label {name}" if name.isdigit() else name[:LONGEST_NAME]
