"""A study of seconds over three replicates: two parts with the same forget set.

The search of one of them has nothing to choose.
"""

import contextlib
from collections import Counter

import jax
from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.config.validate import validate

COMPILED = "/jax/core/compile/backend_compile_duration"
FIELDS = {
    "seeds": (0, 1), "data.train_per_class": 40, "model.widths": (4,), "model.blocks": (1,),
    "train.epochs": 6, "train.batch_size": 32, "unlearn.batch_size": 32, "campaign.models": 4,
    "memorization.epochs": 1, "campaign.group_size": 4, "campaign.influence": "none",
    "forget.size": 12, "relearn.epochs": 0, "metrics": (), "engine.devices": 1,
    "engine.steps_per_call": 16, "vanilla.hparams.finetune.epochs": 2,
    "rum_f.hparams.finetune.low.epochs": 1, "rum_f.hparams.finetune.mid.epochs": 1,
    "rum_f.hparams.finetune.high.epochs": 1,
}


def study(**changed) -> ConfigDict:
    """The config; changed fields by name, `.` written as `__`."""
    c = base.get_config()
    base.set_fields(c, FIELDS)
    c.replicates = (0, 1, 2)
    c.parts = ConfigDict({"chain": {"rows": ("rum_f:finetune",), "trace": True},
                          "whole": {"rows": ("vanilla:finetune", "vanilla:none")}})
    base.set_fields(c, {"tuning.replicates": (100, 101), "tuning.budget": 2})
    c.tuning.fixed = ConfigDict({"chain": ("epochs", "learning_rate", "last_epoch_factor")})
    base.set_fields(c, {name.replace("__", "."): value for name, value in changed.items()})
    validate(c.to_dict())
    return c


@contextlib.contextmanager
def compilations():
    """A Counter: where -> programs that were compiled while `where` was the last of a list."""
    found, places = Counter(), ["start"]

    def listen(event, duration, **_):
        if event == COMPILED:
            found[places[-1]] += 1

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield found, places
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
