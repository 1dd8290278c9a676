"""Searches of a finished study in place of the same ones here: `config.tuning.given`.

A search is the same if it was made from the same fields, data and files, which its digest says:
other replicates, contrasts or parts beside it make no difference.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.config.validate import faults
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import file_fault, user_path
from rum_jax.tuning.chosen_fields import fields_of_rows

FIELD = "config.tuning.given"

Rows = dict[str, dict[str, Any]]        # row -> what its search chose, see `RowSearch`


def searches(config: ConfigDict) -> dict[str, Rows]:
    """Digest -> the rows of every search in the file that the config names; {}: it names none.

    Raises:
      InputError: there is no such file, or it is not the results.json of such a study.
    """
    path = config.tuning.given
    if not path:
        return {}
    if fault := file_fault(path):
        raise InputError(f"{FIELD}: {fault}")
    try:
        parts = records.read_json(user_path(path))["searches"]
        found: dict[str, Rows] = {}
        for rows in parts.values():
            digests = {row.get("made_from") for row in rows.values()}
            if len(digests) == 1 and isinstance(digest := digests.pop(), str):
                fields_of_rows(rows)
                found[digest] = rows
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise InputError(f"{FIELD}: {path}: is no results.json of a study over replicates; "
                         "allowed: the one in its workdir, as it was written") from error
    return found


def check(config: ConfigDict, asked: Mapping[str, str]) -> None:
    """Checks that a file of searches has some that the study would do, before it does anything.

    Args:
      config: of the study over replicates.
      asked: part -> digest of its search.

    Raises:
      InputError: see `searches`; or none of them is one that the study would do; or values in
        the file are none that a config may have.
    """
    given, path = searches(config), config.tuning.given
    if not path:
        return
    taken = {part: given[digest] for part, digest in asked.items() if digest in given}
    if not taken:
        raise InputError(f"{FIELD}: {path}: has no search that this study would do; allowed: the "
                         "results.json of a study with the same data, model, training and "
                         "config.tuning, in which a part has the same forget set and rows; or '' "
                         "to search")
    for part, rows in taken.items():
        for fault in _value_faults(config, part, rows)[:1]:
            raise InputError(f"{FIELD}: {path}: search of {part}: {fault}")


def _value_faults(config: ConfigDict, part: str, rows: Rows) -> list[str]:
    """Chosen values that a config may not have."""
    try:
        study = configs.overlaid(configs.of_part(config, part), fields_of_rows(rows))
    except TypeError as error:
        return [f"config: {error}"]
    return faults(configs.of_replicate(study, config.replicates[0]).to_dict(), data=False)
