"""Checks of the search for hyper-parameters that a study over replicates begins with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.refine import subset_names
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE
from rum_jax.rum.searched_rows import Table, searched_rows, spaces_of, tables_of
from rum_jax.unlearn import ALGORITHMS


def name_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Data seeds that are those of the replicates, and parts that are unknown."""
    tuning, names = config["tuning"], configs.parts_of(config)
    both = sorted({*config["replicates"]} & {*tuning["replicates"]})
    if both:
        yield (f"config.tuning.replicates: has {', '.join(map(str, both))}, as config.replicates "
               "has; allowed: others, so that what is chosen is not judged by the splits it was "
               "chosen with")
    for part in tuning["auto"]:
        if part not in names or part in tuning["like"]:
            yield (f"config.tuning.auto: has {part}; allowed: parts that are not in "
                   f"config.tuning.like, of {', '.join(names)}{similar(part, names)}")
    for part, other in tuning["like"].items():
        if part not in names or other not in _with_search(config, names):
            yield (f"config.tuning.like: has {part}: {other}; allowed: a part, and another one "
                   f"that is searched, of {', '.join(names)}")
    for field, none in (("auto", ()), ("like", {}), ("fixed", {}), ("given", "")):
        if tuning[field] and not tuning["replicates"]:
            yield (f"config.tuning.{field}: is {shortened(tuning[field])}; allowed without "
                   f"config.tuning.replicates: {none!r}, as there is nothing to search on")


def row_faults(config: Mapping[str, Any],
               studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Parts whose rows cannot be searched as the config says.

    Args:
      config: of the study over replicates.
      studies: part -> its study of the first replicate.
    """
    yield from _searched_faults(config, studies)
    yield from _like_faults(config, studies)
    yield from _fixed_faults(config, studies)
    yield from _auto_faults(config, studies)


def searched(config: Mapping[str, Any],
             studies: Mapping[str, ConfigDict]) -> dict[str, list[str]]:
    """Part -> the rows that a search scores; only parts that are searched.

    Rows of a user's own refinement are among them, as their subsets are not known yet.
    """
    if not config["tuning"]["replicates"]:
        return {}
    return {part: _scored(studies[part]) for part in _with_search(config, studies)}


def _with_search(config: Mapping[str, Any], parts: Iterable[str]) -> list[str]:
    """Those of some parts that are searched, as they are not like another one."""
    return [part for part in parts if part not in config["tuning"]["like"]]


def _scored(study: ConfigDict) -> list[str]:
    tables = _tables(study)
    try:
        rows = searched_rows(tables)
    except InputError:      # which is a fault of the part's rows
        rows = list(tables)
    return [row for row in study.rows if row in rows or row not in tables]


def _searched_faults(config: Mapping[str, Any],
                     studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Parts with several forget sets, or rows that share some of their hyper-parameters."""
    if not config["tuning"]["replicates"]:
        return
    for part in _with_search(config, studies):
        field = f"config.parts.{part}" if part in config["parts"] else "config"
        study = studies[part]
        if len(study.forget.sets) > 1:
            yield (f"{field}.forget.sets: has {len(study.forget.sets)}; allowed with "
                   "config.tuning.replicates: one, as hyper-parameters are searched for each "
                   "forget set; give each a part of its own")
        if part not in config["tuning"]["auto"]:
            try:
                searched_rows(_tables(study))
            except InputError as error:
                yield f"{field}.rows: {error}"


def _like_faults(config: Mapping[str, Any],
                 studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Parts with rows whose hyper-parameters the part that they are like does not have."""
    tuning = config["tuning"]
    for part, other in tuning["like"].items():
        if part not in studies or other not in studies or other in tuning["auto"]:
            continue
        known = frozenset().union(*_tables(studies[other]).values())
        lacking = [row for row, reads in _tables(studies[part]).items() if reads - known]
        if lacking:
            yield (f"config.tuning.like: has {part}: {other}, but row {lacking[0]} reads "
                   f"hyper-parameters that no row of {other} does; allowed: a part whose rows read "
                   "all of them, or a search of its own")


def _fixed_faults(config: Mapping[str, Any],
                  studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """What a search is not to choose, of a part that is not searched or of other algorithms."""
    tuning, with_search = config["tuning"], _with_search(config, studies)
    for part, names in tuning["fixed"].items():
        if part not in with_search:
            yield (f"config.tuning.fixed: has {part}; allowed: parts that are searched, "
                   f"{', '.join(with_search)}{similar(part, with_search)}")
            continue
        known = _chosen(studies[part], part in tuning["auto"])
        for name in names:
            if name not in known:
                yield (f"config.tuning.fixed.{part}: has {name}; allowed: hyper-parameters that "
                       f"the search chooses for its rows, {', '.join(known)}"
                       f"{similar(name, known)}")


def _chosen(study: ConfigDict, is_auto: bool) -> list[str]:
    """Hyper-parameters that a search chooses for the rows of a part."""
    rows = [row_spec.parse(row) for row in study.rows]
    algorithms = list(ALGORITHMS) if is_auto else [name for row in rows for name in (
        [row.algorithm] if row.algorithm else study.rum.algorithms.to_dict().values())]
    return sorted({hparam for name in algorithms for hparam in spaces_of(name)})


def _tables(study: ConfigDict) -> dict[str, frozenset[Table]]:
    """Row -> the hyper-parameters that it reads; without rows of a user's own refinement.

    Its subsets are known when it has been run.
    """
    tables = {}
    for row in study.rows:
        kind, algorithm, _ = row_spec.parse(row)
        subsets: Sequence[str] | None = (WHOLE,)
        if kind != row_spec.VANILLA:
            options = row_spec.options_of(study, row)
            subsets = subset_names(options["by"], int(options["subsets"]))
        if subsets is not None:
            tables[row] = tables_of(kind, (
                (algorithm or row_spec.of_subset(study[kind].algorithms, subset), subset)
                for subset in subsets))
    return tables


def _auto_faults(config: Mapping[str, Any], studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Parts that have nothing to choose, or no one-shot row to begin with and compare with."""
    tuning = config["tuning"]
    others = [studies[part] for part in _with_search(config, studies) if part not in tuning["auto"]]
    for part in tuning["auto"] if tuning["replicates"] else ():
        if part not in studies:
            continue
        forget, rows = studies[part].forget, tuple(studies[part].rows)
        if rows != (row_spec.RUM,):
            yield (f"config.tuning.auto: has {part}, whose rows are {shortened(rows)}; allowed: "
                   f"parts whose only row is {row_spec.RUM}")
        if not any(other.forget == forget and row_spec.parse(row).kind == row_spec.VANILLA
                   for other in others for row in other.rows):
            yield (f"config.tuning.auto: has {part}; allowed with another part that is searched, "
                   f"whose forget set is the same, {', '.join(forget.sets)} of {forget.size}, and "
                   f"that has one-shot rows, {row_spec.VANILLA}:...")
