"""Rows of a table with values that are given."""

from rum_jax import rows
from rum_jax.config import base
from rum_jax.evaluate.interval import summary


def spec(name) -> dict:
    """What a row of that name does in the default config."""
    return rows.resolve(base.get_config(), name)._asdict()


def row(name, forget_set="a", steps=100.0, **metrics) -> dict:
    """A row as in results.json; metrics that are not given are those of `tow`."""
    tow = metrics["tow"]
    every = ("tow", "tow_mia", "mia", "forget_accuracy")
    return {"set": forget_set, "name": name, "spec": spec(name), "steps": [], "metrics": {
        **{key: summary(metrics.get(key, tow)) for key in every},
        "seconds": summary([0.5] * len(tow)),
        "optimizer_steps": summary([steps] * len(tow)),
        "example_gradients": summary([64 * steps] * len(tow))}}
