"""Checks of a whole config, all faults at once, before any device work."""

from collections.abc import Mapping

from rum_jax.config.schema import schema_of
from rum_jax.data import load
from rum_jax.errors import raise_if_any
from rum_jax.refine import SUBSETS


def validate(config: Mapping) -> None:
    """Raises InputError naming every field that is unknown, missing, or not allowed."""
    raise_if_any(faults(config), "The config has faults:")


def faults(config: Mapping) -> list[str]:
    """All faults, one line each; fields that only make sense together are checked last."""
    found = _walk(config, schema_of(config), "config")

    def sound(*sections: str) -> bool:
        return not any(fault.startswith(f"config.{name}") for fault in found for name in sections)

    joint = _model_faults(config) if sound("model") else []
    if sound("data", "forget", "memorization"):
        joint += _size_faults(config)
    return found + joint


def _walk(config: Mapping, schema: Mapping, path: str) -> list[str]:
    found = [f"{path}.{name}: unknown field; known here: {', '.join(schema) or 'none'}"
             for name in config if name not in schema]
    for name, rule in schema.items():
        where = f"{path}.{name}"
        if name not in config:
            found.append(f"{where}: missing")
        elif isinstance(rule, Mapping):
            found += (_walk(config[name], rule, where) if isinstance(config[name], Mapping)
                      else [f"{where}: is {config[name]!r}; allowed: a section of fields"])
        elif fault := rule(config[name]):
            found.append(f"{where}: {fault}")
    return found


def _model_faults(config: Mapping) -> list[str]:
    widths, blocks = config["model"]["widths"], config["model"]["blocks"]
    if len(widths) == len(blocks):
        return []
    return [f"config.model.blocks: has {len(blocks)} stage(s); allowed: {len(widths)}, as many as "
            "config.model.widths"]


def _size_faults(config: Mapping) -> list[str]:
    """Sizes against those of the data set."""
    data, forget = dict(config["data"]), config["forget"]
    if data["validation_fraction"] + data["test_fraction"] >= 1:
        return [f"config.data.validation_fraction: {data['validation_fraction']} and "
                f"config.data.test_fraction: {data['test_fraction']} leave nothing to train on; "
                "allowed: a sum below 1"]
    dataset = load(**data)
    found, size = [], len(dataset.train)
    for split, positions in dataset.positions.items():
        if len(positions) < 1:
            found.append(f"config.data: the {split} set would be empty")
    if forget["size"] >= size:
        found.append(f"config.forget.size: is {forget['size']}; allowed: less than the training "
                     f"set's {size} examples")
    if forget["selection"] == "mix" and forget["size"] % len(SUBSETS):
        found.append(f"config.forget.size: is {forget['size']}; allowed for a mix: a multiple of "
                     f"{len(SUBSETS)}")
    subset = round(config["memorization"]["subset_fraction"] * size)
    if not 1 <= subset < size:
        found.append(f"config.memorization.subset_fraction: is "
                     f"{config['memorization']['subset_fraction']}; it would train each model on "
                     f"{subset} of {size} examples; allowed: at least one in and one out")
    return found
