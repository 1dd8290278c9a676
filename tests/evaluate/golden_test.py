"""The reference's own numbers for the membership attack and tug-of-war."""

import numpy as np
import pytest
from conftest import golden

from rum_jax.evaluate import interval, mia, tow


@pytest.mark.parametrize("case", golden("svc_mia"), ids=["v1", "v2"])
def test_confidence_attack(case):
    def confidence(name):
        return case[f"{name}_prob"][np.arange(len(case[f"{name}_label"])), case[f"{name}_label"]]

    sets = [confidence(name) for name in ("shadow_train", "shadow_test", "target_test")]
    np.testing.assert_allclose(mia.forget_efficacy(*sets), case["svc_forget_confidence"],
                               rtol=1e-10)


def metrics(case, who, group, seed):
    names = {"forget": "forget_accuracy", "retain": "retain_accuracy", "test": "test_accuracy"}
    made = {names[p]: case[f"{who}_{p}"][group, seed] / 100 for p in names}
    return {**made, "mia": case[f"{who}_mia_confidence"][group, seed]}


@pytest.mark.parametrize("case", golden("tow"), ids=["v1", "v2"])
@pytest.mark.parametrize("script, compare", [("tow", tow.tow), ("towmia", tow.tow_mia)])
def test_tug_of_war_with_interval(case, script, compare):
    groups, seeds = case["unlearned_retain"].shape
    for group in range(groups):
        made = interval.summary([compare(metrics(case, "unlearned", group, s),
                                         metrics(case, "retrained", group, s))
                                 for s in range(seeds)])
        np.testing.assert_allclose(made["mean"], case[f"{script}__tow"][group], rtol=1e-10)
        np.testing.assert_allclose(made["ci95"], case[f"{script}__tow_ci_margin"][group],
                                   rtol=1e-9)
