"""Two replicates of a search, at toy size."""

import pytest
from replicates import toy_study

from rum_jax.config import replicates as configs
from rum_jax.study.context import make_study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import forget_sets, load_cases
from rum_jax.study.trained_models import originals
from rum_jax.tuning.replicate import SearchReplicate

PART = "both"


@pytest.fixture(scope="session")
def search_config():
    """The config of a part with a row of one step and one of three."""
    c = toy_study.study(tuning__fixed={}, parts={PART: {
        "rows": ("vanilla:finetune", "rum_f:finetune")}})
    part = configs.of_part(c, PART)
    part.tuning = c.tuning
    return part


@pytest.fixture(scope="session")
def search_replicates(search_config, tmp_path_factory):
    """Of the data seeds of the search."""
    made = []
    for data_seed in search_config.tuning.replicates:
        config = configs.of_replicate(search_config, data_seed, search_config.tuning.seeds)
        study = make_study(tmp_path_factory.mktemp(f"search{data_seed}"), config)
        scores = ExampleScores(study, originals(study))
        scores.memorization()
        made.append(SearchReplicate(scores, load_cases(forget_sets(scores), config.forget.sets)))
    return made
