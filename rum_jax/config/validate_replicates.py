"""Checks of studies over replicates: seeds, parts, and the search on other data seeds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.config.validate_contrasts import contrast_faults
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.refine import subset_names
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE
from rum_jax.rum.searched_rows import Table, searched_rows, tables_of

FEWEST = 3  # replicates, below which intervals and tests over them mean next to nothing
Faults = Callable[[Mapping[str, Any], bool], list[str]]


def replicate_faults(config: Mapping[str, Any], faults: Faults, data: bool) -> list[str]:
    """What is wrong with a study over replicates; its fields are fine one by one.

    Args:
      config: whose `replicates` are not empty.
      faults: of an ordinary study, see `validate.faults`.
      data: whether its data are loaded and checked, too.
    """
    problems = [*_seed_faults(config), *_tuning_faults(config)]
    whole = ConfigDict(dict(config))
    try:
        studies = dict(configs.all_studies(whole))
    except (TypeError, ValueError, KeyError) as error:
        return [*problems, f"config.parts: {error}"]
    for number, (part, study) in enumerate(studies.items()):
        named = f" (part {part})" if part in config["parts"] else ""
        problems += [f"{fault}{named}" for fault in faults(study.to_dict(), data)
                     if not number or not _of_shared(fault)]
    return [*problems, *_searched_faults(config, studies), *_auto_faults(config, studies),
            *contrast_faults(config, studies)]


def _of_shared(fault: str) -> bool:
    """Whether a fault is of a section that is alike in all parts, so that one message will do."""
    return any(fault.startswith(f"config.{section}") for section in configs.SHARED)


def _seed_faults(config: Mapping[str, Any]) -> Iterator[str]:
    replicates = config["replicates"]
    if len(replicates) < FEWEST:
        yield (f"config.replicates: has {len(replicates)}; allowed: at least {FEWEST}, as "
               "intervals and tests are over replicates; or (), for one study")
    for name, seeds in (("seeds", config["seeds"]), ("tuning.seeds", config["tuning"]["seeds"])):
        most = configs.SEEDS_APART - len(seeds)  # as many others are those of the second oracles
        if max(seeds) >= most:
            yield (f"config.{name}: has {max(seeds)}; allowed with config.replicates: below "
                   f"{most}, as a replicate's model seeds are added to {configs.SEEDS_APART} times "
                   "its data seed")
    largest = (2**31 - 1) // configs.SEEDS_APART - 1
    for name, seeds in (("replicates", replicates),
                        ("tuning.replicates", config["tuning"]["replicates"])):
        if seeds and max(seeds) > largest:
            yield f"config.{name}: has {max(seeds)}; allowed: at most {largest}"
    if config["campaign"]["alone"] or config["sweep"]["rows"]:
        field = "campaign.alone" if config["campaign"]["alone"] else "sweep.rows"
        yield (f"config.{field}: is given; allowed with config.replicates: not at all, as these "
               "are another command's; config.tuning searches hyper-parameters")
    if config["stream"]["requests"]:
        yield ("config.stream.requests: are given; allowed with config.replicates: (), as values "
               "of later requests are not part of contrasts")
    if config["train"]["from_files"] or config["memorization"]["scores"]:
        yield ("config.train.from_files, config.memorization.scores: are given; allowed with "
               "config.replicates: neither, as each replicate has its own split and models")


def _tuning_faults(config: Mapping[str, Any]) -> Iterator[str]:
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
        searched = [name for name in names if name not in tuning["like"]]
        if part not in names or other not in searched:
            yield (f"config.tuning.like: has {part}: {other}; allowed: a part, and another one "
                   f"that is searched, of {', '.join(names)}")
    if tuning["auto"] and not tuning["replicates"]:
        yield (f"config.tuning.auto: is {tuning['auto']}; allowed without "
               "config.tuning.replicates: (), as there is nothing to search on")


def _searched_faults(config: Mapping[str, Any],
                     studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Parts with several forget sets, or rows that share some of their hyper-parameters."""
    if not config["tuning"]["replicates"]:
        return
    for part, study in studies.items():
        field = f"config.parts.{part}" if part in config["parts"] else "config"
        if part in config["tuning"]["like"]:
            continue
        if len(study.forget.sets) > 1:
            yield (f"{field}.forget.sets: has {len(study.forget.sets)}; allowed with "
                   "config.tuning.replicates: one, as hyper-parameters are searched for each "
                   "forget set; give each a part of its own")
        if part not in config["tuning"]["auto"]:
            try:
                searched_rows(_tables(study))
            except InputError as error:
                yield f"{field}.rows: {error}"


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
    searched = [study for part, study in studies.items()
                if part not in tuning["auto"] and part not in tuning["like"]]
    for part in tuning["auto"] if tuning["replicates"] else ():
        if part not in studies:
            continue
        forget, rows = studies[part].forget, tuple(studies[part].rows)
        if rows != (row_spec.RUM,):
            yield (f"config.tuning.auto: has {part}, whose rows are {shortened(rows)}; allowed: "
                   f"parts whose only row is {row_spec.RUM}")
        if not any(other.forget == forget and row_spec.parse(row).kind == row_spec.VANILLA
                   for other in searched for row in other.rows):
            yield (f"config.tuning.auto: has {part}; allowed with another part that is searched, "
                   f"whose forget set is the same, {', '.join(forget.sets)} of {forget.size}, and "
                   f"that has one-shot rows, {row_spec.VANILLA}:...")
