import pytest

from rum_jax.config import base
from rum_jax.rum.chain import Step
from rum_jax.study.unlearning import steps_of
from rum_jax.tuning.chosen_fields import fields_of, fields_of_rows

SUBSETS = ("low", "mid", "high")


@pytest.mark.parametrize("row, subsets", [("vanilla:scrub", ()), ("rum_f:scrub", SUBSETS),
                                          ("rum", SUBSETS),
                                          ("rum[by=confidence]", SUBSETS)])
def test_a_config_with_the_fields_of_steps_does_these_steps(row, subsets):
    config = base.get_config()
    steps = [step._replace(hparams={**step.hparams, **(
        {"learning_rate": 0.123 / (number + 1)} if step.hparams else {})})
        for number, step in enumerate(steps_of(config, row, subsets))]
    if row == "rum":  # which has algorithms of its own
        steps[0] = Step("low", "scrub", {**base.get_config().vanilla.hparams.scrub.to_dict()})
    assert steps != steps_of(config, row, subsets)
    fields = fields_of(row, [step._asdict() for step in steps])
    config.update(fields)
    assert steps_of(config, row, subsets) == steps


def test_fields_of_all_rows_of_a_part_stand_side_by_side():
    def step(subset, algorithm, **hparams):
        return {"subset": subset, "algorithm": algorithm, "hparams": hparams}

    rows = {"vanilla:scrub": {"steps": [step("forget", "scrub", epochs=2)]},
            "rum_f:scrub": {"steps": [step("low", "scrub", epochs=3),
                                      step("mid", "scrub", epochs=4)]},
            "rum": {"steps": [step("low", "none"), step("mid", "salun", epochs=5)],
                    "structure": {"by": "confidence", "subsets": 2, "order": "descending"}}}
    assert fields_of_rows(rows) == {
        "vanilla": {"hparams": {"scrub": {"epochs": 2}}},
        "rum_f": {"hparams": {"scrub": {"low": {"epochs": 3}, "mid": {"epochs": 4}}}},
        "rum": {"hparams": {"salun": {"mid": {"epochs": 5}}},
                "algorithms": {"low": "none", "mid": "salun"},
                "refinement": "confidence", "subsets": 2, "order": "descending"}}
