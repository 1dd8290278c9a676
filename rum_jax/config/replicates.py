"""The ordinary studies that a study over replicates consists of, as configs.

A *replicate* is a data seed: it has its own split and noise, and with them its own memorization
models, originals, oracles and forget sets. A *part* is a study of every replicate that differs in
some fields from the others, such as the forget set and the rows that unlearn it. All parts of a
replicate share originals and memorization models.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.runtime.worker_index import FROM_SCHEDULER

SEEDS_APART = 1000  # model seeds of a replicate begin at SEEDS_APART times its data seed
WHOLE = "study"     # name of the only part of a config without parts
BASE = "base"       # in place of a part's name: what all parts of a replicate share
# Sections and fields that parts share, as they share what is made from them.
SHARED = ("seeds", "data", "model", "train", "memorization", "campaign", "optimizer", "engine",
          "replicates", "parts", "tuning", "contrasts", "sweep", "stream")


def parts_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the parts, in the order that a config has them in: that of the alphabet."""
    return tuple(config["parts"]) or (WHOLE,)


def of_part(config: ConfigDict, part: str) -> ConfigDict:
    """The study that a part is, before a replicate is chosen."""
    study = ConfigDict(config.to_dict())
    fields = config.parts[part].to_dict() if part in config.parts else {}
    study.replicates, study.parts, study.contrasts = (), ConfigDict(), ConfigDict()
    study.tuning.replicates, study.tuning.auto = (), ()
    study.tuning.like, study.tuning.fixed, study.tuning.given = ConfigDict(), ConfigDict(), ""
    study.campaign.worker, study.campaign.workers = FROM_SCHEDULER, 0
    _set(study, fields)
    return study


def overlaid(config: ConfigDict, fields: Mapping[str, Any]) -> ConfigDict:
    """A copy of a config in which some fields of nested tables have other values."""
    study = ConfigDict(config.to_dict())
    _set(study, fields)
    return study


def _set(section: ConfigDict, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, Mapping) and isinstance(section.get(name), ConfigDict):
            _set(section[name], value)
        else:
            section[name] = ConfigDict(value) if isinstance(value, Mapping) else value


def of_replicate(study: ConfigDict, data_seed: int,
                 model_seeds: Sequence[int] | None = None) -> ConfigDict:
    """The study of one replicate.

    Args:
      study: see `of_part`.
      data_seed: of split, noise and memorization models.
      model_seeds: below SEEDS_APART; None: those of the config. All replicates have different
        ones, so that no initial weights are alike.
    """
    replicate = ConfigDict(study.to_dict())
    replicate.data.seed = replicate.memorization.seed = data_seed
    replicate.seeds = tuple(SEEDS_APART * data_seed + seed
                            for seed in (study.seeds if model_seeds is None else model_seeds))
    return replicate


def base_of(config: ConfigDict) -> ConfigDict:
    """What all parts share, as a study without rows."""
    study = of_part(config, "")
    study.rows = ()
    return study


def all_studies(config: ConfigDict) -> Iterator[tuple[str, ConfigDict]]:
    """(name of the part, study of its first replicate), as messages and checks need them."""
    for part in parts_of(config):
        yield part, of_replicate(of_part(config, part), config.replicates[0])
