"""Where TFDS has put a data set on this machine; found without importing TFDS."""

import difflib
import os
import pathlib
import re

from rum_jax.errors import InputError

_NAME = re.compile(r"(?P<name>\w+)(/(?P<config>[\w.+-]+))?(:(?P<version>\d+\.\d+\.\d+))?")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def is_name(value: str) -> bool:
    """Whether it reads as `cifar10`, `cifar10:3.0.2` or `imagenet_resized/32x32`."""
    return _NAME.fullmatch(value) is not None


def base_name(name: str) -> str:
    """`cifar10` of `cifar10:3.0.2`."""
    return _NAME.fullmatch(name)["name"]


def default_root() -> str:
    """TFDS' own choice of a folder: $TFDS_DATA_DIR, or ~/tensorflow_datasets."""
    root = pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    try:
        return str(root.expanduser())
    except RuntimeError as error:
        raise InputError(f"config.data.path: is '', and there is no home folder in which {root} "
                         "could be; set it, or TFDS_DATA_DIR, to the folder of TFDS") from error


def find(root: pathlib.Path, name: str) -> pathlib.Path:
    """The folder of a prepared data set, of its newest version unless the name has one.

    Args:
      root: TFDS' data folder, the one that holds a folder for each data set.
      name: as TFDS writes it, `name[/config][:version]`.

    Raises:
      InputError: it is not there: says where it was looked for and how to prepare it; or it is
        there in several configs and the name says none.
    """
    match = _NAME.fullmatch(name)
    place = root / match["name"] / (match["config"] or "")
    found = _versions(place)
    if not found and not match["config"] and place.is_dir():
        configs = {folder.name: made for folder in sorted(place.iterdir())
                   if (made := _versions(folder))}
        if len(configs) > 1:
            raise InputError(f"config.data.name: is 'tfds:{name}'; allowed in {root}: "
                             + ", ".join(f"tfds:{match['name']}/{config}" for config in configs))
        found = next(iter(configs.values()), {})
    wanted = match["version"] or max(found, key=_as_numbers, default="<version>")
    if wanted not in found:
        raise InputError(_missing(root, name, place / wanted, sorted(found, key=_as_numbers)))
    return found[wanted]


def _versions(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    if not folder.is_dir():
        return {}
    return {entry.name: entry for entry in folder.iterdir()
            if _VERSION.fullmatch(entry.name) and (entry / "dataset_info.json").is_file()}


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
    return (f"config.data.name: is 'tfds:{name}', but there is no {place / 'dataset_info.json'}"
            f"{there}; config.data.path or TFDS_DATA_DIR may name another folder, or prepare it "
            "once, with a network: pip install tensorflow && python -c \"import "
            f"tensorflow_datasets as tfds; tfds.builder('{name}', data_dir='{root}', "
            "file_format='array_record').download_and_prepare()\"")


def _registered() -> list[str]:
    import tensorflow_datasets as tfds  # slow to import, and of use here only

    return tfds.list_builders(with_community_datasets=False)
