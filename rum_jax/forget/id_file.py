"""Reads a list of examples: ids, positions or a mask, as people write them down.

A text file has one on each line; it may have a byte order mark, lines that begin with #, a header
line, and more columns (the one that the header calls id or, for positions, position; without a
header the first one of ids). A JSON file has a list. An .npy file has one array, an .npz file one
called `ids`.
"""

import codecs
import csv
import json
import pathlib
import re
from collections.abc import Collection, Iterator

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.core.numpy_file import Unreadable, kind_of, names_in, read_npy, read_npz
from rum_jax.forget.selection import IDS, POSITIONS

ALLOWED = ("a text file with one id per line (comments begin with #), a JSON list of ids, an .npy "
           "array, or an .npz file with an array `ids`")
_ID_NAMES = ("id", "ids", "example_id", "image_id")
_POSITION_NAMES = ("position", "positions", "index", "indices", "idx")
_FILE_NAMES = ("image", "filename", "file", "name")
# What columns and lists are called; of several in a file the first counts.
_HEADERS = {IDS: (*_ID_NAMES, *_POSITION_NAMES, *_FILE_NAMES),
            POSITIONS: (*_POSITION_NAMES, *_ID_NAMES, *_FILE_NAMES)}
_MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
          (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
          (codecs.BOM_UTF16_BE, "utf-16"))
_LONGEST = 60


def read(path: pathlib.Path, context: Collection[str] = (), file_ids: str = IDS) -> np.ndarray:
    """str[n], int[n] or bool[n], in the order of the file.

    Args:
      path: of the file.
      context: ids of the data set: a line that is one is taken as it is, whatever is in it.
      file_ids: IDS or POSITIONS, what is read where a file has both.

    Raises:
      InputError: it cannot be read, is empty, or has several ids on one line.
    """
    try:
        kind = kind_of(path)
        if kind:
            entries = _of_array(path, _array(path, kind))
        else:
            entries = _of_text(path, _decoded(path.read_bytes()), context, file_ids)
    except Unreadable as error:
        raise InputError(f"{path}: cannot be read: {error}; allowed: {ALLOWED}") from error
    if not len(entries):
        raise InputError(f"{path}: has no ids; allowed: at least one, in {ALLOWED}")
    return entries


def shown(value: object) -> str:
    """A value as text, cut where it is long."""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _array(path: pathlib.Path, kind: str) -> np.ndarray:
    if kind == "npy":
        return read_npy(path)
    arrays = read_npz(path, ("ids",))
    if "ids" not in arrays:
        names = ", ".join(names_in(path)) or "no arrays"
        raise InputError(f"{path}: has no array `ids`, but {shown(names)}; allowed: {ALLOWED}")
    return arrays["ids"]


def _of_array(path: pathlib.Path, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    if array.dtype.kind not in "Uiub":
        raise InputError(f"{path}: its ids are {array.dtype}{list(array.shape)}; allowed: texts, "
                         "or integers or a mask of booleans")
    if sum(size > 1 for size in array.shape) > 1:
        raise InputError(f"{path}: its ids are {array.dtype}{list(array.shape)}; allowed: one "
                         "dimension")
    return np.atleast_1d(array).ravel()


def _decoded(raw: bytes) -> str:
    """The text of a file; Unreadable if it is none."""
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in raw:
        raise Unreadable("it is no text in UTF-8, as it has zero bytes")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no text in {encoding.removesuffix('-sig').upper()}") from error


def _of_text(path: pathlib.Path, text: str, context: Collection[str],
             file_ids: str) -> np.ndarray:
    if text.lstrip()[:1] in ("[", "{") or path.suffix.lower() == ".json":
        try:
            return _of_json(path, json.loads(text), file_ids)
        except (ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            if path.suffix.lower() == ".json":
                raise Unreadable("it is no JSON") from error
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
    return np.array(list(_cells(path, [line for line in lines if line], context, file_ids)), str)


def _of_json(path: pathlib.Path, value: object, file_ids: str) -> np.ndarray:
    if isinstance(value, dict):
        value = next((value[name] for name in _HEADERS[file_ids] if name in value), None)
    for kind in (str, bool, int):
        if isinstance(value, list) and all(type(item) is kind for item in value):
            return np.array(value, {str: str, bool: bool, int: object}[kind])
    raise InputError(f"{path}: is JSON, but no list of ids; allowed: a list of texts, of integers, "
                     "or of booleans, alone or under the name ids")


def _cells(path: pathlib.Path, lines: list[str], context: Collection[str],
           file_ids: str) -> Iterator[str]:
    """What each line names; without comments and the header."""
    column, columns, count, unclear = 0, 1, 0, False
    for line in lines:
        if line not in context:
            if line.startswith("#"):
                continue
            line = re.split(r"\s#", line)[0].strip()
        count += 1
        if line in context:
            yield line
            continue
        cells = _split(line)
        named = [cell.lower() for cell in cells]
        header = next((named.index(name) for name in _HEADERS[file_ids] if name in named), None)
        if count == 1 and header is not None:
            column, columns = header, len(cells)
            continue
        beside = [cell for cell in cells[columns:] if cell]
        if beside and (file_ids == POSITIONS or any(cell in context for cell in beside)):
            raise InputError(f"{path}: has several {file_ids} on one line, {shown(line)}; allowed: "
                             f"{_one_per_line(file_ids)}")
        unclear = bool(beside)
        yield cells[column] if column < len(cells) else line
    if unclear and count == 1:
        raise InputError(f"{path}: has one line, whose cells may be {file_ids} or columns; "
                         f"allowed: {_one_per_line(file_ids)}")


def _one_per_line(file_ids: str) -> str:
    return f"one per line, with more columns only below a header line such as {file_ids},label"


def _split(line: str) -> list[str]:
    delimiter = next((mark for mark in "\t;" if mark in line), ",")
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:  # longer than any that it takes
        return [line]
