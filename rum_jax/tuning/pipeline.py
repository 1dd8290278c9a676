"""The search of a study over replicates, part after part; each part is a piece of work."""

import contextlib
import functools
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.refine.contract import SUBSETS
from rum_jax.replicates import base_models
from rum_jax.replicates.folders import folder_of, piece
from rum_jax.replicates.pieces import Piece
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE
from rum_jax.runtime import distributed
from rum_jax.storage.workdir import opened
from rum_jax.study.forget_sets import forget_sets, load_cases
from rum_jax.tuning.auto import search_auto
from rum_jax.tuning.part_search import fields_of, score_of, search_part
from rum_jax.tuning.replicate import SearchReplicate
from rum_jax.tuning.starts import Start, Starts

TUNING = "tuning"
# Forget sets of one level of memorization -> the level.
LEVEL_SETS = {(f"memorization:{level}",): level for level in SUBSETS}


def searched_parts(config: ConfigDict) -> list[str]:
    """Parts whose rows are searched, those that need the others' results last."""
    if not config.tuning.replicates:
        return []
    names = [part for part in configs.parts_of(config) if part not in config.tuning.like]
    return sorted(names, key=lambda part: part in config.tuning.auto)


def pieces(workdir: pathlib.Path, config: ConfigDict) -> tuple[list[Piece], list[Piece]]:
    """One piece for each part that is searched.

    Those of the second list, which choose algorithms, too, begin with the best row of the first:
    no worker may begin with them before these are all done.
    """
    searches, auto, one_shot = [], [], []
    for part in searched_parts(config):
        study, is_auto = configs.of_part(config, part), part in config.tuning.auto
        settings = {**config.tuning.to_dict(), "auto": one_shot if is_auto else [], "like": {},
                    "fixed": _fixed(config, part)}
        if not settings["fixed"]:
            del settings["fixed"]
        digest = records.digest([base_models.made_from(study), records.plain(settings)])
        one_shot += [] if is_auto else [digest]
        (auto if is_auto else searches).append(piece(workdir / TUNING, part, digest,
            functools.partial(_search, workdir, config, part, digest)))
    return searches, auto


def _fixed(config: ConfigDict, part: str) -> tuple[str, ...]:
    """Hyper-parameters that the search of a part does not choose."""
    return tuple(config.tuning.fixed.to_dict().get(part, ()))


def _search(workdir: pathlib.Path, config: ConfigDict, part: str, digest: str) -> dict[str, Any]:
    study, fixed = configs.of_part(config, part), _fixed(config, part)
    with contextlib.ExitStack() as held:
        replicates = [held.enter_context(_replicate(workdir, study, part, data_seed))
                      for data_seed in config.tuning.replicates]
        study.tuning = config.tuning
        if part not in config.tuning.auto:
            rows = search_part(workdir / TUNING / part, replicates, study, digest, fixed)
            fields = merged([fields_of(row, found["steps"]) for row, found in rows.items()])
            return {"rows": rows, "fields": fields}
        structure, found = search_auto(replicates, study, _starts(workdir, config, part), fixed)
        plain = found.plain()
        fields = merged([{"rum": structure.fields()}, fields_of("rum", plain["steps"])])
        return {"rows": {"rum": {"row": "rum", **plain, "structure": structure._asdict()}},
                "fields": fields}


@contextlib.contextmanager
def _replicate(workdir: pathlib.Path, study: ConfigDict, part: str,
               data_seed: int) -> Iterator[SearchReplicate]:
    """The part's forget set in one replicate of the search; its folder is held meanwhile."""
    config = configs.of_replicate(study, data_seed, study.tuning.seeds)
    folder = folder_of(workdir, data_seed)
    with opened(str(folder / part), config.to_dict()) as place:
        base_models.adopt(folder / base_models.BASE, place)
        distributed.barrier(f"adopted {part} of {data_seed}")
        scores = base_models.example_scores(place, config)
        cases = load_cases(forget_sets(scores), config.forget.sets)
        yield SearchReplicate(scores, cases)


def _starts(workdir: pathlib.Path, config: ConfigDict, part: str) -> Starts:
    """What the searches of one-shot rows give to a part that chooses its algorithms."""
    forget = configs.of_part(config, part).forget.to_dict()
    found: dict[str, dict[str, Start]] = {}
    best: dict[str, Any] | None = None
    trainings = 0
    for name in searched_parts(config):
        other = configs.of_part(config, name).forget.to_dict()
        level = WHOLE if other == forget else LEVEL_SETS.get(tuple(other["sets"]))
        if level is None or name in config.tuning.auto:
            continue
        for row, result in load(workdir, name)["rows"].items():
            kind, algorithm, _ = row_spec.parse(row)
            if kind == row_spec.VANILLA:
                start = Start(result["steps"][0]["hparams"], score_of(result))
                found.setdefault(level, {})[algorithm] = start
                trainings += result["trainings"]
                if level == WHOLE and (best is None or start.score > score_of(best)):
                    best = result
    if best is None:
        raise InputError(f"config.tuning.auto: has {part}; allowed with a part whose forget set "
                         f"is the same, {tuple(forget['sets'])} of {forget['size']}, and whose "
                         f"one-shot rows {row_spec.VANILLA}:... are searched")
    return Starts(best["trainings"], found, trainings)


def fields(workdir: pathlib.Path, config: ConfigDict) -> dict[str, dict[str, Any]]:
    """Part -> nested fields that the search has chosen for it, or for the part that it is like."""
    found = {part: load(workdir, part)["fields"] for part in searched_parts(config)}
    return found | {part: found[other] for part, other in config.tuning.like.items()
                    if config.tuning.replicates}


def load(workdir: pathlib.Path, part: str) -> dict[str, Any]:
    """What the search of a part gave: `rows` and `fields`."""
    return records.read_json(workdir / TUNING / f"{part}.json")


def merged(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nested tables as one; of fields that several have, the last."""
    whole: dict[str, Any] = {}
    for table in tables:
        for name, value in table.items():
            whole[name] = (merged([whole.get(name, {}), value])
                           if isinstance(value, Mapping) else value)
    return whole
