"""Encoded images (files or bytes) to one array of pixels, with a small pool of threads."""

import contextlib
import functools
import io
import itertools
import os
import pathlib
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from rum_jax.core.errors import InputError
from rum_jax.runtime import progress
from rum_jax.runtime.progress import listed, say

# What an image is called in messages, and its file or its content.
Encoded = tuple[str, pathlib.Path | bytes]

_MODES: dict[int | None, str] = {1: "L", 3: "RGB", 4: "RGBA"}
_CHUNK = 1024
PATIENCE_SECONDS = 3.0
# Formats that Pillow knows by name and cannot read without other programs.
_STUBS = ("BUFR", "EPS", "GRIB", "HDF5", "MPEG", "PDF", "WMF")


@functools.cache
def suffixes() -> frozenset[str]:
    """What the files end in, in lower case, that Pillow can read."""
    extensions = Image.registered_extensions().items()
    return frozenset(suffix for suffix, kind in extensions
                     if kind in Image.OPEN and kind not in _STUBS)


def is_image(file: pathlib.Path) -> bool:
    """Whether Pillow knows the format, by the suffix, or by the content where that says nothing."""
    if file.suffix.lower() in suffixes():
        return True
    try:
        with Image.open(file) as image:
            return image.format not in _STUBS
    except Exception:  # Pillow's readers raise errors of many kinds
        return False


def decode(title: str, items: Iterable[Encoded], count: int, channels: int | None) -> np.ndarray:
    """Decodes images to uint8[count,H,W,C], in the order given.

    Of an image with several frames the first is used, which is reported on stderr.

    Args:
      title: of the progress, which is shown if decoding takes longer than PATIENCE_SECONDS.
      items: the encoded images; the iterable is consumed in chunks.
      count: how many, at least one.
      channels: 1, 3 or 4: grayscale, palette and alpha are converted to that; None keeps gray
        images at one channel and converts all others to three.

    Raises:
      InputError: an image that cannot be read, has more than 8 bits, or another size than the
        first one.
    """
    items, done, first, multi_frame = iter(items), 0, "", []
    images = np.empty(0, np.uint8)
    threads = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool, _patient(title) as report:
        while chunk := list(itertools.islice(items, _CHUNK)):
            decoded = pool.map(lambda item: pixels(item[0], item[1], channels, multi_frame), chunk)
            for (name, _), image in zip(chunk, decoded, strict=True):
                if not done:
                    images, first = np.empty((count, *image.shape), np.uint8), name
                if image.shape != images.shape[1:]:
                    raise InputError(f"{name}: is {_size(image.shape)}, while {first} is "
                                     f"{_size(images.shape[1:])}; allowed: one size for all")
                images[done] = image
                done += 1
            report(done / count)
    if multi_frame:
        say(f"{len(multi_frame)} image(s) have several frames, of which the first is used: "
            f"{listed(sorted(multi_frame))}")
    return images


def pixels(name: str, data: pathlib.Path | bytes, channels: int | None,
           multi_frame: list[str] | None = None) -> np.ndarray:
    """One image as uint8[H,W,C], see `decode`; with several frames its name joins `multi_frame`."""
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    try:
        with Image.open(file) as image:
            mode = _MODES.get(channels) or ("L" if image.mode in ("1", "L") else "RGB")
            if image.mode[0] in "IF":
                raise InputError(f"{name}: has pixels of mode {image.mode}; allowed: 8 bits each")
            if multi_frame is not None and getattr(image, "is_animated", False):
                multi_frame.append(name)
                image.seek(0)
            if image.mode != mode:
                image.load()
                image.info.pop("transparency", None)
            array = np.asarray(image if image.mode == mode else image.convert(mode))
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise errors of many kinds
        raise InputError(f"{name}: cannot be read as an image: {error}") from error
    return array[..., None] if array.ndim == 2 else array


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


@contextlib.contextmanager
def _patient(title: str) -> Iterator[progress.Progress]:
    """Progress that is shown only once the work has taken PATIENCE_SECONDS."""
    start, inner = time.monotonic(), None
    with contextlib.ExitStack() as stack:

        def report(fraction: float) -> None:
            nonlocal inner
            if inner is None and fraction < 1 and time.monotonic() - start > PATIENCE_SECONDS:
                inner = stack.enter_context(progress.shown(title))
            if inner is not None:
                inner(fraction)

        yield report
