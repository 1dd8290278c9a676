"""Rows of a table with values that are given."""

from rum_jax.config import base
from rum_jax.evaluate.interval import summary
from rum_jax.rum import row_spec

METRICS = ("tow", "tow_mia", "mia", "forget_accuracy", "tow_stratified", "tow_mia_stratified",
           "validation_tow")


def spec(name, **fields) -> dict:
    """What a row of that name does in a config with these fields, `.` written as `__`."""
    config = base.get_config()
    base.set_fields(config, {key.replace("__", "."): value for key, value in fields.items()})
    return row_spec.resolve(config, name)._asdict()


def row(name, forget_set="a", steps=100.0, seconds=0.5, done=(), fields=None, **metrics) -> dict:
    """A row as in results.json; metrics that are not given are those of `tow`."""
    tow = metrics["tow"]
    return {"set": forget_set, "name": name, "spec": spec(name, **(fields or {})),
            "steps": list(done), "metrics": {
                **{key: summary(metrics.get(key, tow)) for key in METRICS},
                "seconds": summary([seconds] * len(tow)),
                "optimizer_steps": summary([steps] * len(tow)),
                "example_gradients": summary([64 * steps] * len(tow))}}
