"""Checks of a whole config, all faults at once, before any device work."""

from collections.abc import Mapping

from rum_jax import own
from rum_jax.config.schema import own_algorithms, schema_of
from rum_jax.data import load
from rum_jax.errors import raise_if_any
from rum_jax.models import most_stages
from rum_jax.refine import SUBSETS
from rum_jax.unlearn import ALGORITHMS


def validate(config: Mapping) -> None:
    """Raises InputError naming every field that is unknown, missing, or not allowed."""
    raise_if_any(faults(config), "The config has faults:")


def faults(config: Mapping) -> list[str]:
    """All faults, one line each; fields that only make sense together are checked last."""
    found = _walk(config, schema_of(config), "config")

    def sound(*sections: str) -> bool:
        return not any(fault.startswith(f"config.{name}") for fault in found for name in sections)

    joint = _own_faults(config) + _seed_faults(config) if sound("seeds", "sweep") else []
    if sound("model", "data"):
        joint += _model_faults(config)
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


def _own_faults(config: Mapping) -> list[str]:
    """Algorithms of the user's own whose hyper-parameters could be taken for others'."""
    references = own_algorithms(config)
    names = [own.short_name(reference) for reference in references]
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


def _model_faults(config: Mapping) -> list[str]:
    model = config["model"]
    stages, blocks = len(model["widths"]), len(model["blocks"])
    if stages != blocks:
        return [f"config.model.blocks: has {blocks} stage(s); allowed: {stages}, as many as "
                "config.model.widths"]
    size = min(load(**config["data"]).spec.shape[:2])
    if stages > most_stages(model["name"], size):
        return [f"config.model.widths: has {stages} stages; allowed for {model['name']} and "
                f"images of {size} pixels: {most_stages(model['name'], size)}, as each halves "
                "them"]
    return []


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
