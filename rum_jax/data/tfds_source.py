"""Any image-classification set that TFDS has prepared as array_record; never downloads."""

import functools
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.data import tfds_folder
from rum_jax.data.arrays import PARTS, Source, id_fault, make_source
from rum_jax.data.cache import cached
from rum_jax.data.decoding import Encoded, decode
from rum_jax.data.statistics import statistics
from rum_jax.runtime.progress import listed, say

_CHUNK = 1024


class _Records(Protocol):
    """All records of a split, as TFDS reads them at random."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> dict: ...
    def __getitems__(self, numbers: Sequence[int], /) -> Sequence[dict]: ...


class _Features(NamedTuple):
    """Keys of image, label and id ("" if there is none), image channels, names of classes."""

    image: str
    label: str
    id: str
    channels: int | None
    classes: tuple[str, ...]


def load(path: str, detail: str) -> Source:
    """The splits train, validation and test of a TFDS data set.

    Ids are the data set's own feature `id` where it has one, all different and such as a file of
    ids can hold, else `<split>_<record number>`.
    Images of one channel keep it.

    Args:
      path: TFDS' data folder, or the data set's own in it; "" is TFDS' own
        choice ($TFDS_DATA_DIR, ~/tensorflow_datasets).
      detail: the name as TFDS writes it, `name[/config][:version]`; see `tfds_folder.find`.

    Raises:
      InputError: not prepared here, not in a format that can be read at random, without an image
        and a class label, or with a record that is broken.
    """
    folder = tfds_folder.find(pathlib.Path(path or tfds_folder.default_root()), detail)
    files = [file for file in folder.iterdir() if file.is_file()]
    read = functools.partial(_read, folder, detail)
    return cached({"reader": "tfds", "name": tfds_folder.base_name(detail)}, folder, files, read)


def _read(folder: pathlib.Path, detail: str) -> Source:
    import tensorflow_datasets as tfds  # slow to import; not needed where the cache has it all

    try:
        builder = tfds.builder_from_directory(folder)
        info, splits = builder.info.features, [p for p in PARTS if p in builder.info.splits]
        unused = [split for split in builder.info.splits if split not in PARTS]
    except Exception as error:  # whatever TFDS makes of broken files
        raise InputError(f"{folder}: cannot be read by TFDS: {error}") from error
    if unused:
        say(f"tfds:{detail}: split(s) that are not used: {listed(unused)}")
    features = _features(detail, info, builder.info.supervised_keys, tfds.features)
    skip = {features.image: tfds.decode.SkipDecoding()}  # decoded here, by Pillow in any case
    records = {split: _opened(builder, folder, split, skip) for split in splits}
    return _gathered(f"tfds:{detail}", records, features)


def _features(detail: str, info: Any, supervised: Any, kinds: Any) -> _Features:
    """Which features are image, class label and id."""
    features = dict(info.items()) if hasattr(info, "items") else {}
    keys = [key for key in supervised or () if isinstance(key, str)]
    images = [key for key, value in features.items() if isinstance(value, kinds.Image)]
    labels = [key for key, value in features.items() if isinstance(value, kinds.ClassLabel)]
    image = _chosen(images, keys, "image")
    label = _chosen(labels, keys, "label")
    if not image or not label or features[image].np_dtype != np.uint8:
        raise InputError(f"config.data.name: is 'tfds:{detail}', with the features "
                         f"{', '.join(map(str, features)) or 'none'}; allowed: sets with one uint8 "
                         "image and one class label for each example")
    return _Features(image, label, "id" if "id" in features else "", features[image].shape[-1],
                     tuple(features[label].names))


def _chosen(keys: list[str], supervised: list[str], usual: str) -> str:
    """The key that TFDS' supervised pair has, else the usual one, else the only one."""
    for key in (*supervised, usual):
        if key in keys:
            return key
    return keys[0] if len(keys) == 1 else ""


def _opened(builder: Any, folder: pathlib.Path, split: str, decoders: dict) -> _Records:
    try:
        records = builder.as_data_source(split=split, decoders=decoders)
        stated = builder.info.splits[split].num_examples
        if len(records) != stated:
            raise ValueError(f"it has {len(records)} records, dataset_info.json says {stated}")
        return records
    except NotImplementedError as error:
        raise InputError(f"{folder}: is of the format {builder.info.file_format.value}; allowed: "
                         "array_record, as made by download_and_prepare of a builder with "
                         "file_format='array_record'") from error
    except Exception as error:
        raise InputError(f"{folder}: the split {split} cannot be read: {error}") from error


def _gathered(title: str, records: dict[str, _Records], features: _Features) -> Source:
    """Decodes all records of all splits into a Source."""
    sizes = {split: len(examples) for split, examples in records.items()}
    count, labels, own_ids, record_ids = sum(sizes.values()), [], [], []

    def encoded() -> Iterator[Encoded]:
        for split, examples in records.items():
            width = max(5, len(str(sizes[split] - 1)))
            for number, example in enumerate(_examples(title, split, examples, features)):
                labels.append(int(example[features.label]))
                own_ids.append(_text(example.get(features.id), split, width))
                record_ids.append(f"{split}_{number:0{width}d}")
                yield f"{title}, split {split}, record {number}", bytes(example[features.image])

    if not count:
        raise InputError(f"{title}: has no split train; allowed: sets with training examples")
    images = decode(f"decoding {title}", encoded(), count, features.channels)
    usable = len(set(own_ids)) == count and not any(map(id_fault, own_ids))
    ids = own_ids if features.id and usable else record_ids
    parts = np.repeat(list(sizes), list(sizes.values()))
    name = tfds_folder.base_name(title.removeprefix("tfds:"))
    mean, std = statistics(name, images, parts == "train")
    return make_source(title, Source(images, np.array(labels, np.int32), np.array(ids), parts,
                                     features.classes, 255.0, mean, std))


def _text(value: Any, split: str, width: int) -> str:
    """An id as text; numbers get the name of their split, and leading zeros to sort by."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return f"{split}_{int(value):0{width}d}" if isinstance(value, int | np.integer) else str(value)


def _examples(title: str, split: str, records: _Records, features: _Features) -> Iterator[dict]:
    """All records of a split, each with an image and a label."""
    for start in range(0, len(records), _CHUNK):
        numbers = range(start, min(start + _CHUNK, len(records)))
        try:
            chunk = records.__getitems__(numbers)
        except Exception:  # found again below, one by one
            chunk = [_example(title, split, records, number) for number in numbers]
        for number, example in zip(numbers, chunk, strict=True):
            for key in (features.image, features.label):
                if example.get(key) is None:  # what is read from a file that was cut
                    raise InputError(f"{title}, split {split}: record {number} is broken: it has "
                                     f"no {key}")
            yield example


def _example(title: str, split: str, records: _Records, number: int) -> dict:
    try:
        return records[number]
    except Exception as error:
        raise InputError(f"{title}, split {split}: record {number} is broken: {error}") from error
