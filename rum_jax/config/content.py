"""A config with digests in place of the paths of its files; `data.path` is left out."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rum_jax.config.identity import ADDED, FREE, below, is_as_before
from rum_jax.core import plugins, records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import user_path
from rum_jax.memorization.published import digest

DIGEST = "sha256:"
DATA_PATH = "config.data.path"  # need not be there any more
SCORES, MODELS = "config.memorization.scores", "config.train.from_files"
SETS = ("config.forget.sets", "config.stream.requests")
FILE = "file:"


class Content(NamedTuple):
    """A config whose paths are digests.

    Attributes:
      values: dotted field, as `config.train.epochs` -> JSON value. In place of a path stands
        `sha256:<digest of the file>`.
      files: dotted field -> {path as the config has it: such a digest}.
    """

    values: dict[str, Any]
    files: dict[str, dict[str, str]]

    def part(self, *names: str, less: tuple[str, ...] = ()) -> dict[str, Any]:
        """The fields of these names (without `config.`), or below them, that are not free.

        Args:
          names: see `rum_jax.config.identity`.
          less: names that are left out.

        Raises:
          KeyError: there is no such field.
        """
        chosen = {}
        for name in names:
            fields = {field: value for field, value in self.values.items()
                      if below(field.removeprefix("config."), (name,))}
            if not fields and not any(below(field, (name,)) for field in ADDED):
                raise KeyError(name)
            chosen |= {field: value for field, value in fields.items()
                       if not below(field.removeprefix("config."), (*FREE, *less))}
        return chosen

    def set_name(self, name: str) -> str:
        """A forget set of the config, with the digest of its file in place of the path."""
        return _set_name(name, {path: digest for field in SETS
                                for path, digest in self.files.get(field, {}).items()})


def content_of(config: Mapping) -> Content:
    """Reads every file that the config names.

    Raises:
      InputError: a file cannot be read; names the field and the file.
    """
    values, files = {}, {}
    for field, value in flat(config).items():
        if field == DATA_PATH or is_as_before(field.removeprefix("config."), value):
            continue
        digests = {path: DIGEST + _digest(field, path) for path in _paths(field, value)}
        if digests:
            files[field] = digests
        values[field] = records.plain(_replaced(field, value, digests))
    return Content(values, files)


def replaced(text: str, digests: Mapping[str, str]) -> str:
    """A text, such as a row, with every path of a user's own code as the digest of the file."""
    for path in sorted(digests, key=len, reverse=True):
        text = text.replace(f"{path}:", f"{digests[path]}:")
    return text


def code_digests(text: str) -> dict[str, str]:
    """Path -> digest of each file of a user's own that a text, such as a row, names."""
    return {path: DIGEST + _digest(text, path) for path in plugins.paths(text)}


def flat(config: Mapping, path: str = "config") -> dict[str, Any]:
    """All values of nested tables under their dotted names."""
    fields = {}
    for name, value in config.items():
        inner = f"{path}.{name}"
        fields.update(flat(value, inner) if isinstance(value, Mapping) else {inner: value})
    return fields


def _paths(field: str, value: Any) -> Iterator[str]:
    """Paths in the value of a field."""
    if field == SCORES:
        yield from [value] if value else []
    elif field == MODELS:
        yield from value
    elif field in SETS:
        yield from (name.removeprefix(FILE) for name in value if name.startswith(FILE))
    else:
        yield from plugins.paths(value)


def _replaced(field: str, value: Any, digests: Mapping[str, str]) -> Any:
    if isinstance(value, tuple | list):
        return [_replaced(field, item, digests) for item in value]
    if not isinstance(value, str) or not digests:
        return value
    if field in (SCORES, MODELS):
        return digests.get(value, value)
    if field in SETS:
        return _set_name(value, digests)
    return replaced(value, digests)


def _set_name(name: str, digests: Mapping[str, str]) -> str:
    return FILE + digests[name.removeprefix(FILE)] if name.startswith(FILE) else name


def _digest(field: str, path: str) -> str:
    try:
        return digest(user_path(path))
    except OSError as error:
        raise InputError(f"{field}: {path}: cannot be read ({error.strerror or error}); allowed: "
                         "a file that is there") from error
