"""What a result depends on, for studies and campaigns alike.

Every field of a config determines results unless it is listed in FREE. A stage depends on whole
sections, without the fields that it is known not to read: so a new field of a section invalidates
stored results unless it is excluded. A test fails on a field that is in none of these lists.
"""

from collections.abc import Mapping
from typing import Any

# Field, or section -> why it changes no result.
FREE = {
    "engine": "where and how fast; results differ by rounding alone",
    "data.path": "the data are identified by the digests of their contents",
    "model.dtype": "stages record the type that it leads to",
    "train.checkpoint_epochs": "a training that goes on ends as one that was never stopped",
    "train.max_steps": "a dry run keeps nothing",
    "campaign.alone": "which command is run",
    "campaign.plan": "an estimate of costs keeps nothing",
    "campaign.group_size": "members depend on the seed and their own number",
    "campaign.worker": "who trains a member changes nothing",
    "campaign.workers": "who trains a member changes nothing",
    "campaign.lease_seconds": "who trains a member changes nothing",
    "campaign.reliability": "a target that is reported beside what was reached",
    "proxies.compared": "each proxy says what it was made from",
    "rows": "each method says what it was made from",
    "stream.rows": "each method says what it was made from",
    "sweep": "each point says what it was made from",
    "replicates": "each replicate is a study of its own",
    "parts": "each part is a study of its own",
    "tuning": "each study says which hyper-parameters it was made with",
    "contrasts": "claims are about results",
}

# Fields that were added since results were first stored -> the value with which all is as it was
# before. With that value a field is left out of what identifies a result.
ADDED = {"optimizer.name": "sgd", "optimizer.warmup_epochs": 0.0,
         "optimizer.unlearn_schedule": "constant", "model.kwargs": {}}

DATA = ("data", "train.from_files_mean", "train.from_files_std")
NETWORK = ("model",)
GIVEN_MODELS = ("train.from_files",)
TRAINING = ("train", "optimizer")
NOT_OF_TRAINING = ("train.from_files", "train.from_files_mean", "train.from_files_std")
FORGET_SETS = ("forget", "seeds")
REQUESTS = ("stream.requests", "stream.size")
MEMORIZATION = ("memorization", "campaign.models")
PROXY_OPTIMIZER = ("train.batch_size", "train.momentum", "train.weight_decay", "optimizer")
UNLEARNING = ("unlearn", "optimizer")
EVALUATION = ("metrics", "oracles", "mia", "relearn", *UNLEARNING, "forget.ties")
# Of these a stage reads what it needs: a proxy its own table, a method the hyper-parameters of its
# steps. Stages of influence have the two fields in their names.
PROXIES = ("proxies",)
METHODS = ("vanilla", "rum_f", "rum", *UNLEARNING, "trace")
INFLUENCE = ("campaign.influence", "campaign.influence_top")

# A member of a campaign has epochs, schedule and augmentation of its own section.
MEMBERS = ("data", "model", "train", "memorization", "optimizer")
NOT_OF_MEMBERS = ("train.epochs", "train.schedule", "train.milestones", "train.augmentation",
                  *NOT_OF_TRAINING, "memorization.scores", "optimizer.unlearn_schedule")


def below(field: str, names: Mapping | tuple[str, ...]) -> bool:
    """Whether a dotted field is one of these names, or in one of these sections."""
    return any(field == name or field.startswith(f"{name}.") for name in names)


def of_members(config: Mapping[str, Mapping]) -> dict[str, dict[str, Any]]:
    """Section -> field -> value of what a campaign's members depend on."""
    read = {section: {name: value for name, value in config[section].items()
                      if not below(f"{section}.{name}", (*FREE, *NOT_OF_MEMBERS))
                      and not is_as_before(f"{section}.{name}", value)}
            for section in MEMBERS}
    return {section: values for section, values in read.items() if values}


def is_as_before(field: str, value: Any) -> bool:
    """Whether a dotted field is one of ADDED and has the value with which nothing changes."""
    return field in ADDED and value == ADDED[field]
