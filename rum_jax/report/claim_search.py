"""What the search of a study over replicates chose, and Auto-RUM as fields of a config."""

from collections.abc import Mapping, Sequence
from typing import Any

from rum_jax.evaluate.interval import bounds
from rum_jax.report.claim_words import metric_name
from rum_jax.report.labels import display_names
from rum_jax.rum.chain import WHOLE
from rum_jax.rum.row_spec import RUM
from rum_jax.tuning.auto import Structure
from rum_jax.tuning.chosen_fields import fields_of_rows

CHOSEN = ("row", "chosen", "score in the search", "trainings", "at the edge of a range")
STRUCTURES = ("refinement", "subsets", "order", "score of each split of the search")

Searches = Mapping[str, Mapping[str, Mapping[str, Any]]]    # part -> row -> see `RowSearch.plain`


def step_text(step: Mapping[str, Any]) -> str:
    """`mid: scrub (epochs 3, learning_rate 0.01)`; of the whole set without the subset."""
    hparams = ", ".join(f"{name} {_number(value)}" for name, value in step["hparams"].items())
    done = f"{step['algorithm']} ({hparams})" if hparams else step["algorithm"]
    return done if step["subset"] == WHOLE else f"{step['subset']}: {done}"


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def chain_text(steps: Sequence[Mapping[str, Any]]) -> str:
    """All steps of a row, in order."""
    return "; ".join(map(step_text, steps))


def _edges(log: Sequence[Mapping[str, Any]]) -> str:
    """Hyper-parameters whose chosen value is at an end of the range that was searched."""
    return ", ".join(f"{'' if entry['subset'] == WHOLE else entry['subset'] + ' '}{name} ({end})"
                     for entry in log for name, end in entry.get("edges", {}).items()) or "none"


def chosen(of_part: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Lines of CHOSEN of one part."""
    names = display_names(of_part)
    return [[names[row], chain_text(found["steps"]),
             "diverged" if found["score"] is None else f"{found['score']:.3f}",
             str(found["trainings"]), _edges(found["log"])] for row, found in of_part.items()]


def structured(searches: Searches) -> dict[str, Mapping[str, Any]]:
    """Part -> the search of its row `rum`, of parts whose structure was searched, too."""
    return {part: rows[RUM] for part, rows in searches.items()
            if "structure" in rows.get(RUM, {})}


def fields(found: Mapping[str, Any]) -> dict[str, Any]:
    """Nested fields of a config that make its row `rum` do what a search of Auto-RUM found."""
    return fields_of_rows({RUM: found})


def files(searches: Searches) -> dict[str, dict[str, Any]]:
    """File name -> fields of each Auto-RUM: `auto_rum.json` where there is only one."""
    found = structured(searches)
    return {"auto_rum.json" if len(found) == 1 else f"auto_rum_{part}.json": fields(of_part)
            for part, of_part in found.items()}


def sentence(part: str, found: Mapping[str, Any]) -> str:
    """Structure and chain of an Auto-RUM, and what its search took."""
    structure, first = Structure(**found["structure"]), found["log"][0]
    return (f"Auto-RUM of part {part}: refinement by {structure.by}, {structure.subsets} subsets, "
            f"order {structure.order}. {chain_text(found['steps'])}. Its search took "
            f"{found['trainings']:,} trainings of a candidate, that of the best one-shot row "
            f"{first['budget']:,}; it began with what {first['trainings_before']:,} trainings for "
            "one-shot rows had found.")


def regret(regrets: Sequence[Mapping[str, Any]]) -> str:
    """How much the best row on the same forget set is better than an Auto-RUM, in sentences."""
    return (f"Regret on the replicates, against the best of {regrets[0]['rows']} rows with the "
            f"same forget set: {'; '.join(map(_regret, regrets))}. The best row is that "
            "of the same replicates, so that a regret is too high by what chance adds.")


def _regret(each: Mapping[str, Any]) -> str:
    """`0.033 [0.021, 0.045] in stratified ToW (mix/vanilla:finetune)`."""
    metric, ends = metric_name(each["metric"]), bounds(each)
    if not any(each["per_replicate"]):
        return f"none in {metric}, as no row has a better mean"
    interval = "" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]"
    return f"{each['mean']:.3f}{interval} in {metric} ({each['best']})"


def structures(found: Mapping[str, Any]) -> list[list[str]]:
    """Lines of STRUCTURES: all that were tried."""
    return [[tried["by"], str(tried["subsets"]), tried["order"], ", ".join(
        f"{score:.3f}" for score in tried["scores"] if score is not None) or "none"]
        for entry in found["log"] for tried in entry.get("structures", ())]


USE = '''"""Auto-RUM; any other config can take the place of the base, with its data and model."""

import json
import pathlib

from rum_jax.config import base
from rum_jax.config.replicates import overlaid


def get_config():
    """The config."""
    fields = json.loads(pathlib.Path("{path}").read_text())
    c = overlaid(base.get_config(), fields)
    c.rows = ("vanilla:finetune", "rum")
    return c
'''
