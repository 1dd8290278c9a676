"""Checks of what a study compares: rows, and the scores that they and the forget sets take."""

from collections.abc import Iterator, Mapping

from rum_jax.core.errors import InputError
from rum_jax.forget import scores_of
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.proxies import PROXIES
from rum_jax.refine import TIMES, subset_names
from rum_jax.rum import row_spec
from rum_jax.unlearn import ALGORITHMS

CHANGE_SHAPES = {algorithm.name for algorithm in ALGORITHMS.values() if algorithm.changes_shapes}


def study_faults(config: Mapping) -> list[str]:
    """What is wrong with fields that are fine one by one."""
    return [*_score_faults(config), *_row_faults(config), *_same_rows(config),
            *_stream_faults(config["stream"])]


def _same_rows(config: Mapping) -> Iterator[str]:
    """Rows of one field that do the same under two names."""
    for field, named in (("config.rows", config["rows"]),
                         ("config.stream.rows", config["stream"]["rows"]),
                         ("config.sweep.rows", config["sweep"]["rows"])):
        first: dict[row_spec.Resolved, str] = {}
        for row in named:
            try:
                key = row_spec.row_identity(config, row)
            except InputError:
                continue  # an order that does not fit, which `_row_faults` tells
            if first.setdefault(key, row) != row:
                yield (f"{field}: {row} and {first[key]} do the same, as an option that is left "
                       "out is that of its section, and merged steps have no order; allowed: each "
                       "row once, leave one out")


def _stream_faults(stream: Mapping) -> list[str]:
    if bool(stream["requests"]) == bool(stream["rows"]):
        return []
    return [f"config.stream.rows: is {stream['rows']}; allowed with config.stream.requests="
            f"{stream['requests']}: " + ("at least one" if stream["requests"] else "()")]


def _row_faults(config: Mapping) -> Iterator[str]:
    """Rows with more subsets than examples, a wrong order, or steps that cannot be merged."""
    requested = [("config.rows", "forget", row)
                 for row in (*config["rows"], *config["sweep"]["rows"])]
    requested += [("config.stream.rows", "stream", row) for row in config["stream"]["rows"]]
    for field, sized, row in requested:
        parsed, size = row_spec.parse(row), config[sized]["size"]
        if parsed.kind == row_spec.VANILLA:
            continue
        options = row_spec.options_of(config, row)
        names = subset_names(options["by"], int(options["subsets"]))
        if names and 0 < size < len(names):
            yield (f"{field}: {row} has {len(names)} subsets; allowed with "
                   f"config.{sized}.size={size}: at most {size}")
        try:
            row_spec.in_order(names or (), options["order"] if names else row_spec.ORDERS[0])
        except InputError as error:
            yield f"{field}: {row}: {error}"
        used = [parsed.algorithm] if parsed.algorithm else config["rum"]["algorithms"].values()
        for name in {*used} & CHANGE_SHAPES if options["steps"] == row_spec.STEPS[1] else ():
            yield (f"{field}: {row} adds up the changes of {name}, which adds an "
                   "output; allowed: steps=sequential, or another algorithm")


def _score_faults(config: Mapping) -> list[str]:
    """Requested scores that are not available."""
    faults, requested = [], _requested_scores(config)
    available = config["campaign"]["models"] or config["memorization"]["scores"]
    if MEMORIZATION in requested and not available and not config["campaign"]["alone"]:
        faults.append(f"config.campaign.models: is 0; allowed with {requested[MEMORIZATION]}: at "
                      "least 4, or scores in config.memorization.scores")
    if config["campaign"]["alone"] and not config["campaign"]["models"]:
        faults.append("config.campaign.models: is 0; allowed with config.campaign.alone=True: at "
                      "least 4")
    for name in requested:
        if name in PROXIES and not PROXIES[name].compute and config["train"]["from_files"]:
            faults.append(f"{requested[name]}: asks for {name}, which is read while the originals "
                          "are trained; allowed with config.train.from_files: heldout_retrain, "
                          "loss_curvature")
    return faults


def _requested_scores(config: Mapping) -> dict[str, str]:
    """Score -> the field that asks for it first."""
    requested: dict[str, str] = {}
    named = [(score, field) for field, names in (
        ("config.forget.sets", config["forget"]["sets"]),
        ("config.stream.requests", config["stream"]["requests"]))
        for name in names for score in scores_of(name)]
    named += [(name, "config.proxies.compared") for name in config["proxies"]["compared"]]
    refined = [(score, f"{field}: {row}") for field, section in (
        ("config.rows", config), ("config.stream.rows", config["stream"]))
        for row in section["rows"] if row_spec.parse(row).kind != row_spec.VANILLA
        for score in row_spec.options_of(config, row)["by"].split(TIMES)]
    for score, field in (*named, *refined):
        requested.setdefault(score, field)
    return requested
