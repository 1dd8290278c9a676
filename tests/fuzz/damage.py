"""Damage to files and folders: what kinds there are, how each is done, and how it is drawn."""

import json
import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

CONTENTS = {
    "nothing": b"", "null": b"null", "list": b"[]", "object": b"{}", "text": b'"x"',
    "large number": b"1e400", "long integer": b"1" * 5000, "NaN": b"NaN", "deep": b"[" * 100_000,
    "list of null": b"[null]", "object of null": b'{"sha256": null, "seconds": null}',
    "empty digests": b'{"seconds": 1.0, "sha256": {}}', "garbage": bytes(range(256)) * 3,
    "zeros": bytes(500), "not UTF-8": b"\xff\xfe\x80{}", "a byte order mark": b"\xef\xbb\xbf{}",
    "a zip file's beginning": b"PK\x03\x04" + bytes(40), "spaces": b" \n \n",
}
VALUES = (None, True, -1, 0, 10**30, 1e308, "", "x", "ä" * 300, [], [1], {}, {"x": 1}, [[None]])
ODD_NAMES = ("{} ", " {}", "{}.bak", "{}~", ".{}", "{}.partial", "copy of {}", "{}\n", "ä{}", "-{}",
             "{}.npz", "{}.0001", "{}$", "00000-00001.npz", "00000-99999.npz", "done.json")


class Damage(NamedTuple):
    """One piece of damage.

    Attributes:
      kind: key of ON_FILES or ON_FOLDERS.
      path: what it is done to, below the folder of the workdirs.
      argument: what the kind takes besides.
    """

    kind: str
    path: str
    argument: Any = None

    def do(self, folder: pathlib.Path) -> None:
        """Damages a copy; what an earlier piece of damage has removed already is left."""
        path = folder / self.path
        if os.path.lexists(path):
            {**ON_FILES, **ON_FOLDERS}[self.kind](path, self.argument)


def _truncate(path: pathlib.Path, share: float) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes()[:int(share * path.stat().st_size)])


def _flip(path: pathlib.Path, where: tuple[float, int]) -> None:
    if path.is_file() and path.stat().st_size:
        content = bytearray(path.read_bytes())
        content[int(where[0] * len(content))] ^= 1 << where[1]
        path.write_bytes(content)


def _replace(path: pathlib.Path, name: str) -> None:
    _remove(path)
    path.write_bytes(CONTENTS[name])


def _by_another(path: pathlib.Path, other: str) -> None:
    source = _top(path, other)
    if source.is_file() and source != path:
        content = source.read_bytes()
        _remove(path)
        path.write_bytes(content)


def _link(path: pathlib.Path, target: str) -> None:
    _remove(path)
    path.symlink_to(path.name if target == "itself" else target)


def _to_folder(path: pathlib.Path, filled: bool) -> None:
    _remove(path)
    path.mkdir()
    if filled:
        (path / "x").write_text("x")


def _copied(source: pathlib.Path, target: pathlib.Path) -> None:
    """Links in it stay links, as one may lead to itself."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _copy(path: pathlib.Path, name: str) -> None:
    target = path.with_name(name.format(path.name))
    if path.exists() and not os.path.lexists(target):  # a link may lead nowhere
        _copied(path, target)


def _rename(path: pathlib.Path, name: str) -> None:
    target = path.with_name(name.format(path.name))
    if path.exists() and not os.path.lexists(target):  # a link may lead nowhere
        path.rename(target)


def _change_case(path: pathlib.Path, _: None) -> None:
    path.rename(path.with_name(path.name.swapcase()))


def _crlf(path: pathlib.Path, _: None) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _append(path: pathlib.Path, content: bytes) -> None:
    if path.is_file():
        path.write_bytes(path.read_bytes() + content)


def _change_json(path: pathlib.Path, change: tuple[int, Any, str]) -> None:
    """Replaces the value at some place of a JSON file, removes it, or adds one beside it."""
    number, value, way = change
    try:
        content = json.loads(path.read_text())
    except (ValueError, OSError):
        return
    places = list(_places(content))
    if not places:
        return
    table, key = places[number % len(places)]
    if way == "remove":
        del table[key]
    elif way == "add" and isinstance(table, dict):
        table["another"] = value
    else:
        table[key] = value
    path.write_text(json.dumps(content))


def _places(content: Any) -> Any:
    """All (table, key) of nested lists and objects."""
    if isinstance(content, dict | list):
        for key in content if isinstance(content, dict) else range(len(content)):
            yield content, key
            yield from _places(content[key])


def _touch(path: pathlib.Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def _delete(path: pathlib.Path, _: None) -> None:
    _remove(path)


def _from_other(path: pathlib.Path, other: str) -> None:
    """Takes the file or folder of the same name from another workdir."""
    parts = pathlib.Path(*path.parts[_depth(path):])
    source = pathlib.Path(*path.parts[:_depth(path)]).parent / other / parts
    if source.exists():
        _remove(path)
        _copied(source, path)


def _swap(path: pathlib.Path, other: str) -> None:
    second = _top(path, other)
    if second.is_dir() and path not in (second, *second.parents) and second not in path.parents:
        aside = path.with_name("aside")
        path.rename(aside)
        second.rename(path)
        aside.rename(second)


def _stray(path: pathlib.Path, name: str) -> None:
    if path.is_dir() and not (path / name).exists():
        (path / name).write_bytes(b"{}")


def _leftover(path: pathlib.Path, _: None) -> None:
    if path.is_dir():
        shutil.copytree(path, path.with_name(path.name + ".partial"), symlinks=True,
                        dirs_exist_ok=True)


def _without_done(path: pathlib.Path, _: None) -> None:
    (path / "done.json").unlink(missing_ok=True)


def _depth(path: pathlib.Path) -> int:
    """How many parts of a path lead to its workdir, which lies in a folder called copy_<n>."""
    return 2 + max(i for i, part in enumerate(path.parts) if part.startswith("copy_"))


def _top(path: pathlib.Path, other: str) -> pathlib.Path:
    return pathlib.Path(*path.parts[:_depth(path) - 1]) / other


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()


ON_FILES: dict[str, Callable[[pathlib.Path, Any], None]] = {
    "truncate": _truncate, "flip a bit": _flip, "replace": _replace, "append": _append,
    "by another": _by_another, "link": _link, "to folder": _to_folder, "delete": _delete,
    "copy": _copy, "rename": _rename, "change case": _change_case, "crlf": _crlf,
    "change json": _change_json, "touch": _touch, "from other": _from_other,
}
ON_FOLDERS: dict[str, Callable[[pathlib.Path, Any], None]] = {
    "swap": _swap, "stray file": _stray, "leftover": _leftover, "without done": _without_done,
    "from other": _from_other, "delete": _delete, "copy": _copy, "rename": _rename,
    "replace": _replace, "link": _link,
}


def _argument(kind: str, files: list[str], folders: list[str]) -> st.SearchStrategy:
    share = st.integers(0, 999).map(lambda number: number / 1000)
    return {
        "truncate": share, "flip a bit": st.tuples(share, st.integers(0, 7)),
        "replace": st.sampled_from(sorted(CONTENTS)),
        "append": st.sampled_from([b"\n", b"{}", bytes(9)]),
        "by another": st.sampled_from(files), "swap": st.sampled_from(folders),
        "link": st.sampled_from(["itself", "/nowhere", "/dev/null", "."]),
        "to folder": st.booleans(), "copy": st.sampled_from(ODD_NAMES),
        "rename": st.sampled_from(ODD_NAMES),
        "change json": st.tuples(st.integers(0, 999), st.sampled_from(VALUES),
                                 st.sampled_from(["replace", "remove", "add"])),
        "touch": st.sampled_from([0, 1, 2**31, 2**33]), "from other": st.just("other"),
        "stray file": st.sampled_from(["x", "done.json", "config.json", "x.npz", ".x", "x.partial",
                                       "00000-00001.npz", "00002-00007.npz", "0000.0000",
                                       "0000-x.json", "metrics.json"]),
    }.get(kind, st.none())


def damage(folder: pathlib.Path, names: tuple[str, ...]) -> st.SearchStrategy[Damage]:
    """Damage to any file or folder of these workdirs or to these files, all below a folder."""
    below = [path for name in names
             for path in (folder / name, *sorted((folder / name).rglob("*")))]
    files = [str(path.relative_to(folder)) for path in below if path.is_file()]
    folders = [str(path.relative_to(folder)) for path in below if path.is_dir()]

    def of(table: dict, paths: list[str]) -> st.SearchStrategy[Damage]:
        return st.sampled_from(sorted(table)).flatmap(lambda kind: st.builds(
            Damage, st.just(kind), st.sampled_from(paths), _argument(kind, files, folders)))

    outside = [path for path in files if "/stages/" not in path]
    done = [path for path in files if path.endswith("/done.json")]
    stages = [path for path in folders if path + "/done.json" in done]
    tables = [(ON_FILES, files), (ON_FILES, outside), (ON_FILES, done),
              (ON_FOLDERS, folders), (ON_FOLDERS, stages)]
    return st.one_of(*(of(table, paths) for table, paths in tables if paths))
