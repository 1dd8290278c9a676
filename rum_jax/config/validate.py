"""Checks of a whole config, all faults at once, before any device work."""

from collections.abc import Mapping, Sequence

from rum_jax.config.schema import OPTIONAL, own_algorithms, schema_of
from rum_jax.config.unused import unused_faults
from rum_jax.config.validate_files import file_faults
from rum_jax.config.validate_model import model_faults
from rum_jax.config.validate_replicates import replicate_faults
from rum_jax.config.validate_study import study_faults
from rum_jax.core import checks, plugins
from rum_jax.core.errors import InputError, raise_if_any
from rum_jax.core.paths import file_fault, is_url
from rum_jax.data import load
from rum_jax.data.arrays import Dataset
from rum_jax.forget import FAMILIES, data_faults
from rum_jax.forget.remaining import request_faults
from rum_jax.forget.selection import REQUESTS, SETS, Fields
from rum_jax.memorization.influence import NONE
from rum_jax.memorization.members import subset_size
from rum_jax.refine import SUBSETS
from rum_jax.unlearn import ALGORITHMS

MISSING, NO_SECTION = ": missing", "; allowed: a section of fields"
LARGE_BATCH = 8192  # which may be larger than the training set; the rest of it is padding


def validate(config: Mapping) -> None:
    """Raises InputError naming every field that is unknown, missing, or not allowed."""
    raise_if_any(faults(config), "The config has faults:")


def faults(config: Mapping, data: bool = True) -> list[str]:
    """All faults, one line each; fields that only make sense together are checked last.

    Without `data`, they are not loaded, and nothing is checked against them.
    """
    problems = _walk(config, schema_of(config), "config")
    if not problems and config["replicates"]:
        return replicate_faults(config, faults, data)
    if any(fault.endswith((MISSING, NO_SECTION)) for fault in problems) or config["replicates"]:
        return problems  # what is checked together needs all fields

    def sound(*sections: str) -> bool:
        return not any(fault.startswith(f"config.{name}") for fault in problems
                       for name in sections)

    joint = _own_faults(config) + _seed_faults(config) if sound("seeds", "sweep") else []
    if sound("model", "train", "unlearn", "engine"):
        joint += _share_faults(config)
    if sound("memorization", "campaign", "train", "seeds", "sweep"):
        joint += _schedule_faults(config) + _file_faults(config)
    if sound("campaign", "memorization", "forget", "stream", "proxies", "rows", "rum",
             "sweep", "train"):
        joint += study_faults(config) + unused_faults(config)
    if data and sound("model", "data", "forget", "stream", "memorization", "campaign", "seeds",
                      "train.from_files"):
        joint += _data_faults(config, [name for name in ("train", "unlearn") if sound(name)])
    return problems + joint


def workdir_faults(config: Mapping, workdir: str) -> list[str]:
    """What cannot be done in such a workdir."""
    epochs = config["train"]["checkpoint_epochs"]
    if not epochs or not is_url(workdir):
        return []
    return [f"config.train.checkpoint_epochs: is {epochs}; allowed with --workdir={workdir}: 0, "
            "as states are kept on file systems only"]


def _walk(config: Mapping, schema: Mapping, path: str) -> list[str]:
    problems = [f"{path}.{checks.cut(str(name))}: unknown field; known here: "
                f"{', '.join(schema) or 'none'}{checks.similar(name, schema)}"
                for name in config if name not in schema]
    for name, rule in schema.items():
        where = f"{path}.{name}"
        if name not in config:
            problems += [] if name in OPTIONAL else [f"{where}{MISSING}"]
        elif isinstance(rule, Mapping):
            problems += (_walk(config[name], rule, where) if isinstance(config[name], Mapping)
                         else [f"{where}: is {checks.shortened(config[name])}{NO_SECTION}"])
        elif fault := rule(config[name]) or _epochs_fault(name, config[name]):
            problems.append(f"{where}: {fault}")
    return problems


def _epochs_fault(name: str, value: object) -> str | None:
    """More epochs than any algorithm, a user's own too, can keep rates for."""
    most = checks.MOST_EPOCHS
    if not name.endswith("epochs") or not isinstance(value, int) or value <= most:
        return None
    return f"is {checks.shortened(value)}; allowed: at most {most}"


def _own_faults(config: Mapping) -> list[str]:
    """Algorithms of the user's own whose hyper-parameters could be taken for others'."""
    references = own_algorithms(config)
    names = [plugins.short_name(reference) for reference in references]
    return [f"config: {reference}: a function called {name} is known already; give it another "
            "name, under which its hyper-parameters are found"
            for reference, name in zip(references, names, strict=True)
            if name in ALGORITHMS or names.count(name) > 1]


def _seed_faults(config: Mapping) -> list[str]:
    both = sorted(set(config["seeds"]) & set(config["sweep"]["seeds"]))
    if not config["sweep"]["rows"] or not both:
        return []
    return [f"config.sweep.seeds: has {', '.join(map(str, both))}, as config.seeds has; allowed: "
            "others, so that what is chosen is not judged by the models it was chosen with"]


def _share_faults(config: Mapping) -> list[str]:
    """Batch sizes that are no multiple of the parts that a batch is split into."""
    problems = []
    for section in ("train", "unlearn"):
        size = config[section]["batch_size"]
        for what, parts in (("engine.data_devices", config["engine"]["data_devices"]),
                            ("model.batch_norm_groups", config["model"]["batch_norm_groups"])):
            if parts and size % parts:
                problems.append(f"config.{section}.batch_size: is {size}; allowed with "
                                f"config.{what}={parts}: a multiple of {parts}")
    return problems


def _schedule_faults(config: Mapping) -> list[str]:
    """Milestones that would be passed over, or never reached."""
    problems = []
    for name in ("train", "memorization"):
        section, epochs = config[name], config[name]["epochs"]
        given, steps = tuple(section["milestones"]), section["schedule"] == "steps"
        if steps != bool(given) or any(milestone >= epochs for milestone in given):
            allowed = f"epochs below {epochs}, at least one" if steps else "(), as cosine has none"
            problems.append(f"config.{name}.milestones: is {given}; allowed with schedule "
                            f"{section['schedule']}: {allowed}")
    return problems


def _file_faults(config: Mapping) -> list[str]:
    """Files that are named, and what cannot be done with them."""
    problems, files = [], config["train"]["from_files"]
    scores = config["memorization"]["scores"]
    if files and len(files) != len(config["seeds"]):
        problems.append(f"config.train.from_files: has {len(files)} file(s); allowed: "
                        f"{len(config['seeds'])}, one for each of config.seeds")
    if files and config["sweep"]["rows"]:
        problems.append("config.train.from_files: is given; allowed in a sweep: (), as it trains "
                        "the models of config.sweep.seeds")
    for name, path in [("train.from_files", path) for path in files] + (
            [("memorization.scores", scores)] if scores else []):
        if fault := file_fault(path, folders=name == "memorization.scores"):
            problems.append(f"config.{name}: {fault}")
    if scores and config["campaign"]["alone"]:
        problems.append(f"config.memorization.scores: is {scores}; allowed with "
                        "config.campaign.alone=True: '', as it trains models to estimate them")
    if scores and config["campaign"]["influence"] != NONE:
        problems.append(f"config.campaign.influence: is {config['campaign']['influence']}; allowed "
                        "with config.memorization.scores: none, as influence takes trained models")
    return problems


def _data_faults(config: Mapping, batched: Sequence[str]) -> list[str]:
    """What only shows with the data: they cannot be read, or sizes do not fit them."""
    data = config["data"]
    if data["validation_fraction"] + data["test_fraction"] >= 1:
        return [f"config.data.validation_fraction: {data['validation_fraction']} and "
                f"config.data.test_fraction: {data['test_fraction']} leave nothing to train on; "
                "allowed: a sum below 1"]
    try:
        dataset = load(**data)
    except InputError as error:
        return [str(error)]
    problems = model_faults(config, dataset)
    return (problems or file_faults(config, dataset)) + _size_faults(config, dataset, batched)


def _size_faults(config: Mapping, dataset: Dataset, batched: Sequence[str]) -> list[str]:
    """Sizes against those of the data set; `batched`: sections whose batches are."""
    problems, size, alone = [], len(dataset.train), config["campaign"]["alone"]
    for split, positions in dataset.positions.items():
        if len(positions) < 1 and not (alone and split == "validation"):
            problems.append(f"config.data: the {split} set would be empty; allowed: fractions and "
                            "classes that leave at least one example")
    problems += [f"config.{name}.batch_size: is {config[name]['batch_size']}; allowed: at most "
                 f"{max(size, LARGE_BATCH)}, as there are {size} examples to train on"
                 for name in batched if config[name]["batch_size"] > max(size, LARGE_BATCH)]
    if not alone:
        forget, stream = config["forget"], config["stream"]
        problems += _forget_faults(SETS, forget["sets"], forget["size"], size) or data_faults(
            forget["sets"], dataset, forget["size"], config["seeds"], forget["file_ids"])
        problems += _forget_faults(REQUESTS, stream["requests"], stream["size"], size,
                                   len(stream["requests"])) or request_faults(
            stream["requests"], dataset, stream["size"], config["seeds"], forget["file_ids"])
    subset = subset_size(config["memorization"]["subset_fraction"], size)
    if not 1 <= subset < size:
        problems.append(f"config.memorization.subset_fraction: is "
                        f"{config['memorization']['subset_fraction']}; it would train each model "
                        f"on {subset} of {size} examples; allowed: at least one in and one out")
    return problems


def _forget_faults(fields: Fields, names: Sequence[str], each: int, examples: int,
                   times: int = 1) -> list[str]:
    """Sizes of forget sets that these names cannot have; `times`: how many are taken together."""
    problems = []
    if times * each >= examples:
        problems.append(f"{fields.size}: is {each}; allowed: less than the training set's "
                        f"{examples} examples{f', for {times} requests together' * (times > 1)}")
    mixed = [name for name in names if name.endswith(":mix")]
    if mixed and each % len(SUBSETS):
        problems.append(f"{fields.size}: is {each}; allowed with {mixed[0]}: a multiple of "
                        f"{len(SUBSETS)}")
    without = [name for name in names if not FAMILIES[name.partition(":")[0]].size_optional]
    if not each and without:
        problems.append(f"{fields.size}: is 0; allowed with {without[0]}: at least 1")
    return problems
