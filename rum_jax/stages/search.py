"""Random search for hyper-parameters, judged on the validation set, the same budget per row."""

import pathlib
from typing import NamedTuple

from ml_collections import ConfigDict

from rum_jax.errors import InputError
from rum_jax.evaluate import METRICS
from rum_jax.evaluate.interval import summary
from rum_jax.evaluate.tow import validation_tow
from rum_jax.evaluate.view import View
from rum_jax.progress import say
from rum_jax.randomness import generator
from rum_jax.rum import Step
from rum_jax.stages.evaluation import parts_of
from rum_jax.stages.forget import forget_set, load_forget
from rum_jax.stages.memorization import memorization
from rum_jax.stages.models import load_logits, originals, retrained
from rum_jax.stages.study import Study, make_study
from rum_jax.stages.unlearning import refinement_of, run_chain, steps_of
from rum_jax.train.fit import DivergedError
from rum_jax.unlearn import ALGORITHMS

SEEN = ("forget_accuracy", "retain_accuracy", "validation_accuracy")


class Start(NamedTuple):
    """What every trial starts from: folders of the search's own originals and oracles."""

    study: Study
    original: pathlib.Path
    oracle: pathlib.Path
    forget: pathlib.Path


def searched_rows(config: ConfigDict) -> tuple[str, ...]:
    """Rows that have something to choose; the shuffled control uses what `rum` uses."""
    return tuple(row for row in config.rows if row != "rum_shuffled"
                 and any(ALGORITHMS[step.algorithm].search for step in steps_of(config, row)))


def search(workdir: pathlib.Path, config: ConfigDict) -> dict:
    """Runs the trials that are missing; returns {row: {"chosen", "trials"}}.

    Trial 0 of each row has the published values, the others are drawn at (search.seed, row,
    trial). Models are trained with `search.seeds`. The score is the mean over seeds of ToW with
    the validation set in place of the test set, which is not looked at.
    """
    if not searched_rows(config):
        raise InputError("config.rows: has no row with hyper-parameters to search")
    own = ConfigDict(config.to_dict())
    own.seeds = config.search.seeds
    start = _start(make_study(workdir, own))
    return {row: _best(_trials(start, row)) for row in searched_rows(config)}


def _start(study: Study) -> Start:
    forget = forget_set(study, memorization(study))
    oracle = retrained(study, "retrain", study.config.seeds, load_forget(forget)[0])
    return Start(study, originals(study), oracle, forget)


def drawn_steps(config: ConfigDict, row: str, trial: int) -> list[Step]:
    """The chain of a trial."""
    rng = generator(config.search.seed, "search", *row.encode(), trial)
    steps = []
    for step in steps_of(config, row):
        algorithm = ALGORITHMS[step.algorithm]
        drawn = {name: draw(rng) for name, draw in algorithm.search.items()}
        hparams = {**algorithm.published, **drawn} if trial else dict(algorithm.published)
        steps.append(step._replace(hparams=hparams))
    return steps


def _trials(start: Start, row: str) -> list[dict]:
    config, made = start.study.config, []
    for trial in range(config.search.trials):
        steps = drawn_steps(config, row, trial)
        scores = _score(start, f"trials/{row.replace(':', '-')}/{trial:03d}", row, steps)
        made.append({"trial": trial, "steps": [step._asdict() for step in steps],
                     "validation_tow": scores})
    return made


def _score(start: Start, name: str, row: str, steps: list[Step]) -> dict | None:
    """Summary of validation ToW over seeds; None if the trial diverged."""
    refinement = refinement_of(start.study.config, row)
    try:
        folder = run_chain(start.study, name, steps, refinement, start.original, start.forget)
    except DivergedError as error:
        say(f"{error}: the trial counts as failed")
        return None
    parts = parts_of(start.study, load_forget(start.forget)[0])
    return summary([validation_tow(*(_seen(start.study, logits, parts) for logits in pair))
                    for pair in zip(load_logits(folder), load_logits(start.oracle),
                                    strict=True)])


def _seen(study: Study, logits, parts: dict) -> dict[str, float]:
    view = View(logits, study.task.labels, parts)
    return {name: METRICS[name](view) for name in SEEN}


def _best(trials: list[dict]) -> dict:
    scored = [trial for trial in trials if trial["validation_tow"]]
    best = max(scored, key=lambda trial: trial["validation_tow"]["mean"], default=None)
    return {"chosen": best, "trials": trials}


def fields_of(row: str, steps: list[dict]) -> dict[str, object]:
    """Config fields (without the leading `config.`) that make a row do those steps."""
    section, _, algorithm = row.partition(":")
    fields = {}
    for step in steps:
        path = [section, "hparams", algorithm or step["algorithm"]]
        if section != "vanilla":
            path.append(step["subset"])
        fields.update({".".join([*path, name]): value
                       for name, value in step["hparams"].items()})
    return fields
