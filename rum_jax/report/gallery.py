"""The images that were memorized most and least."""

import numpy as np
from matplotlib.figure import Figure

from rum_jax.core.randomness import generator
from rum_jax.data.arrays import Dataset
from rum_jax.report.figures import INJECTED, styled, svg
from rum_jax.report.labels import SHORT, cut, printable

SHOWN = 12


def extremes(scores: np.ndarray, seed: int, count: int = SHOWN) -> dict[str, np.ndarray]:
    """Indices of the highest and of the lowest scores, NaN left out, ties in a random order.

    Args:
      scores: float[n].
      seed: of the draw at (seed, "tie", 0).
      count: how many of each.
    """
    known = np.flatnonzero(np.isfinite(scores))
    known = known[generator(seed, "tie", 0).permutation(len(known))]
    order = known[np.argsort(-scores[known], kind="stable")]
    return {"highest": order[:count], "lowest": order[::-1][:count]}


def caption(scores: np.ndarray, chosen: np.ndarray) -> str:
    """How many examples share the last score that is shown, where not all of them are."""
    if not len(chosen):
        return ""
    last = scores[chosen[-1]]
    tied, shown = int((scores == last).sum()), int((scores[chosen] == last).sum())
    if tied == shown:
        return ""
    return f"{shown} drawn at random of the {tied:,} that tie at {last + 0.0:.2f}"


@styled
def memorization_gallery(dataset: Dataset, scores: np.ndarray, seed: int) -> bytes:
    """SVG: two lines of training images; injected labels in color, with the published one.

    Args:
      dataset: images and labels.
      scores: float[n], memorization of its training set.
      seed: of the draw among ties.
    """
    figure = Figure(figsize=(SHOWN * 1.08, 4.7), layout="constrained")
    chosen = extremes(scores, seed)
    parts = figure.subfigures(len(chosen), 1, squeeze=False)[:, 0]
    for part, (title, indices) in zip(parts, chosen.items(), strict=True):
        note = caption(scores, indices)
        part.suptitle(f"{title} memorization{f' ({note})' if note else ''}", x=0.01, ha="left",
                      weight="bold")
        axes = part.subplots(1, SHOWN)
        lines = 1 + bool(dataset.noisy[dataset.train[indices]].any())
        for axis in axes:
            axis.set_axis_off()
        for axis, index in zip(axes, indices, strict=False):
            _draw(axis, dataset, int(dataset.train[index]), float(scores[index]), lines)
    return svg(figure)


def _draw(axis, dataset: Dataset, position: int, score: float, lines: int) -> None:
    axis.set_axis_on()
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(visible=True, color="#d6dadf")
    pixels = dataset.images[position] / dataset.spec.pixel_max
    axis.imshow(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels, cmap="gray_r",
                vmin=0, vmax=1, interpolation="nearest")
    injected = dataset.noisy[position]
    given = _name(dataset, dataset.labels[position], SHORT)
    published = _name(dataset, dataset.clean_labels[position], SHORT - len("was"))
    texts = [given, *([f"was {published.removeprefix('label ')}" if injected else " "]
                      if lines > 1 else []), f"{score:.2f}"]
    axis.set_title("\n".join(texts), weight="normal", fontsize=10,
                   color=INJECTED if injected else "#22262b")


def _name(dataset: Dataset, label: int, letters: int) -> str:
    name = printable(dataset.class_names[label])
    return f"label {name}" if name.isdigit() else cut(name, letters)
