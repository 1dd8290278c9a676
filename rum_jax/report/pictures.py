"""The pictures beside a report, of which results.json has the names."""

import pathlib
from collections.abc import Mapping

from rum_jax.core import records


def replace(workdir: pathlib.Path, pictures: Mapping[str, bytes]) -> list[str]:
    """Writes pictures and removes those of an earlier report that are not among them.

    Must be called before results.json is written, as that of the earlier report is read.

    Args:
      workdir: where they are.
      pictures: file name -> SVG.

    Returns:
      The names, sorted, for the key `pictures` of results.json.
    """
    for name in _earlier(workdir) - set(pictures):
        (workdir / name).unlink(missing_ok=True)
    for name, content in pictures.items():
        records.write_bytes(workdir / name, content)
    return sorted(pictures)


def _earlier(workdir: pathlib.Path) -> set[str]:
    """File names of the pictures of the report that is there; none if it cannot be read."""
    try:
        names = records.read_json(workdir / "results.json")["pictures"]
        return {name for name in names if pathlib.Path(name).name == name and name.endswith(".svg")}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
