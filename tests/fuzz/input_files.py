"""Files that a config names, in forms that people have, and that nobody should have."""

import io
import json
import pickle
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from fuzz.damage import CONTENTS

IDS = [f"image_{number:05d}" for number in range(60)]


def _saved(array: object) -> bytes:
    content = io.BytesIO()
    np.save(content, np.asarray(array), allow_pickle=True)
    return content.getvalue()


def _archive(**arrays: object) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def id_files(ids: list[str]) -> dict[str, bytes]:
    """Name -> content of a file of ids; `ids` are six of the training set."""
    text = "\n".join(ids)
    return {
        "ids.txt": text.encode(), "crlf.txt": "\r\n".join(ids).encode(),
        "bom.txt": text.encode("utf-8-sig"), "utf16.txt": text.encode("utf-16"),
        "latin.txt": (text + "\né").encode("latin-1"), "comments.txt": f"# ids\n{text}".encode(),
        "header.csv": f"id\n{text}".encode(), "quoted.csv": json.dumps(ids).encode(),
        "columns.csv": "\n".join(f"{id_},3" for id_ in ids).encode(),
        "ids.json": json.dumps(ids).encode(), "long.json": json.dumps(ids * 2000).encode(),
        "object.json": json.dumps({"ids": ids}).encode(), "ids.npy": _saved(ids),
        "bytes.npy": _saved(np.array(ids, "S")), "objects.npy": _saved(np.array(ids, object)),
        "scalar.npy": _saved(3), "mask.npy": _saved(np.arange(60) < 6),
        "ints.npy": _saved(range(6)),
        "empty.npy": _saved([]), "ints.txt": b"0\n1\n2\n3\n4\n5",
        "twice.txt": f"{text}\n{ids[0]}".encode(),
        "ids.npz": _archive(ids=ids), "two.npz": _archive(ids=[ids, ids]),
        "other.npz": _archive(x=ids), "none.npz": _archive(ids=np.array([], str)),
        "objects.npz": _archive(ids=np.array(ids, object)), "floats.npz": _archive(ids=[1.5, 2.5]),
        "mask.npz": _archive(ids=np.arange(60) < 6), "nul.txt": b"\0" * 40,
        "spaces.txt": "\n".join(f"  {id_}  " for id_ in ids).encode(),
        "foreign.txt": b"x\ny\nz\nu\nv\nw", "all.txt": "\n".join(IDS).encode(),
        "one line.txt": " ".join(ids).encode(), "long.txt": b"x" * 100_000,
    }


def score_files() -> dict[str, bytes]:
    """Name -> content of a file of scores."""
    good = np.linspace(-0.1, 1, 60)
    bad, many = good.copy(), np.repeat(good, 2)
    bad[:20] = np.nan
    names = {"memorization": good, "ids": IDS}
    return {
        "good.npz": _archive(**names), "nan.npz": _archive(ids=IDS, memorization=bad),
        "inf.npz": _archive(ids=IDS, memorization=np.full(60, np.inf)),
        "large.npz": _archive(ids=IDS, memorization=good * 9), "ints.npz":
        _archive(ids=IDS, memorization=np.arange(60) % 2), "texts.npz":
        _archive(ids=IDS, memorization=np.array(["0.5"] * 60)), "complex.npz":
        _archive(ids=IDS, memorization=good + 1j), "few.npz":
        _archive(ids=IDS[:30], memorization=good[:30]), "twice.npz":
        _archive(ids=IDS * 2, memorization=many), "unlike.npz":
        _archive(ids=IDS, memorization=good[:59]), "none.npz": _archive(memorization=good),
        "scores.npz": _archive(scores=good), "two.npz": _archive(ids=IDS, memorization=good[None]),
        "scalar.npz": _archive(ids=IDS, memorization=1.0), "plain.npy": _saved(good),
        "objects.npz": _archive(ids=IDS, memorization=np.array(good, object)),
        "labels.npz": _archive(**names, labels=np.zeros(60, int)),
        "label texts.npz": _archive(**names, labels=IDS), "ids.csv": b"image_00000,0.5\n",
        "scores.json": json.dumps(dict(zip(IDS, good, strict=True))).encode(),
        "masks.npz": _archive(ids=IDS, trainset_mask=np.ones((4, 60), bool),
                              trainset_correctness=np.ones((4, 60), bool)),
        "wrong masks.npz": _archive(ids=IDS, trainset_mask=np.ones((4, 60), bool),
                                    trainset_correctness=np.ones((4, 59))),
        "number ids.npz": _archive(ids=np.arange(60), memorization=good),
        "constant.npz": _archive(ids=IDS, memorization=np.zeros(60)),
        "pickle.npz": pickle.dumps(good), "empty.npz": _archive(),
    }


def data_files() -> dict[str, bytes]:
    """Name -> content of a data set in one file."""
    draw = np.random.default_rng(1)
    images = draw.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    labels = np.arange(60) % 3

    def of(**changed: object) -> bytes:
        arrays = {"images": images, "labels": labels, "ids": IDS, **changed}
        return _archive(**{name: value for name, value in arrays.items() if value is not None})

    return {
        "good.npz": of(), "floats.npz": of(images=images / 255), "int64.npz":
        of(images=images.astype(np.int64)), "color.npz":
        of(images=images[..., None].repeat(3, -1)),
        "first.npz": of(images=images[:, None]), "two channels.npz":
        of(images=images[..., None].repeat(2, -1)), "flat.npz": of(images=images.reshape(60, 64)),
        "tiny.npz": of(images=images[:, :1, :1]), "wide.npz": of(images=images[:, :2]),
        "constant.npz": of(images=images * 0), "none.npz": of(images=None), "no labels.npz":
        of(labels=None), "from 1.npz": of(labels=labels + 1), "negative.npz": of(labels=labels - 1),
        "gap.npz": of(labels=labels * 2), "large.npz": of(labels=labels + 999_998),
        "column.npz": of(labels=labels[:, None]), "one hot.npz": of(labels=np.eye(3)[labels]),
        "float labels.npz": of(labels=labels + 0.0), "texts.npz": of(labels=IDS), "one class.npz":
        of(labels=labels * 0), "rare.npz": of(labels=(np.arange(60) == 0) * 2 + labels % 2),
        "uint8.npz": of(labels=labels.astype(np.uint8)), "bools.npz": of(labels=labels > 0),
        "twice.npz": of(ids=IDS[:30] * 2), "bytes.npz": of(ids=np.array(IDS, "S")), "odd ids.npz":
        of(ids=[f"../{id_}\n$" for id_ in IDS]), "empty ids.npz": of(ids=[""] * 60), "few ids.npz":
        of(ids=IDS[:9]), "parts.npz": of(parts=["train"] * 40 + ["test"] * 20), "odd parts.npz":
        of(parts=["x"] * 60), "classes.npz": of(classes=["a", "b", "c"]), "odd classes.npz":
        of(classes=["$a$", "b\n$", "ä" * 300]), "few classes.npz": of(classes=["a"]),
        "keras.npz": _archive(x_train=images, y_train=labels, x_test=images, y_test=labels),
        "in two.npz": _archive(train_images=images, train_labels=labels, test_images=images,
                               test_labels=labels), "few.npz": of(
            images=images[:4], labels=labels[:4], ids=IDS[:4]), "empty.npz": _archive(),
        "objects.npz": of(labels=np.array(labels, object)), "plain.npy": _saved(images),
    }


def model_files() -> dict[str, bytes]:
    """Name -> content of a file that is to be a PyTorch checkpoint, and is none."""
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    tensors = len(header).to_bytes(8, "little") + header + bytes(4)
    files = {"other.safetensors": tensors, "cut.safetensors": tensors[:-2], "long.safetensors":
             (2**62).to_bytes(8, "little") + header, "pickle.pth": pickle.dumps({"x": 1}),
             "pickle.pt": pickle.dumps(np.zeros(3)), "x.onnx": b"x", "x": b"x", "scores.npz":
             _archive(x=[1])}
    return files | {f"odd{number}.safetensors": content
                    for number, content in enumerate(CONTENTS.values())}


CONFIG = "from rum_jax.config import base\n"
CONFIGS = (
    "", "x = 3", "syntax error (", "raise ValueError('x')", "import sys\nsys.exit(0)",
    "raise SystemExit", "raise BaseException('x')", "1 / 0",
    "import nothing_of_that_name", "get_config = 3", "get_config = None",
    "class get_config:\n    pass", "def get_config():\n    return None",
    "def get_config():\n    return {}",
    "def get_config():\n    return base.get_config().to_dict()",
    "def get_config():\n    return 3", "def get_config():\n    raise ValueError('x')",
    "def get_config():\n    raise KeyError(3)", "def get_config():\n    raise Exception",
    "def get_config():\n    raise LookupError",
    "def get_config():\n    raise RuntimeError('a\\nb')", "def get_config():\n    raise OSError",
    "def get_config():\n    assert False", "def get_config():\n    raise StopIteration",
    "def get_config():\n    import sys\n    sys.exit(0)",
    "def get_config():\n    raise MemoryError", "def get_config():\n    get_config()",
    "def get_config(a, b):\n    return base.get_config()", "def get_config(x=3):\n    return x",
    "def get_config():\n    yield base.get_config()",
    "from ml_collections import ConfigDict\ndef get_config():\n    return ConfigDict()",
    "from ml_collections import FrozenConfigDict\n"
    "def get_config():\n    return FrozenConfigDict(base.get_config())",
    "def get_config():\n    return base.get_config().lock()",
    "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\n"
    "def get_config():\n    raise Mute",
)
SET = (
    "None", "...", "object()", "lambda: 0", "float('nan')", "float('inf')", "10**400", "-1", "1j",
    "b'x'", "{}", "{1: 2}", "set()", "'x' * 100000", "()", "[0, 1]", "(0, None)", "((0,),)",
    "range(3)", "(x for x in ())", "np.zeros(3)", "np.float32(0.5)", "np.int64(2)", "np.array(1)",
    "ConfigDict()", "ConfigDict({'x': 1})", "True", "'é'", "type", "base", "(0, 1)", "0.5",
    "np.array([0, 1])", "np.str_('x')", "pathlib.Path('x')", "placeholder(int)",
    "FieldReference(3)",
)


@st.composite
def config_file(draw: st.DrawFn, fields: list[str]) -> str:
    """The text of a config file."""
    if draw(st.booleans()):
        return CONFIG + draw(st.sampled_from(CONFIGS)) + "\n"
    field, value = draw(st.sampled_from(fields)), draw(st.sampled_from(SET))
    section = draw(st.sampled_from([field, field, field.rpartition(".")[0] or field]))
    change = draw(st.sampled_from([f"{section} = {value}", f"{section} = {value}",
                                   f"{field}x = {value}", f"unknown = {value}"]))
    head, _, last = section.rpartition(".")
    if draw(st.integers(0, 4)) == 0:
        change = ""
    delete = f"del c{'.' + head if head else ''}['{last}']" if not change else f"c.{change}"
    return (f"{CONFIG}import pathlib\nimport numpy as np\nfrom ml_collections import ConfigDict, "
            "FieldReference\nfrom ml_collections.config_dict import placeholder\n"
            "def get_config():\n    c = base.get_config()\n    c.unlock()\n"
            f"    with c.ignore_type():\n        {delete}\n    return c\n")


class Kind(NamedTuple):
    """Files of one kind.

    Attributes:
      files: name -> content.
      fields: how a study names it, field -> text with {} for the name.
      trained: whether models are trained with it: other images would need other programs.
    """

    files: dict[str, bytes]
    fields: dict[str, str]
    trained: bool = True


def kinds(ids: list[str]) -> dict[str, Kind]:
    """All kinds of files that a study may be given; `ids` are six of the training set."""
    return {
        "ids": Kind(id_files(ids), {"forget__sets": "('file:{}',)", "forget__size": "0"}),
        "scores": Kind(score_files(), {"memorization__scores": "{}"}),
        "data": Kind(data_files(), {"data__path": "{}", "forget__sets": "('random',)",
                                    "forget__size": "3", "memorization__scores": "",
                                    "rows": "('vanilla:finetune',)"}, trained=False),
        "models": Kind(model_files(), {"train__from_files": "('{0}','./{0}')"}),
    }
