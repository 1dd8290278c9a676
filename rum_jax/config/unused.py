"""Fields that are set but have no effect with the rest of a config.

A field that contradicts the rest is an error (`unused_faults`). A field that is merely unused, such
as the relearning rate of a study without relearning, is reported only if the command line sets it
(`notes`), as a config file may have fields for several kinds of runs.
"""

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence

from ml_collections import ConfigDict

from rum_jax.config.base import INFLUENCE_TOP
from rum_jax.config.content import flat
from rum_jax.config.identity import below
from rum_jax.config.replicates import all_studies
from rum_jax.core import plugins
from rum_jax.core.errors import raise_if_any
from rum_jax.forget.from_file import FILE
from rum_jax.memorization.influence import NONE, TOP
from rum_jax.models import MODELS
from rum_jax.proxies import PROXIES
from rum_jax.refine import TIMES
from rum_jax.rum import row_spec
from rum_jax.runtime.worker_index import FROM_SCHEDULER

HEADING = "The command line has faults:"

# Sections that a campaign by itself does not look at, and those that a sweep does not.
_OF_STUDIES = ("seeds", "rows", "forget", "stream", "proxies", "unlearn", "vanilla", "rum_f", "rum",
               "trace", "metrics", "oracles", "mia", "relearn", "train.from_files", "train.epochs",
               "train.schedule", "train.milestones", "train.augmentation")
_NOT_SWEPT = ("rows", "stream", "proxies.compared", "trace", "metrics", "relearn",
              "campaign.influence")
_OF_MEMBERS = ("memorization.subset_fraction", "memorization.epochs", "memorization.schedule",
               "memorization.milestones", "memorization.seed", "memorization.augmentation",
               "campaign.group_size", "campaign.reliability", "campaign.lease_seconds")


_ONE_STUDY = "without config.replicates"


def unused_faults(config: Mapping) -> list[str]:
    """Fields that contradict what the rest of the config asks for; sections must be sound."""
    campaign, sweep, steps = config["campaign"], config["sweep"], config["train"]["max_steps"]
    alone, scores = campaign["alone"], config["memorization"]["scores"]
    one = not config["replicates"]
    trained = campaign["models"] and not scores
    return [f"config.{field}: is {value!r}; allowed {condition}" for wrong, field, value, condition
            in (
        (sweep["grid"] and sweep["method"] != "grid", "sweep.grid", sweep["grid"],
         f"with config.sweep.method={sweep['method']}: '', as only config.sweep.method=grid "
         "takes values from it"),
        (campaign["worker"] != FROM_SCHEDULER and not alone, "campaign.worker", campaign["worker"],
         f"in a study: {FROM_SCHEDULER}, as one command does all of it; only "
         "config.campaign.alone=True has workers"),
        (campaign["workers"] and not alone, "campaign.workers", campaign["workers"],
         "in a study: 0, as one command does all of it; only config.campaign.alone=True has "
         "workers"),
        (campaign["influence"] != TOP and campaign["influence_top"] != INFLUENCE_TOP,
         "campaign.influence_top", campaign["influence_top"],
         f"with config.campaign.influence={campaign['influence']}: {INFLUENCE_TOP}, which is "
         f"its default; it counts with config.campaign.influence={TOP} alone"),
        (campaign["influence"] != NONE and not campaign["models"], "campaign.influence",
         campaign["influence"], "with config.campaign.models=0: none, as it takes these models"),
        (campaign["plan"] and steps, "train.max_steps", steps,
         "with config.campaign.plan=True: 0; a plan measures the campaign, max_steps tries an "
         "original model: ask for one of them"),
        (campaign["plan"] and not trained and not alone, "campaign.plan", True,
         "with a campaign: here memorization is " + (
             f"read from {scores}" if scores else "not needed, as config.campaign.models is 0")),
        (alone and steps, "train.max_steps", steps,
         "with config.campaign.alone=True: 0, as it tries an original model, which a campaign does "
         "not train; config.campaign.plan=true measures the campaign"),
        (sweep["rows"] and steps, "train.max_steps", steps,
         "with config.sweep.rows: 0, as it tries an original model and runs no sweep"),
        (sweep["rows"] and campaign["plan"], "campaign.plan", True,
         "with config.sweep.rows: False, as it measures the campaign and runs no sweep"),
        (alone and sweep["rows"], "sweep.rows", sweep["rows"],
         "with config.campaign.alone=True: (), as that trains memorization models and nothing "
         "else"),
        (one and config["parts"], "parts", [*config["parts"]], f"{_ONE_STUDY}: none"),
        (one and config["contrasts"], "contrasts", [*config["contrasts"]], f"{_ONE_STUDY}: none"),
        (one and config["tuning"]["replicates"], "tuning.replicates",
         config["tuning"]["replicates"], f"{_ONE_STUDY}: (); config.sweep.rows searches for it"),
    ) if wrong]


def refuse_other_runs(config: Mapping, command: str, alone: bool = True) -> None:
    """Raises InputError if the config requests a dry run, a plan, a sweep or replicates.

    Args:
      config: checked.
      command: name of the command that cannot do these, for the message.
      alone: whether the command takes configs with campaign.alone=True.
    """
    requested = (("train.max_steps", 0), ("campaign.plan", False), ("sweep.rows", ()),
                 ("replicates", ()), *([] if alone else [("campaign.alone", False)]))
    wrong = [(field, value, off) for field, off in requested
             if (value := functools.reduce(operator.getitem, field.split("."), config)) != off]
    raise_if_any([f"config.{field}: is {value!r}; allowed in {command}: {off!r}, as it does "
                  "nothing of the kind" for field, value, off in wrong], HEADING)


def notes(config: Mapping, given: Sequence[str]) -> list[str]:
    """What to say of fields that have no effect.

    Args:
      config: checked.
      given: fields on the command line, as `config.train.epochs`.
    """
    by_field = {}
    for fields, reason in _without_effect(config):
        for field in given:
            if any(f"{field}.".startswith(f"config.{name}.") for name in fields):
                by_field.setdefault(field, f"{field} is given and has no effect {reason}")
    return list(by_field.values())


def _without_effect(config: Mapping) -> Iterator[tuple[Sequence[str], str]]:
    """Fields without an effect on this command, and why."""
    if not config["replicates"]:
        yield ("tuning",), _ONE_STUDY
        yield from _unused(config)
        return
    yield ("data.seed", "memorization.seed"), "with config.replicates, which are these seeds"
    if not config["tuning"]["replicates"]:
        yield ("tuning",), "without config.tuning.replicates"
    whole = ConfigDict(dict(config))
    given = [{*flat(part, "")} for part in whole.parts.to_dict().values()]
    if given:
        yield [name.lstrip(".") for name in set.intersection(*given)], "as every part has its own"
    first, *others = [list(_unused(study.to_dict()))
                      for _, study in all_studies(whole)]
    for fields, reason in first:
        yield [name for name in fields if all(
            any(below(name, tuple(names)) for names, _ in other) for other in others)], reason


def _unused(config: Mapping) -> Iterator[tuple[Sequence[str], str]]:
    """Fields without an effect, and why."""
    campaign, sweep, scores = config["campaign"], config["sweep"], config["memorization"]["scores"]
    if campaign["alone"]:
        yield _OF_STUDIES, "with config.campaign.alone=True"
        yield ("sweep",), "with config.campaign.alone=True"
        return
    if scores:
        yield ("campaign", *_OF_MEMBERS), "with config.memorization.scores"
    elif not campaign["models"]:
        yield ([f"campaign.{name}" for name in campaign if name not in ("models", "alone")]
               + [*_OF_MEMBERS]), "with config.campaign.models=0"
    if sweep["rows"]:
        yield _NOT_SWEPT, "in a sweep, which config.sweep.rows ask for"
        unused = ("points", "seed") if sweep["method"] == "grid" else ("grid",)
        yield ([f"sweep.{name}" for name in unused],
               f"with config.sweep.method={sweep['method']}")
    else:
        yield ("sweep",), "without config.sweep.rows"
    if not config["stream"]["requests"]:
        yield ("stream.size",), "without config.stream.requests"
    if not any(name.startswith(f"{FILE}:") for name in (
            *config["forget"]["sets"], *config["stream"]["requests"])):
        yield ("forget.file_ids",), f"without a forget set or request {FILE}:"
    yield _proxies_unused(config), "as nothing takes that proxy"
    if not config["relearn"]["epochs"]:
        yield ("relearn.learning_rate", "relearn.tolerance"), "with config.relearn.epochs=0"
    name = config["model"]["name"]
    if plugins.is_reference(name) or MODELS[name].options:
        yield ("model.widths", "model.blocks", "model.batch_norm_groups"), (
            f"with config.model.name={name}, which has no stages")
    yield from _rows_unused(config)


def _proxies_unused(config: Mapping) -> list[str]:
    """Sections of proxies that no forget set, request, comparison or refinement takes."""
    names = [*config["forget"]["sets"], *config["stream"]["requests"],
             *config["proxies"]["compared"]]
    used = {name.partition(":")[0] for name in names}
    for row in (*config["rows"], *config["stream"]["rows"], *config["sweep"]["rows"]):
        if row_spec.parse(row).kind != row_spec.VANILLA:
            refinement = row_spec.options_of(config, row)["by"]
            if plugins.is_reference(refinement):
                return []  # it may look at any score
            used |= {*refinement.split(TIMES)}
    return [f"proxies.{name}" for name in PROXIES if name not in used]


def _rows_unused(config: Mapping) -> Iterator[tuple[Sequence[str], str]]:
    """Hyper-parameters of algorithms, and sections of refinements, that no row takes."""
    parsed = [row_spec.parse(row) for row in (*config["rows"], *config["stream"]["rows"],
                                          *config["sweep"]["rows"])]
    kinds = {row.kind for row in parsed}
    for kind in (row_spec.RUM_F, row_spec.RUM):
        if kind not in kinds:
            yield (kind,), f"without a row of {kind}"
    if not kinds & {row_spec.RUM_F, row_spec.RUM}:
        yield ("trace",), "without rows of subsets"
    for kind in (row_spec.VANILLA, row_spec.RUM_F):
        used = {row.algorithm.rpartition(":")[2] for row in parsed if row.kind == kind}
        yield ([f"{kind}.hparams.{name}" for name in config[kind]["hparams"] if name not in used],
               f"without a row {kind}:<that algorithm>")
    used = {name.rpartition(":")[2] for name in config["rum"]["algorithms"].values()}
    yield ([f"rum.hparams.{name}" for name in config["rum"]["hparams"] if name not in used],
           "as config.rum.algorithms does not have that algorithm")
    for kind in (row_spec.RUM_F, row_spec.RUM):
        for option, field in (("by", "refinement"), ("subsets", "subsets"), ("order", "order"),
                              ("steps", "steps")):
            if all(option in row.options for row in parsed if row.kind == kind):
                yield (f"{kind}.{field}",), f"as every row of {kind} says it itself"
