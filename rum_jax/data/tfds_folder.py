"""Where TFDS has put a data set on this machine; found without importing TFDS."""

import difflib
import os
import pathlib
import re

from rum_jax.core.errors import InputError

_NUMBER = r"(\d+|\*)"
_NAME = re.compile(r"(?P<name>\w+)(/(?P<config>[\w.+-]+))?"
                   rf"(:(?P<version>{_NUMBER}\.{_NUMBER}\.{_NUMBER}))?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
INFO = "dataset_info.json"


def is_name(value: str) -> bool:
    """Whether it reads as `cifar10`, `cifar10:3.0.2`, `cifar10:3.*.*` or `imagenet_resized/32x32`.
    """
    return _NAME.fullmatch(value) is not None


def _parts(name: str) -> re.Match[str]:
    """`name`, `config` and `version` of a text that `is_name`."""
    match = _NAME.fullmatch(name)
    assert match, name
    return match


def base_name(name: str) -> str:
    """`cifar10` of `CIFAR10:3.0.2`; TFDS' names are all in lower case."""
    return _parts(name)["name"].lower()


def default_root() -> str:
    """TFDS' own choice of a folder: $TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    root = pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    try:
        return str(root.expanduser())
    except RuntimeError as error:
        raise InputError(f"config.data.path: is '', and there is no home folder in which {root} "
                         "could be; set it, or TFDS_DATA_DIR, to the folder of TFDS") from error


def find(root: pathlib.Path, name: str) -> pathlib.Path:
    """The folder of a prepared data set, of its newest version that the name allows.

    Args:
      root: TFDS' data folder, the one that holds a folder for each data set; or the data set's
        own, or that of one of its configs or versions.
      name: as TFDS writes it, `name[/config][:version]`, a number of the version may be *; upper
        and lower case are the same.

    Raises:
      InputError: it is not there: says where it was looked for and how to prepare it; or it is
        there in several configs and the name says none.
    """
    match = _parts(name)
    if (root / INFO).is_file():
        return _given(root, match)
    root = _around(root, match)
    place = _entry(_entry(root, match["name"]), match["config"] or "")
    versions = _versions(place)
    if not versions and not match["config"] and place.is_dir():
        configs = {folder.name: inside for folder in sorted(place.iterdir())
                   if (inside := _versions(folder))}
        if len(configs) > 1:
            raise InputError(f"config.data.name: is 'tfds:{name}'; allowed in {root}: "
                             + ", ".join(f"tfds:{place.name}/{config}" for config in configs))
        versions = next(iter(configs.values()), {})
    fitting = [version for version in versions if _fits(version, match["version"])]
    if not fitting:
        expected = place / (match["version"] or "<version>")
        raise InputError(_missing(root, name, expected, sorted(versions, key=_as_numbers)))
    return versions[max(fitting, key=_as_numbers)]


def _given(folder: pathlib.Path, match: re.Match[str]) -> pathlib.Path:
    """A version's own folder, if it is of the data set that is named."""
    version, above = folder.name, [part.name.lower() for part in folder.parents][:2]
    named = [part.lower() for part in (match["config"], match["name"]) if part]
    if above[:len(named)] != named and not (len(named) == 1 and named[0] == above[-1]):
        raise InputError(f"config.data.path: is {folder}, the folder of another data set than "
                         f"config.data.name, tfds:{match[0]}; allowed: one of the same name, or "
                         "TFDS' data folder around it")
    if not _fits(version, match["version"]):
        raise InputError(f"config.data.path: is {folder}, of version {version}; allowed with "
                         f"config.data.name, tfds:{match[0]}: {match['version']}")
    return folder


def _around(root: pathlib.Path, match: re.Match[str]) -> pathlib.Path:
    """TFDS' data folder, where `root` is a data set's own folder or that of its config."""
    name, config = match["name"].lower(), (match["config"] or "").lower()
    if _entry(root, name).is_dir():
        return root
    if root.name.lower() == name:
        return root.parent
    if config and [root.name.lower(), root.parent.name.lower()] == [config, name]:
        return root.parent.parent
    return root


def _entry(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The entry of that name, in upper or lower case."""
    if (folder / name).exists() or not folder.is_dir():
        return folder / name
    return next((entry for entry in sorted(folder.iterdir())
                 if entry.name.lower() == name.lower()), folder / name)


def _fits(version: str, expected: str | None) -> bool:
    """Whether a version is the wanted one, of which a number may be *; None: any."""
    return expected is None or all(number in ("*", actual) for number, actual in zip(
        expected.split("."), version.split("."), strict=True))


def _versions(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    if not folder.is_dir():
        return {}
    return {entry.name: entry for entry in folder.iterdir()
            if _VERSION.fullmatch(entry.name) and (entry / INFO).is_file()}


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _missing(root: pathlib.Path, name: str, place: pathlib.Path, versions: list[str]) -> str:
    known = _registered()
    if not versions and base_name(name) not in known:
        similar = difflib.get_close_matches(base_name(name), known, 4)
        hint = f"; similar ones: {', '.join(similar)}" if similar else ""
        return (f"config.data.name: is 'tfds:{name}'; neither TFDS nor the folder {root} has a "
                f"data set of that name{hint}")
    there = f" (it has {', '.join(versions)})" if versions else ""
    return (f"config.data.name: is 'tfds:{name}', but there is no {place / INFO}"
            f"{there}; config.data.path or TFDS_DATA_DIR may name another folder, or prepare it "
            "once, with a network: pip install tensorflow && python -c \"import "
            f"tensorflow_datasets as tfds; tfds.builder('{name}', data_dir='{root}', "
            "file_format='array_record').download_and_prepare()\"")


def _registered() -> list[str]:
    import tensorflow_datasets as tfds  # slow to import, and of use here only

    return tfds.list_builders(with_community_datasets=False)
