"""The whole study: stage after stage, each skipped if it is already there."""

import pathlib
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.memorization.influence import NONE
from rum_jax.runtime.progress import say
from rum_jax.study.context import Study, check_memory, make_study
from rum_jax.study.evaluation import evaluated
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases, forget_sets, load_cases
from rum_jax.study.memorization import influence
from rum_jax.study.references import References
from rum_jax.study.request import check_requests
from rum_jax.study.request_sequence import Stream, streams
from rum_jax.study.step_trace import has_trace, traced
from rum_jax.study.trained_models import again_seeds, given_cautions, originals, retrained
from rum_jax.study.unlearning import plan_of, unlearned


class StudyArtifacts(NamedTuple):
    """Values and stage folders of a finished study.

    Reading them starts no stage: a single process writes the report, and waits for no other.

    Attributes:
      study: config, data and engine.
      cases: forget sets and seeds.
      forget: folder of the forget sets.
      memorization: folder of the memorization scores; None: the study has none.
      models: row -> folder of its models, in the order of the table.
      rows: row -> folder of its evaluation.
      traces: row -> folder of the measures after each step, see `step_trace.traced`.
      proxies: proxy -> folder, of those in config.proxies.compared.
      proxy_scores: proxy -> float64[S,N], NaN outside the training set.
      cautions: signs that given originals were not trained on this training set.
      streams: row -> its stream of requests; empty without config.stream.requests.
      influence: folder of the influence estimates; None without config.campaign.influence.
    """

    study: Study
    cases: Cases
    forget: pathlib.Path
    memorization: pathlib.Path | None
    models: dict[str, pathlib.Path]
    rows: dict[str, pathlib.Path]
    traces: dict[str, pathlib.Path]
    proxies: dict[str, pathlib.Path]
    proxy_scores: dict[str, np.ndarray]
    cautions: list[str]
    streams: dict[str, Stream]
    influence: pathlib.Path | None


def run(workdir: pathlib.Path, config: ConfigDict) -> StudyArtifacts:
    """Runs every stage of a checked config that is not yet there.

    Raises:
      InputError: a bad input that only shows with the data or an earlier stage's files.
      RunError: a loss diverged, or the disk is full.
    """
    study = make_study(workdir, config)
    check_memory(study)
    example_scores = ExampleScores(study, originals(study))
    scores = example_scores.memorization() if example_scores.has_memorization else None
    influences = influence(study) if config.campaign.influence != NONE else None
    proxies = {name: example_scores.proxy(name) for name in config.proxies.compared}
    proxy_scores = {name: example_scores.score(name) for name in proxies}
    forget = forget_sets(example_scores)
    cases = load_cases(forget, config.forget.sets)
    check_requests(example_scores)
    for row in config.rows:  # refused before oracles are trained, if at all
        plan_of(example_scores, row, cases)
    models = {"original": example_scores.original,
              "retrain": retrained(study, "retrain", cases.seeds, cases.forget),
              "retrain_again": retrained(study, "retrain_again", again_seeds(cases.seeds),
                                         cases.forget)}
    cautions = given_cautions(study, models["original"], models["retrain"], cases.forget)
    for caution in cautions:
        say(f"original: {caution}")
    for row in config.rows:
        models[row] = unlearned(example_scores, row, cases)
    references = References(study, example_scores.original, models["retrain"], cases,
                            models["retrain_again"])
    rows = {row: evaluated(references, row, folder) for row, folder in models.items()}
    traces = {row: traced(references, row, models[row]) for row in config.rows
              if has_trace(models[row])}
    return StudyArtifacts(study, cases, forget, scores, models, rows, traces, proxies,
                          proxy_scores, cautions, streams(example_scores), influences)
