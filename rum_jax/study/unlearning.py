"""The stages that unlearn: one per row of the table."""

import pathlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.config import identity
from rum_jax.config.content import code_digests, flat, replaced
from rum_jax.core import plugins, records
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator, request_address
from rum_jax.experiment.build import unlearn_optimizer
from rum_jax.refine import refinement
from rum_jax.refine.contract import level_of
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE, Chain, Step, partition, retain_sets, run
from rum_jax.runtime.progress import Progress
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import row_folder, take
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.trained_models import Trained, load_states, model_stage
from rum_jax.train.predict import predict
from rum_jax.train.state import TrainState
from rum_jax.unlearn import algorithm

STEPS_FILE, SUBSETS_FILE, TRACE_FILE = "steps.json", "subsets.npz", "after_steps.npz"


class Plan(NamedTuple):
    """What a row does to M models.

    Attributes:
      partitions: for each model {subset: int32[k] positions}, as its refinement gives them.
      steps: in order.
      merged: see `rum.Chain`.
    """

    partitions: list[dict[str, np.ndarray]]
    steps: list[Step]
    merged: bool


def steps_of(config: ConfigDict, row: str, subsets: Sequence[str] = ()) -> list[Step]:
    """What a row does, in order, to subsets that are given as its refinement gives them.

    Raises:
      InputError: its order does not fit these subsets.
    """
    parsed = row_spec.parse(row)
    if parsed.kind == row_spec.VANILLA:
        return [Step(WHOLE, parsed.algorithm, _hparams(config.vanilla, parsed.algorithm))]
    section = config[parsed.kind]
    try:
        order = row_spec.in_order(subsets, row_spec.options_of(config, row)["order"])
    except InputError as error:
        raise InputError(f"row {row}: {error}") from error
    return [Step(subset, name, _hparams(section, name, subset)) for subset, name in (
        (subset, parsed.algorithm or row_spec.of_subset(section.algorithms, subset))
        for subset in order)]


def _hparams(section: ConfigDict, name: str, subset: str | None = None) -> dict:
    """Hyper-parameters from a section's table; a user's own algorithm may rely on its defaults."""
    if not plugins.is_reference(name):
        table = section.hparams[name]
        return (row_spec.of_subset(table, subset) if subset else table).to_dict()
    table = section.hparams.to_dict().get(plugins.short_name(name), {})
    if subset:
        table = table.get(subset, table.get(level_of(subset), {}))
    return {**algorithm(name).hparams(), **table}


def plan_of(example_scores: ExampleScores, row: str, cases: Cases) -> Plan:
    """What a row does to the models of all cases.

    Raises:
      InputError: the subsets of one case have other names or sizes than those of another, or a
        score that they are cut by is not known of all examples.
    """
    config = example_scores.study.config
    if row_spec.parse(row).kind == row_spec.VANILLA:
        whole = [{WHOLE: forget} for forget in cases.forget]
        return Plan(whole, steps_of(config, row), False)
    options = row_spec.options_of(config, row)
    refine, subsets = refinement(options["by"]), int(options["subsets"])
    smallest = cases.forget.shape[1] // subsets
    if not smallest:
        raise InputError(f"row {row}: cuts a forget set of {cases.forget.shape[1]} into "
                         f"{subsets} subsets; allowed: at most as many as it has examples")
    try:
        partitions = [
            partition(refine, forget, example_scores.of_forget(cases.original(m), forget),
                      subsets, generator(seed, "shuffle", *request_address(cases.request)))
            for m, (forget, seed) in enumerate(zip(cases.forget, cases.seeds, strict=True))]
    except InputError as error:
        raise InputError(f"row {row}: {error}") from error
    if len({tuple((name, len(part)) for name, part in parts.items())
            for parts in partitions}) > 1:
        raise InputError(f"row {row}: its refinement gives subsets of other names or sizes for "
                         "other seeds or forget sets; allowed: the same, as all models are "
                         "worked on together")
    return Plan(partitions, steps_of(config, row, list(partitions[0])),
                options["steps"] == row_spec.STEPS[1])


def unlearned(example_scores: ExampleScores, row: str, cases: Cases,
              name: str = "") -> pathlib.Path:
    """Runs a row's chain from the models of `example_scores`; stage "unlearn/<row>", or `name`.

    Besides the models: `steps.json`, the steps; `subsets.npz`, subset -> int32[M,k] positions; and
    with config.trace, for rows of more than one step and without `name`, `after_steps.npz`:
    `logits` float32[steps,M,N,C] after each step.
    """
    study = example_scores.study
    plan = plan_of(example_scores, row, cases)
    traced: list[np.ndarray] = []
    traces = study.config.trace and len(plan.steps) > 1 and not name

    def make(progress: Progress) -> Trained:
        traced.clear()
        done = run(chain_of(example_scores, plan, cases), progress, watch if traces else None)
        losses = {f"{number} {step.subset} {step.algorithm}": history.mean_losses
                  for number, (step, history) in enumerate(zip(plan.steps, done.histories,
                                                               strict=True))}
        return Trained(done.states, losses, done.seconds,
                       sum(history.examples for history in done.histories),
                       sum(history.losses.shape[1] for history in done.histories))

    def watch(number: int, states: TrainState) -> None:
        traced.append(predict(study.task, states))

    def more(folder: pathlib.Path) -> None:
        records.write_json(folder / STEPS_FILE, [step._asdict() for step in plan.steps])
        records.write_arrays(folder / SUBSETS_FILE, **{
            name: np.stack([parts[name] for parts in plan.partitions])
            for name in plan.partitions[0]})
        if traced:
            records.write_arrays(folder / TRACE_FILE, logits=np.stack(traced))

    return model_stage(study, name or f"unlearn/{row_folder(row)}", cases.seeds,
                       _origin(example_scores, row, plan, cases), make, more)


def _origin(example_scores: ExampleScores, row: str, plan: Plan, cases: Cases) -> Origin:
    """What the models of a row are made from.

    Fields of the config are recorded beside the steps that they lead to, so that a change of one
    is found by its name, and before anything is computed.
    """
    content = example_scores.study.content
    text = records.plain([step._asdict() for step in plan.steps])
    files = {path: digest for step in plan.steps
             for path, digest in code_digests(step.algorithm).items()} | code_digests(row)
    for step in text:
        step["algorithm"] = replaced(step["algorithm"], files)
    subsets = [{name: records.array_sha256(positions) for name, positions in parts.items()}
               for parts in plan.partitions]
    values = {**content.part(*identity.UNLEARNING), "steps": text, "merged": plan.merged,
              "subsets": subsets, "seeds": list(cases.seeds),
              "earlier": records.array_sha256(cases.earlier)}
    if len(plan.steps) > 1:
        values |= content.part("trace")
    for field in _fields(example_scores.study.config, row, plan.steps):
        values |= content.part(field)
    return Origin(values, [example_scores.study.data, example_scores.original], row, files)


def _fields(config: ConfigDict, row: str, steps: Sequence[Step]) -> Iterator[str]:
    """Names of the config's fields that a row's steps were read from."""
    parsed = row_spec.parse(row)
    section = parsed.kind
    if section == row_spec.RUM:
        yield "rum.algorithms"
    if section != row_spec.VANILLA:
        names = {"by": "refinement", "subsets": "subsets", "order": "order", "steps": "steps"}
        yield from (f"{section}.{field}" for option, field in names.items()
                    if option not in parsed.options)
    for step in steps:
        name = (plugins.short_name(step.algorithm) if plugins.is_reference(step.algorithm)
                else step.algorithm)
        table = config[section].hparams
        if name in table and flat(table[name].to_dict()):
            yield f"{section}.hparams.{name}"


def chain_of(example_scores: ExampleScores, plan: Plan, cases: Cases) -> Chain:
    """A row's plan, from the models of all cases."""
    study = example_scores.study
    train = retain_sets(study.dataset.train, cases.earlier)
    states = take(load_states(study, example_scores.original),
                  [cases.original(m) for m in range(len(cases.seeds))])
    return Chain(study.task, train, plan.partitions, plan.steps, cases.seeds,
                 unlearn_optimizer(study.config), states, plan.merged,
                 request=cases.request)
