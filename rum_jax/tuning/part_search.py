"""The search for all rows of a part, on the replicates of a search; each row is kept when done."""

import math
import pathlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.replicates.folders import stored
from rum_jax.rum import row_spec
from rum_jax.rum.chain import Step
from rum_jax.rum.searched_rows import searched_rows, spaces_of, tables_of
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say, shown
from rum_jax.study.context import row_folder
from rum_jax.study.unlearning import steps_of
from rum_jax.tuning.chain_search import RowSearch, search_row
from rum_jax.tuning.replicate import SearchReplicate


def search_part(folder: pathlib.Path, replicates: Sequence[SearchReplicate], config: ConfigDict,
                made_from: str, fixed: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Row -> what the search chose for it, see `RowSearch`, as JSON values.

    Rows that read the same fields as an earlier row are not searched: they take its values.

    Args:
      folder: where each row's file is kept.
      replicates: of the search; all of one part.
      config: the part's, with the search's settings in `tuning`.
      made_from: digest of what the search depends on.
      fixed: hyper-parameters that it does not choose.
    """
    results: dict[str, dict[str, Any]] = {}
    for row in rows_of(replicates[0], config):
        path = folder / f"{row_folder(row)}.json"
        result = distributed.broadcast_from_writer(stored(path, made_from))
        if result is None:
            with shown(f"search {folder.name}, {row}") as progress:
                found = _search_row(replicates, config, row, fixed)
                progress(1.0)
            result = {"row": row, "made_from": made_from, **found.plain()}
            if distributed.is_writer():
                folder.mkdir(parents=True, exist_ok=True)
                records.write_json(path, result)
            say(f"search {folder.name}, {row}: {score_of(result):.4f} "
                f"after {result['trainings']} trainings")
        results[row] = result
    return results


def score_of(found: Mapping[str, Any]) -> float:
    """The score of what was chosen for a row; -inf where everything has diverged."""
    return -math.inf if found["score"] is None else found["score"]


def rows_of(replicate: SearchReplicate, config: ConfigDict) -> list[str]:
    """Rows that are searched, or only scored; see `searched_rows`."""
    return searched_rows({row: tables_of(row_spec.parse(row).kind, (
        (step.algorithm, step.subset) for step in _steps(replicate, config, row)))
        for row in config.rows})


def _steps(replicate: SearchReplicate, config: ConfigDict, row: str) -> list[Step]:
    return steps_of(config, row, list(replicate.plan(row).partitions[0]))


def _search_row(replicates: Sequence[SearchReplicate], config: ConfigDict, row: str,
                fixed: Collection[str]) -> RowSearch:
    steps, settings = _steps(replicates[0], config, row), config.tuning
    budgets = [settings.budget * len(spaces_of(step.algorithm, fixed)) for step in steps]
    return search_row(replicates, row, steps, lambda step, _: [step],
                      lambda number, _: budgets[number], settings.seed, fixed=fixed)
