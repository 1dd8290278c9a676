"""Fields of a config with their comments, read from the code of `config/base.py`."""

import ast
import inspect
import io
import tokenize
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rum_jax.config import base

TABLES = "hparams"  # fields of this name are tables of hyper-parameters
_SGD = {"momentum": "of SGD", "weight_decay": "of SGD, on all parameters",
        "augmentation": "none, crop, crop_and_flip"}
TEXTS = {
    **{f"unlearn.{name}": text for name, text in _SGD.items()},
    "unlearn.batch_size": "examples of each optimizer step",
    "train.epochs": "passes over the training set", "train.momentum": _SGD["momentum"],
    "train.from_files_mean": "mean of each channel, of pixels in [0,1], that the files' models "
                             "were normalized by; (): the data set's",
    "train.from_files_std": "their standard deviation, likewise; with both, all models of the "
                            "study are normalized so",
    "memorization.epochs": "passes over the subset of each model",
    "memorization.milestones": "epochs at which the rate falls, for schedule steps",
    "rum.algorithms": "algorithm for subsets of this level",
    "proxies.heldout_retrain.part": "held-out data: test, validation",
    "proxies.heldout_retrain.learning_rate": "of fine-tuning on the held-out data",
    "proxies.heldout_retrain.epochs": "most passes over the held-out data",
    "proxies.heldout_retrain.order": "random: shuffled in every epoch; data: order of the data",
    "proxies.loss_curvature.h": "length of the step in input space",
    "engine.cpu_threads": "0: one per core; rounding depends on it, see "
                          "[reproducibility](reproducibility.md)",
    # Sections without a comment in the code.
    "forget": "which examples are to be forgotten",
    "memorization": "how memorization is estimated, or where its scores are read from",
    "rum": "`rum`: an algorithm for each level of subset",
    "rum_f": "`rum_f:<algorithm>`: every subset by the same algorithm",
    "mia": "membership inference attacks",
    "stream": "requests to forget, each unlearned from the models of the one before",
    "proxies": "proxies of memorization",
    "relearn": "relearn time: epochs on the forget set until its accuracy is back",
}


class Field(NamedTuple):
    """A field of the config: its dotted name, default and comment."""

    name: str
    default: object
    comment: str


class Section(NamedTuple):
    """A part of the config: its name ("" for fields of the top level), what it is, its fields."""

    name: str
    about: str
    fields: list[Field]


def sections(source: str | None = None, config: Mapping | None = None) -> list[Section]:
    """Sections in the order of the config; hyper-parameters of algorithms are left out.

    Args:
      source: of `config/base.py`; None: as it is installed.
      config: the defaults; None: those of `base.get_config()`.
    """
    source = inspect.getsource(base) if source is None else source
    config = base.get_config().to_dict() if config is None else config
    comments = {**dict(_comments(source)), **TEXTS}
    order = list(comments)
    tops = [Field(name, value, comments.get(name, ""))
            for name, value in config.items() if not isinstance(value, Mapping)]
    parts = [Section("", "Fields of the study itself.", tops)]
    for name, value in config.items():
        if isinstance(value, Mapping):
            fields = [Field(f"{name}.{key}", default, comments.get(f"{name}.{key}", ""))
                      for key, default in value.items() if key != TABLES]
            parts.append(Section(name, comments.get(name, ""), list(_flat(fields, comments))))
    return [part._replace(fields=sorted(part.fields, key=lambda field: _place(order, field.name)))
            for part in sorted(parts, key=lambda part: _place(order, part.name)) if part.fields]


def _place(order: list[str], name: str) -> int:
    """Where a name stands in the code: "" first, and last what the code has no comment on."""
    if not name:
        return -1
    return order.index(name) if name in order else len(order)


def _flat(fields: list[Field], comments: Mapping[str, str]) -> Iterator[Field]:
    """The same fields, those that are tables replaced by their entries."""
    for field in fields:
        if not isinstance(field.default, Mapping):
            yield field
            continue
        for key, default in field.default.items():
            name = f"{field.name}.{key}"
            yield Field(name, default, comments.get(name) or field.comment)


def _comments(source: str) -> Iterator[tuple[str, str]]:
    """(name of a field or section, comment)."""
    tree, notes = ast.parse(source), _notes(source)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for function in functions.values():
        for node in ast.walk(function):
            if not isinstance(node, ast.Assign):
                continue
            target = node.targets[0]
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs = list(zip(target.elts, node.value.elts, strict=True))
            else:
                pairs = [(target, node.value)]
            for left, value in pairs:
                if isinstance(left, ast.Attribute):
                    yield from _assigned(_dotted(left), value, node, functions, notes)


def _dotted(node: ast.Attribute) -> str:
    """`rum.algorithms` of the target `c.rum.algorithms`."""
    return ast.unparse(node).partition(".")[2]


def _assigned(name: str, value: ast.expr, node: ast.Assign, functions: Mapping,
              notes: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """Comments of a name that is assigned to, and of the keys of what is assigned."""
    called = isinstance(value, ast.Call) and functions.get(getattr(value.func, "id", ""))
    if called:
        yield name, (ast.get_docstring(called) or "").partition("\n\n")[0]
        (table,) = [call for call in ast.walk(called) if _is_config(call)][-1:] or [None]
    else:
        last = node.lineno if _is_config(value) else node.end_lineno
        yield name, _note(notes, node.lineno, last)
        table = value if _is_config(value) else None
    if table is None or not table.args or not isinstance(table.args[0], ast.Dict):
        return
    for key, default in zip(table.args[0].keys, table.args[0].values, strict=True):
        if isinstance(key, ast.Constant):
            yield f"{name}.{key.value}", _note(notes, key.lineno, default.end_lineno, above=False)


def _is_config(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ConfigDict"


def _notes(source: str) -> dict[int, tuple[str, bool]]:
    """Line -> its comment, and whether it has the line for itself."""
    notes = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            alone = not token.line[:token.start[1]].strip()
            notes[token.start[0]] = token.string.lstrip("# ").strip(), alone
    return notes


def _note(notes: Mapping[int, tuple[str, bool]], first: int, last: int, above: bool = True) -> str:
    """The comment of lines first..last, with lines of comments alone that go on below it.

    Args:
      notes: see `_notes`.
      first, last: lines of a statement, or of an entry.
      above: whether comments alone above the first line count where there is no other.
    """
    texts = [notes[line][0] for line in range(first, last + 1) if line in notes]
    if texts:
        return " ".join([*texts, *_alone(notes, last + 1, 1)])
    return " ".join(reversed(_alone(notes, first - 1, -1))) if above else ""


def _alone(notes: Mapping[int, tuple[str, bool]], line: int, step: int) -> list[str]:
    """Comments alone from a line on, upwards or downwards, in that order."""
    texts = []
    while line in notes and notes[line][1]:
        texts.append(notes[line][0])
        line += step
    return texts
