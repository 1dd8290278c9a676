"""The claims of the papers as contrasts: what each compares."""

import numpy as np
import pytest

from rum_jax.config import claim_studies, claims
from rum_jax.config.replicates import of_part, parts_of
from rum_jax.replicates.contrasts import effects, stated
from rum_jax.replicates.values import Values
from rum_jax.rum.row_spec import REFERENCES

BEST = {"low": "finetune", "mid": "salun", "high": "scrub"}


@pytest.fixture(scope="module")
def study():
    return claim_studies.claims(claim_studies.read("digits"))


@pytest.fixture(scope="module")
def compared(study):
    """Contrasts by name, where searches found these algorithms best for each level."""
    rows = {part: [*REFERENCES, *of_part(study, part).rows] for part in parts_of(study)}
    scores = {part: {row: 0.5 + 0.1 * (row == f"vanilla:{BEST.get(part, 'scrub')}")
                     for row in of_rows if row not in REFERENCES} for part, of_rows in rows.items()}
    return {each.contrast.name: each for each in stated(study.contrasts.to_dict(), rows, scores)}


def test_every_claim_has_contrasts(compared):
    assert sorted({int(name.split()[0]) for name in compared}) == list(range(1, 11))


def test_the_best_algorithms_of_two_levels_change_places(compared):
    """Positive where each is better on its own level than the other one is."""
    each = compared["1 low and mid, tow_stratified"]
    score = {("low", "finetune"): 0.9, ("low", "salun"): 0.8,
             ("mid", "finetune"): 0.5, ("mid", "salun"): 0.65}
    values = Values((0, 1, 2), {level: [{"rows": [
        {"set": "s", "row": f"vanilla:{name}", "metrics": {"tow_stratified": [score[level, name]]}}
        for name in ("finetune", "salun")]}] * 3 for level in ("low", "mid")})
    (effect,) = effects([each], values)
    np.testing.assert_allclose(effect.values, (0.9 - 0.8) + (0.65 - 0.5))
    own = compared["1 on mid, best of mid and of high, tow_stratified"]
    assert (own.first, own.second) == ((("mid", "vanilla:salun"),), (("mid", "vanilla:scrub"),))


def test_the_more_memorized_the_harder_is_asked_of_methods_that_forget(compared):
    conditions = {name: each.contrast.only_if for name, each in compared.items()
                  if each.contrast.only_if}
    methods = (*claims.ALL.forgetting, *claims.ALL.relabeling)
    assert conditions == {
        f"7 {name}{beyond}, {metric}": f"7 {name} forgets, {metric}" for name in methods
        for beyond in ("", " beyond the original") for metric in claims.SCORES}
    assert {*conditions.values()} <= {*compared}


def test_the_mean_over_one_algorithm_is_no_contrast_of_its_own():
    smoke = claim_studies.claims(claim_studies.read("digits,smoke"))
    assert not [name for name in smoke.contrasts if name.endswith("mean")]
