"""Checks of studies over replicates: seeds, parts, and what both do not allow."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.config import validate_tuning
from rum_jax.config.validate_contrasts import contrast_faults

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
        named = f" (part {part})" if part in config["parts"] else ""
        problems += [f"{fault}{named}" for fault in faults(study.to_dict(), data)
                     if not number or not _of_shared(fault)]
    return [*problems, *validate_tuning.row_faults(config, studies),
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
