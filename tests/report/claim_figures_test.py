import pytest

from report import made_up_replicates
from rum_jax.report import claim_figures, claim_words


@pytest.fixture
def results():
    return made_up_replicates.assembled()[1]


def test_only_sets_that_are_refined_are_drawn_against_cost(results):
    drawn = claim_figures.costs(results["parts"])
    assert list(drawn) == ["memorization:mix"]
    content = drawn["memorization:mix"][1].decode()
    assert "auto/rum" in content and "rum_f:scrub" not in content    # which others beat


def test_a_forest_shows_verdict_and_direction(results):
    drawn = claim_figures.forests(claim_words.ordered(results["claims"]))
    assert list(drawn) == ["2", "3", "4", "5", "7", "7 beyond", "8", "9"]
    for family, said in (("3", "→ supported"), ("4", "→ refuted"), ("5", "→ equivalent"),
                         ("7", "← supported"), ("9", "↔ undecided")):
        assert said in drawn[family][1].decode()
