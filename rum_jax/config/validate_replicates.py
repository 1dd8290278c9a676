"""Checks of studies over replicates: seeds, parts, and what both do not allow."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.config import validate_tuning
from rum_jax.config.validate_contrasts import contrast_faults
from rum_jax.core.checks import shortened
from rum_jax.data import load
from rum_jax.forget import FAMILIES, LEVELS, data_faults

FEWEST = 3  # replicates, below which intervals and tests over them mean next to nothing
Faults = Callable[[Mapping[str, Any], bool], list[str]]


def replicate_faults(config: Mapping[str, Any], faults: Faults, data: bool) -> list[str]:
    """What is wrong with a study over replicates; its fields are fine one by one.

    Args:
      config: whose `replicates` are not empty.
      faults: of an ordinary study, see `validate.faults`.
      data: whether its data are loaded and checked, too.
    """
    problems = [*_seed_faults(config), *validate_tuning.name_faults(config)]
    whole = ConfigDict(dict(config))
    try:
        studies = dict(configs.all_studies(whole))
    except (TypeError, ValueError, KeyError) as error:
        return [*problems, f"config.parts: {error}"]
    for number, (part, study) in enumerate(studies.items()):
        problems += [_named(fault, part, config) for fault in faults(study.to_dict(), data)
                     if not number or not _of_shared(fault)]
    if data and not problems:
        problems += [*_level_faults(config, studies), *_other_data_faults(config, studies)]
    return [*problems, *validate_tuning.row_faults(config, studies),
            *contrast_faults(config, studies)]


def _of_shared(fault: str) -> bool:
    """Whether a fault is of a section that is alike in all parts, so that one message will do."""
    return any(fault.startswith(f"config.{section}") for section in configs.SHARED)


def _named(fault: str, part: str, config: Mapping[str, Any]) -> str:
    """A fault of the study that a part is, with the field as this config has it."""
    if part not in config["parts"] or _of_shared(fault):
        return fault
    field, given = fault.partition(":")[0].split(".")[1:], config["parts"][part]
    for name in field:
        if not isinstance(given, Mapping) or name not in given:
            return f"{fault} (part {part})"
        given = given[name]
    return fault.replace("config.", f"config.parts.{part}.", 1)


def _level_faults(config: Mapping[str, Any],
                  studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Levels of one score that have more examples together than the training set."""
    examples = len(load(**{**config["data"], "seed": config["replicates"][0]}).train)
    sizes: dict[str, dict[str, int]] = {}
    for study in studies.values():
        for name in study.forget.sets:
            family, _, level = name.partition(":")
            if level in LEVELS:
                of_family = sizes.setdefault(family, {})
                of_family[level] = max(of_family.get(level, 0), study.forget.size)
    for family, of_family in sizes.items():
        if sum(of_family.values()) > examples:
            yield (f"config.parts: the forget sets {family}:{', '.join(of_family)} have "
                   f"{' + '.join(map(str, of_family.values()))} examples; allowed together: the "
                   f"training set's {examples}, as no example is of two levels; make forget.size "
                   "of these parts smaller")


def _other_data_faults(config: Mapping[str, Any],
                       studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Forget sets that the data of another replicate, or of the search, cannot have."""
    sets = {part: study.forget for part, study in studies.items() if any(
        FAMILIES[name.partition(":")[0]].needs_only_data for name in study.forget.sets)}
    others = [*config["replicates"][1:], *config["tuning"]["replicates"]] if sets else []
    for data_seed in others:
        dataset = load(**{**config["data"], "seed": data_seed})
        for part, forget in sets.items():
            seeds = configs.of_replicate(studies[part], data_seed, config["seeds"]).seeds
            for fault in data_faults(forget.sets, dataset, forget.size, seeds, forget.file_ids):
                yield f"{_named(fault, part, config)}; of data seed {data_seed}"
                return


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
        yield (f"config.stream.requests: is {shortened(config['stream']['requests'])}; allowed "
               "with config.replicates: (), as values of later requests are not part of contrasts")
    for section, field in (("train", "from_files"), ("memorization", "scores")):
        if config[section][field]:
            yield (f"config.{section}.{field}: is {shortened(config[section][field])}; allowed "
                   "with config.replicates: none, as each replicate has its own split and models")
