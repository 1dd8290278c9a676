"""Files that are either whole or absent: write beside, then rename."""

import csv
import hashlib
import io
import json
import math
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rum_jax.core.errors import InputError


def write_bytes(path: pathlib.Path, content: bytes) -> None:
    """Writes a file atomically and durably.

    Raises:
      InputError: something that is no file is in its place.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (IsADirectoryError, NotADirectoryError) as error:
        raise InputError(f"{error.filename2 or error.filename}: is in the place of a file that is "
                         f"written here ({error.strerror}); move it elsewhere and run the same "
                         "command again") from error


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes strict JSON; NaN and infinities become null."""
    write_bytes(path, (json.dumps(plain(value), indent=1) + "\n").encode())


def write_lines(path: pathlib.Path, records: Iterable[dict]) -> None:
    """Writes JSON lines."""
    lines = (json.dumps(plain(record)) + "\n" for record in records)
    write_bytes(path, "".join(lines).encode())


def write_csv(path: pathlib.Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Writes a table with a header line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


def write_arrays(path: pathlib.Path, **arrays: np.ndarray) -> None:
    """Writes a compressed npz."""
    content = io.BytesIO()
    named: dict[str, Any] = arrays
    np.savez_compressed(content, **named)
    write_bytes(path, content.getvalue())


def read_json(path: pathlib.Path) -> Any:
    """Reads what write_json wrote."""
    return json.loads(path.read_text())


def read_lines(path: pathlib.Path) -> list[dict]:
    """Reads what write_lines wrote."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_arrays(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Reads what write_arrays wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def digest(value: Any) -> str:
    """Hexadecimal SHA-256 of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def sha256(path: pathlib.Path) -> str:
    """Hexadecimal digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def array_sha256(array: np.ndarray) -> str:
    """Hexadecimal digest of an array's values, shape and type."""
    total = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def plain(value: Any) -> Any:
    """A value as strict JSON gives it back: lists for tuples, null for NaN and infinities."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
