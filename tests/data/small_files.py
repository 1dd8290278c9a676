"""Small data sets of every format, made on the spot."""

import io
import json
import pathlib

import numpy as np
from PIL import Image


def picture(seed: int, shape: tuple[int, ...] = (4, 5, 3)) -> np.ndarray:
    """uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path: pathlib.Path, pixels: np.ndarray, mode: str | None = None) -> None:
    """Writes an image file, its folder included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path)


def png(pixels: np.ndarray) -> bytes:
    """The bytes of a PNG; [H,W,1] is grayscale."""
    content = io.BytesIO()
    Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(content, "PNG")
    return content.getvalue()


def _feature(value):
    from tensorflow_datasets.proto import tf_feature_pb2 as proto

    if isinstance(value, bytes):
        return proto.Feature(bytes_list=proto.BytesList(value=[value]))
    return proto.Feature(int64_list=proto.Int64List(value=[value]))


def _record(values: dict) -> bytes:
    from tensorflow_datasets.proto import tf_example_pb2, tf_feature_pb2

    features = {key: _feature(value) for key, value in values.items()}
    return tf_example_pb2.Example(
        features=tf_feature_pb2.Features(feature=features)).SerializeToString()


def _described(features: dict) -> dict:
    """features.json of {key: "image" | number of classes | "text"} as TFDS writes it."""
    core, descriptions = "tensorflow_datasets.core.features", {}
    for key, kind in features.items():
        if isinstance(kind, tuple):
            shape = {"dimensions": [str(size) for size in kind]}
            descriptions[key] = {"pythonClassName": f"{core}.image_feature.Image", "image": {
                "dtype": "uint8", "encodingFormat": "png", "shape": shape}}
        elif isinstance(kind, int):
            descriptions[key] = {"pythonClassName": f"{core}.class_label_feature.ClassLabel",
                                 "classLabel": {"numClasses": str(kind)}}
        else:
            descriptions[key] = {"pythonClassName": f"{core}.text_feature.Text", "text": {}}
    return {"pythonClassName": f"{core}.features_dict.FeaturesDict",
            "featuresDict": {"features": descriptions}}


def tfds(root: pathlib.Path, name: str, splits: dict[str, list[dict]], features: dict,
         version: str = "1.0.0", supervised: tuple[str, ...] = ("image", "label"),
         kind: str = "array_record") -> pathlib.Path:
    """A TFDS data set of records {key: bytes or int}; returns its folder."""
    from array_record.python.array_record_module import ArrayRecordWriter

    folder = root / name / version
    folder.mkdir(parents=True)
    stated = []
    for split, records in splits.items():
        file = folder / f"{name.split('/')[0]}-{split}.{kind}-00000-of-00001"
        writer = ArrayRecordWriter(str(file), "group_size:1")
        for record in records:
            writer.write(record if isinstance(record, bytes) else _record(record))
        writer.close()
        stated.append({"name": split, "numBytes": "1", "shardLengths": [str(len(records))],
                       "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"})
    items = {"tuple": {"items": [{"featureKey": key} for key in supervised]}}
    info = {"name": name.split("/")[0], "version": version, "fileFormat": kind, "splits": stated,
            "moduleName": "made", **({"supervisedKeys": items} if supervised else {})}
    (folder / "dataset_info.json").write_text(json.dumps(info))
    (folder / "features.json").write_text(json.dumps(_described(features)))
    return folder


def examples(count: int, classes: int, prefix: str = "", shape: tuple[int, ...] = (4, 5, 3),
             seed: int = 0) -> list[dict]:
    """Records of `tfds`, shuffled; with ids `<prefix>_%05d` if there is a prefix."""
    records = [{"image": png(picture(seed + i, shape)), "label": i % classes,
                **({"id": f"{prefix}_{i:05d}".encode()} if prefix else {})} for i in range(count)]
    return [records[i] for i in np.random.default_rng(seed).permutation(count)]
