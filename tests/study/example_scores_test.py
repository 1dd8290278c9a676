"""What is known of the training examples: the order of ties, and scores that are not known."""

import numpy as np
import pytest

from rum_jax.config import base
from rum_jax.config.content import content_of
from rum_jax.core.errors import InputError
from rum_jax.forget import choose
from rum_jax.refine import refinement
from rum_jax.study.context import Study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.unlearning import plan_of


@pytest.fixture
def example_scores(dataset, task, tmp_path):
    """Of two originals, with a memorization that is 0 for all but ten examples."""
    config = base.get_config()
    study = Study(tmp_path, config, dataset, task, content_of(config.to_dict()), tmp_path)
    example_scores = ExampleScores(study, None)
    scores = np.zeros((2, len(dataset.train)))
    scores[:, :10] = np.linspace(0.9, 1, 10)
    example_scores._scores["memorization"] = dataset.at_positions(scores)
    return example_scores


def changed(example_scores, **fields):
    config = base.get_config()
    base.set_fields(config, {name.replace("__", "."): value for name, value in fields.items()})
    copy = ExampleScores(example_scores.study._replace(config=config), None)
    copy._scores.update(example_scores._scores)
    return copy


def test_ties_of_a_score_are_one_draw_of_the_data_seed(example_scores):
    train = example_scores.study.dataset.train
    ties = example_scores.ties("memorization")
    assert sorted(ties[train]) == list(range(len(train)))
    assert ties.tolist() == changed(example_scores, seeds=(7, 8)).ties("memorization").tolist()
    for other in (example_scores.ties("confidence"),
                  changed(example_scores, data__seed=1).ties("memorization")):
        assert abs(np.corrcoef(ties[train], other[train])[0, 1]) < 0.15


def test_forget_sets_and_subsets_do_not_follow_the_order_of_the_data(example_scores):
    chosen = choose("memorization:low", example_scores.of_seed(0), 60)
    size = len(example_scores.study.dataset.ids)
    assert np.isin(chosen, example_scores.study.dataset.train).all()
    assert np.ptp(chosen) > 0.8 * size and abs(chosen.mean() / size - 0.5) < 0.15
    # One estimate for all seeds gives one forget set for all seeds.
    assert chosen.tolist() == choose("memorization:low", example_scores.of_seed(1), 60).tolist()
    parts = refinement("memorization")(example_scores.of_forget(0, chosen), 3,
                                       np.random.default_rng(0))
    assert all(abs(part.mean() - 29.5) < 15 for part in parts.values())
    assert parts["low"].tolist() != list(range(20))


def test_the_order_of_the_data_where_that_is_asked_for(example_scores):
    first = changed(example_scores, forget__ties="first")
    train = first.study.dataset.train
    assert choose("memorization:low", first.of_seed(0), 60).tolist() == train[-60:].tolist()
    parts = refinement("memorization")(first.of_forget(0, train[20:50]), 3,
                                       np.random.default_rng(0))
    assert parts["low"].tolist() == list(range(10))


def test_a_set_with_examples_whose_memorization_is_not_known_is_not_refined(example_scores,
                                                                            dataset):
    unknown = dataset.train[20:23]
    example_scores._scores["memorization"][:, unknown] = np.nan
    forget = np.tile(dataset.train[11:41], (2, 1))
    cases = Cases(("random",), (0, 1), forget, np.empty((2, 0), np.int32))
    message = r"row rum: refinement by memorization: is not known \(NaN\) of 3 of 30 examples"
    with pytest.raises(InputError, match=message):
        plan_of(example_scores, "rum", cases)
    with pytest.raises(InputError, match="3 of 30"):  # in a user's own refinement, too
        example_scores.of_forget(0, forget[0])["memorization"]
    plan = plan_of(example_scores, "rum_shuffled", cases)
    assert [len(part) for part in plan.partitions[0].values()] == [10, 10, 10]
    assert not set(choose("memorization:low", example_scores.of_seed(0), 600)) & set(unknown)


def test_the_reference_preset_does_as_released():
    released, default = (base.get_config(reference) for reference in (True, False))
    for config, expected in ((released, ("first", "first", "paired")),
                             (default, ("random", "random", "mean"))):
        assert (config.mia.shadow_members, config.forget.ties, config.oracles) == expected
