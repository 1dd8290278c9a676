"""What searches chose, as nested fields of a config."""

from collections.abc import Mapping, Sequence
from typing import Any

from rum_jax.rum import row_spec
from rum_jax.tuning.auto import Structure


def fields_of_rows(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The fields that make all rows of a part do what their searches chose.

    Args:
      rows: row -> what was chosen, see `RowSearch.plain`; for Auto-RUM also its `structure`.
    """
    return merged([fields for row, found in rows.items()
                   for fields in (_of_structure(found), fields_of(row, found["steps"]))])


def _of_structure(found: Mapping[str, Any]) -> dict[str, Any]:
    return ({row_spec.RUM: Structure(**found["structure"]).fields()}
            if "structure" in found else {})


def fields_of(row: str, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nested fields of a config that make a row do these steps.

    For the row `rum` also which algorithm each subset has.
    """
    kind = row_spec.parse(row).kind
    hparams: dict[str, Any] = {}
    for step in steps:
        table = hparams.setdefault(step["algorithm"], {})
        if kind == row_spec.VANILLA:
            table |= step["hparams"]
        elif step["hparams"]:
            table[step["subset"]] = dict(step["hparams"])
    fields: dict[str, Any] = {"hparams": {name: table for name, table in hparams.items() if table}}
    if kind == row_spec.RUM:
        fields["algorithms"] = {step["subset"]: step["algorithm"] for step in steps}
    return {kind: fields}


def merged(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nested tables as one; of fields that several have, the last."""
    whole: dict[str, Any] = {}
    for table in tables:
        for name, value in table.items():
            whole[name] = (merged([whole.get(name, {}), value])
                           if isinstance(value, Mapping) else value)
    return whole
