"""A small study over replicates that is fine, and what is wrong when it is changed."""

from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.config.validate import faults

CELLS = {"first": ("mix/rum",), "second": ("mix/best(vanilla:*)",)}


def given(**fields):
    """A contrast."""
    return {"claim": "RUM helps", "family": "3", **CELLS, "measure": "difference",
            "metrics": ("tow_stratified",), "test": "superiority", "direction": "greater",
            "margin": 0.02, **fields}


def config(contrast=None, **fields):
    """A study that is fine, with some fields changed; names with `.` written as `__`."""
    c = base.get_config()
    c.replicates = (0, 1, 2)
    c.parts = ConfigDict({
        "mix": {"rows": ("vanilla:finetune", "rum"), "forget": {"size": 60}, "trace": True},
        "low": {"rows": ("vanilla:finetune",),
                "forget": {"sets": ("memorization:low",), "size": 20}},
        "auto": {"rows": ("rum",), "forget": {"size": 60}}})
    c.tuning.replicates, c.tuning.auto = (100, 101), ("auto",)
    c.contrasts = ConfigDict({"RUM": given(**(contrast or {}))})
    base.set_fields(c, {name.replace("__", "."): value for name, value in fields.items()})
    return c


def refused(contrast=None, **fields):
    """The faults of a config, without loading its data."""
    return faults(config(contrast, **fields).to_dict(), data=False)
