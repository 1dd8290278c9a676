"""The search of a study over replicates, part after part; each part is a piece of work."""

import contextlib
import functools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import user_path
from rum_jax.refine.contract import SUBSETS
from rum_jax.replicates import base_models
from rum_jax.replicates.folders import folder_of, piece
from rum_jax.replicates.pieces import Piece
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.storage.workdir import opened
from rum_jax.study.forget_sets import forget_sets, load_cases
from rum_jax.tuning import given
from rum_jax.tuning.auto import search_auto
from rum_jax.tuning.chosen_fields import fields_of_rows
from rum_jax.tuning.part_search import score_of, search_part
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
    searches, auto, known = [], [], given.searches(config)
    for part, digest in digests(config).items():
        work = (functools.partial(_taken, config, part, known[digest]) if digest in known else
                functools.partial(_search, workdir, config, part, digest))
        (auto if part in config.tuning.auto else searches).append(
            piece(workdir / TUNING, part, digest, work))
    return searches, auto


def data_seeds(config: ConfigDict) -> tuple[int, ...]:
    """Those on which something is searched; none where all searches are given."""
    known = given.searches(config)
    return tuple(config.tuning.replicates) if digests(config).values() - known.keys() else ()


def digests(config: ConfigDict) -> dict[str, str]:
    """Part -> digest of all that its search depends on."""
    found: dict[str, str] = {}
    one_shot: list[str] = []    # those that choose algorithms, too, come last and depend on these
    for part in searched_parts(config):
        is_auto = part in config.tuning.auto
        settings = {**config.tuning.to_dict(), "like": {}, "fixed": _fixed(config, part),
                    "auto": one_shot if is_auto else []}
        for field in ("given", *(() if settings["fixed"] else ("fixed",))):
            del settings[field]
        found[part] = records.digest([base_models.made_from(configs.of_part(config, part)),
                                      records.plain(settings)])
        one_shot += [] if is_auto else [found[part]]
    return found


def _fixed(config: ConfigDict, part: str) -> tuple[str, ...]:
    """Hyper-parameters that the search of a part does not choose."""
    return tuple(config.tuning.fixed.to_dict().get(part, ()))


def _taken(config: ConfigDict, part: str, rows: given.Rows) -> dict[str, Any]:
    say(f"search {part}: taken from {config.tuning.given}")
    return {**_result(rows), "given": records.sha256(user_path(config.tuning.given))}


def _search(workdir: pathlib.Path, config: ConfigDict, part: str, digest: str) -> dict[str, Any]:
    study, fixed = configs.of_part(config, part), _fixed(config, part)
    with contextlib.ExitStack() as held:
        replicates = [held.enter_context(_replicate(workdir, study, part, data_seed))
                      for data_seed in config.tuning.replicates]
        study.tuning = config.tuning
        if part not in config.tuning.auto:
            rows = search_part(workdir / TUNING / part, replicates, study, digest, fixed)
        else:
            structure, found = search_auto(replicates, study, _starts(workdir, config, part), fixed)
            rows = {row_spec.RUM: {"row": row_spec.RUM, "made_from": digest, **found.plain(),
                                   "structure": structure._asdict()}}
        return _result(rows)


def _result(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the search of a part gives: its rows, and the fields of the config that they make."""
    return {"rows": dict(rows), "fields": fields_of_rows(rows)}


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
    """What the search of a part gave: `rows` and `fields`.

    Where it was taken from a finished study, `given` is the SHA-256 of that file.
    """
    return records.read_json(workdir / TUNING / f"{part}.json")
