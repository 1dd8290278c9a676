"""A study of seconds: real data, a tiny network, every kind of row."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
ROWS = ("vanilla:finetune", "vanilla:none", "vanilla:retrain", "rum_f:neggrad_plus", "rum",
        "rum_shuffled")
FIELDS = {
    "seeds": (0, 1, 2), "model.widths": (4,), "model.blocks": (1,), "train.epochs": 4,
    "campaign.models": 8, "memorization.epochs": 2, "campaign.group_size": 4,
    "campaign.influence": "full", "forget.size": 30, "rows": ROWS,
    "vanilla.hparams.finetune.epochs": 1, "vanilla.hparams.retrain.epochs": 4,
    "rum.hparams.finetune.mid.epochs": 1, "rum.hparams.salun.high.epochs": 1,
    "relearn.epochs": 2, "engine.devices": 2, "engine.steps_per_call": 32,
    **{f"rum_f.hparams.neggrad_plus.{subset}.epochs": 1 for subset in ("low", "mid", "high")},
}


def command(workdir, module="rum_jax.main", **changed) -> list[str]:
    """The toy study as a command line; changed fields by name, `.` written as `__`.

    Without what only a study in one process is needed for: rows that do nothing or train anew, and
    relearning.
    """
    left_out = ("vanilla:none", "vanilla:retrain")
    less = {"rows": tuple(row for row in ROWS if row not in left_out), "relearn.epochs": 0}
    changed = {name.replace("__", "."): value for name, value in changed.items()}
    fields = {**FIELDS, **less, **changed}
    return [sys.executable, "-m", module, f"--config={ROOT / 'configs' / 'digits_rum.py'}",
            f"--workdir={workdir}",
            *(f"--config.{name}={value}" for name, value in fields.items())]
