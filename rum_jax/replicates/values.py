"""The values of all replicates: metrics of every row, model seed by model seed."""

from typing import Any, NamedTuple

import numpy as np

from rum_jax.claims.cells import Cell
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.memorization.members import training_gradients
from rum_jax.proxies import PROXIES
from rum_jax.rum import row_spec
from rum_jax.storage import stage_cache
from rum_jax.study.evaluation import ABOUT_FILE
from rum_jax.study.forget_sets import load_statistics
from rum_jax.study.memorization import COST_FILE
from rum_jax.study.pipeline import StudyArtifacts
from rum_jax.study.unlearning import STEPS_FILE

VERSION = 2     # of what `of_study` gives; of another one it is made anew from the stages
FREQUENCIES = "forget_frequency_agreement"
SCORE_GRADIENTS = "score_gradients"     # that the scores of a row's refinement take
ORACLES = row_spec.REFERENCES[1:]


def of_study(finished: StudyArtifacts) -> dict[str, Any]:
    """What a finished part of a replicate adds to the values of all, as JSON values.

    `rows` has for each forget set and row its steps, and metric -> a value for each model seed;
    `sets` what is said of each forget set, see `forget_sets.describe`; `traces` the measures after
    each step, see `step_trace.traced`.
    """
    cases, rows, seeds = finished.cases, [], len(finished.study.config.seeds)
    for name, folder in finished.rows.items():
        metrics: dict[str, list] = records.read_json(folder / "metrics.json")
        steps, spec = finished.models[name] / STEPS_FILE, row_spec.resolve(
            finished.study.config, name)
        rows += [{"set": forget_set, "row": name, "spec": spec._asdict(),
                  "steps": records.read_json(steps) if steps.is_file() else [],
                  "metrics": {**{metric: values[cases.of_set(forget_set)]
                                 for metric, values in metrics.items()},
                              FREQUENCIES: _frequency_agreement(finished, name, forget_set),
                              SCORE_GRADIENTS: [_score_gradients(finished, spec.refinement)]
                              * seeds}}
                 for forget_set in cases.sets]
    about = records.read_json(finished.rows["original"] / ABOUT_FILE)
    return {
        "seeds": list(finished.study.config.seeds),
        "training_examples": len(finished.study.dataset.train),
        "test_examples": len(finished.study.dataset.positions["test"]),
        "test_sha256": records.array_sha256(np.sort(finished.study.dataset.positions["test"])),
        "sets": load_statistics(finished.forget, cases.sets), "strata": about["strata"],
        "rows": rows,
        "traces": {row: records.read_json(folder / "trace.json")
                   for row, folder in finished.traces.items()},
        "seconds": sum(map(stage_cache.seconds, finished.rows.values()))
        + sum(map(stage_cache.seconds, finished.models.values()))}


def _frequency_agreement(finished: StudyArtifacts, row: str,
                         forget_set: str) -> list[float | None]:
    """How close a row is to the oracles, example by example: in [0,1], the same for all seeds.

    1 minus the mean over the forget set of |share of the row's models that predict an example
    right - share of as many oracles that do|: the mean over both groups of oracles; those are
    compared with the other group. None where models of different seeds have different forget sets.
    """
    cases, seeds = finished.cases.of_set(forget_set), len(finished.study.config.seeds)
    forget = finished.cases.forget[cases]
    if (forget != forget[0]).any():
        return [None] * seeds
    shares = {name: records.read_arrays(finished.rows[name] / "per_example.npz")
              ["forget_accuracy"][cases].mean(0) for name in dict.fromkeys((row, *ORACLES))}
    apart = np.mean([np.abs(shares[row] - shares[name]).mean() for name in ORACLES if name != row])
    return [float(1 - apart)] * seeds


def _score_gradients(finished: StudyArtifacts, refinement: str | None) -> int:
    """Example gradients for each model that the scores of a refinement take; 0 without scores.

    The scores of a proxy that is read while the original is trained take none.
    """
    names, study = (refinement or "").split("*"), finished.study
    folders = [study.workdir / stage_cache.STAGES / "proxies" / name for name in names
               if name in PROXIES]
    of_proxies = sum(records.read_json(folder / COST_FILE)["example_gradients"]
                     for folder in folders)
    return of_proxies + (MEMORIZATION in names) * training_gradients(
        study.config, len(study.dataset.train))


class Values(NamedTuple):
    """The values of R replicates.

    Attributes:
      replicates: R data seeds.
      studies: part -> for each replicate what `of_study` gave.
    """

    replicates: tuple[int, ...]
    studies: dict[str, list[dict[str, Any]]]

    def rows(self, part: str) -> list[str]:
        """Rows of a part, in the order of its table."""
        return list(dict.fromkeys(row["row"] for row in self.studies[part][0]["rows"]))

    def metrics(self, part: str) -> list[str]:
        """Metrics that all rows of a part have in all replicates."""
        tables = [row["metrics"] for study in self.studies[part] for row in study["rows"]]
        return [name for name in tables[0] if all(
            None not in table.get(name, [None]) for table in tables)]

    def of_cell(self, cell: Cell, metric: str) -> np.ndarray:
        """float64[R,S] of a row; the mean over forget sets where its part has several.

        Raises:
          InputError: there is no such part, row or metric.
        """
        if cell.part not in self.studies or cell.row not in self.rows(cell.part):
            raise InputError(f"{cell.part}/{cell.row}: there is no such row in this study")
        tables = [[row["metrics"][metric] for row in study["rows"] if row["row"] == cell.row]
                  for study in self.studies[cell.part]]
        return np.array(tables, np.float64).mean(1)

    def of_set(self, part: str, statistic: str) -> np.ndarray:
        """float64[R,S] of a statistic of a part's forget set, see `forget_sets.describe`."""
        return np.array([study["sets"][0][statistic] for study in self.studies[part]], np.float64)

