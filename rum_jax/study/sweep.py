"""Stages of a hyper-parameter sweep: many points of a row in one program, judged on validation."""

import json
import pathlib

import jax
import numpy as np
from ml_collections import ConfigDict

from rum_jax.config import base, identity
from rum_jax.config.content import code_digests, replaced
from rum_jax.core import plugins, records
from rum_jax.core.errors import InputError
from rum_jax.refine import SHUFFLED, subset_names
from rum_jax.rum import row_spec
from rum_jax.rum import sweep_points as points_of
from rum_jax.rum.chain import run
from rum_jax.rum.sweep_points import Point
from rum_jax.runtime.progress import Progress, shown
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study, check_memory, make_study, row_folder
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import forget_sets, load_cases
from rum_jax.study.sweep_scores import SweepInputs, named, scores
from rum_jax.study.trained_models import load_logits, originals, retrained
from rum_jax.study.unlearning import chain_of, plan_of, steps_of
from rum_jax.train import memory
from rum_jax.train.predict import predict


def planned(config: ConfigDict) -> dict[str, list[Point]]:
    """Row -> its points.

    Raises:
      InputError: a row without hyper-parameters to choose, or a grid that does not fit a row.
    """
    points = {}
    for row in config.sweep.rows:
        subsets = _subsets(config, row)
        steps = steps_of(config, row, subsets)
        if config.sweep.method == "grid":
            points[row] = points_of.grid(row, steps, config.sweep.grid)
        elif points_of.searchable(steps):
            points[row] = points_of.drawn(row, steps, steps_of(_published(config), row, subsets),
                                          config.sweep.points, config.sweep.seed)
        else:
            raise InputError(f"config.sweep.rows: {row} has no hyper-parameters to search; name "
                             "values with config.sweep.method=grid, or leave it out")
    return points


def _subsets(config: ConfigDict, row: str) -> tuple[str, ...]:
    """Names of the subsets of a row, before there are any.

    Raises:
      InputError: they are not known, or the row is another one's control.
    """
    if row_spec.parse(row).kind == row_spec.VANILLA:
        return ()
    options = row_spec.options_of(config, row)
    if options["by"] == SHUFFLED:
        raise InputError(f"config.sweep.rows: {row} does what rum does, on other subsets; sweep "
                         "rum")
    names = subset_names(options["by"], int(options["subsets"]))
    if names is None:
        raise InputError(f"config.sweep.rows: {row} is refined by {options['by']}, whose subsets "
                         "are not known before it is run; allowed: refinements of this package")
    return names


def _published(config: ConfigDict) -> ConfigDict:
    """The chains of a config with the published hyper-parameters."""
    published = base.get_config()
    for section in ("rum", "rum_f"):
        published[section].order = config[section].order
    published.rum.algorithms = config.rum.algorithms
    return published


def sweep(workdir: pathlib.Path, config: ConfigDict) -> tuple[Study, dict]:
    """Runs the points that are missing.

    Models are trained with `sweep.seeds`. A point's score is the mean over seeds of ToW with the
    validation set in place of the test set, which is not used. With several forget sets, a seed's
    value is the mean over them: models of one seed share one original, so that the interval is
    over seeds alone.

    Returns:
      (study, {row: {"chosen": trial or None, "trials": [...]}}); a trial has its steps,
      `validation_tow` (summary, or None if it diverged), the accuracies that make it up, and the
      same of each forget set under `sets`.
    """
    plan = planned(config)
    seeded = ConfigDict(config.to_dict())
    seeded.seeds = config.sweep.seeds
    study = make_study(workdir, seeded)
    _check_memory(study, plan)
    inputs = _sweep_inputs(study)
    results = {}
    for row, points in plan.items():
        trials = [trial for group in points_of.groups(points)
                  for trial in _trials(inputs, row, group)]
        trials.sort(key=lambda trial: trial["trial"])
        results[row] = {"chosen": _best(trials), "trials": trials}
    return inputs.study, results


def _check_memory(study: Study, plan: dict[str, list[Point]]) -> None:
    """Raises InputError if the points that share a program do not fit on the devices."""
    check_memory(study)
    points = max(len(group) for row in plan.values() for group in points_of.groups(row))
    memory.check(study.task, f"{points} points of a sweep", points * len(study.config.seeds),
                 study.config.unlearn.batch_size, "fewer points or config.sweep.seeds, a smaller "
                 "config.unlearn.batch_size, or a larger config.engine.data_devices",
                 study.config.optimizer.name)


def _sweep_inputs(study: Study) -> SweepInputs:
    seeds = study.config.seeds
    name = f"sweep/{'_'.join(map(str, seeds))}/"
    example_scores = ExampleScores(study, originals(study, f"{name}original"), name)
    cases = load_cases(forget_sets(example_scores), study.config.forget.sets)
    oracle = retrained(study, f"{name}retrain", cases.seeds, cases.forget)
    return SweepInputs(example_scores, oracle, load_logits(oracle), cases)


def _trials(inputs: SweepInputs, row: str, group: list[Point]) -> list[dict]:
    """Trials of points that share a program; one stage."""
    study, seeds = inputs.study, inputs.study.config.seeds
    requested = {"seeds": list(seeds), "points": [[step._asdict() for step in point.steps]
                                                  for point in group]}
    name = f"sweep/{'_'.join(map(str, seeds))}/{row_folder(row)}/{records.digest(requested)[:12]}"

    def write(folder: pathlib.Path) -> None:
        with shown(f"sweep {row}, {len(group)} points") as progress:
            logits = _run(inputs, row, group, progress)
        records.write_json(folder / "scores.json", {**requested, "scores": scores(inputs, logits)})

    folder = stage_cache.stage(study.workdir, name, write, _origin(inputs, row, group, requested))
    stored = records.read_json(folder / "scores.json")["scores"]
    return [{"trial": point.number, "steps": [step._asdict() for step in point.steps],
             **named(score, inputs.cases)} for point, score in zip(group, stored, strict=True)]


def _origin(inputs: SweepInputs, row: str, group: list[Point], requested: dict) -> Origin:
    """What the scores of points are made from."""
    study, files = inputs.study, {}
    plan = plan_of(inputs.example_scores, row, inputs.cases)
    for step in group[0].steps:
        files |= code_digests(step.algorithm)
    values = {"points": json.loads(replaced(json.dumps(records.plain(requested)), files)),
              "subsets": [{name: records.array_sha256(positions)
                           for name, positions in parts.items()} for parts in plan.partitions],
              **study.content.part(*identity.UNLEARNING, "oracles")}
    return Origin(values, [study.data, inputs.example_scores.original, inputs.oracle], row, files)


def _run(inputs: SweepInputs, row: str, group: list[Point], progress: Progress) -> np.ndarray:
    """Logits float[points,M,N,C]; not finite where a point diverged."""
    cases, points = inputs.cases, len(group)
    plan = plan_of(inputs.example_scores, row, cases)
    chain = chain_of(inputs.example_scores, plan, cases)
    tiled = chain._replace(
        train=np.tile(chain.train, (points, 1)), partitions=plan.partitions * points,
        steps=points_of.stacked(group, len(cases.seeds)),
        seeds=cases.seeds * points, states=jax.tree.map(
            lambda leaf: np.concatenate([leaf] * points), chain.states), stop_when_diverged=False)
    logits = predict(inputs.study.task, run(tiled, progress).states)
    return logits.reshape(points, len(cases.seeds), *logits.shape[1:])


def _best(trials: list[dict]) -> dict | None:
    scored = [trial for trial in trials if trial["validation_tow"]]
    return max(scored, key=lambda trial: trial["validation_tow"]["mean"], default=None)


def fields_of(config: ConfigDict, row: str, trials: list[dict],
              chosen: dict) -> dict[str, object]:
    """Config fields (without the leading `config.`) that make a row do what one trial did.

    Fields that have the config's value in all trials are left out.
    """
    section, fields = row_spec.parse(row).kind, {}
    for place, (step, given) in enumerate(zip(
            chosen["steps"], steps_of(config, row, _subsets(config, row)), strict=True)):
        algorithm = step["algorithm"]
        name = plugins.short_name(algorithm) if plugins.is_reference(algorithm) else algorithm
        path = [section, "hparams", name, *([] if section == "vanilla" else [step["subset"]])]
        for key, value in step["hparams"].items():
            tried = [trial["steps"][place]["hparams"][key] for trial in trials]
            if any(other != value for other in (*tried, given.hparams[key])):
                fields[".".join([*path, key])] = value
    return fields
