import numpy as np
import pytest

from report.made import row
from rum_jax.report import proxies

MEMORIZATION = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, np.nan])
PLANTED = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 0], bool)
SAME, REVERSED = np.arange(10.0), -np.arange(10.0)


def found(rows=(), memorization=MEMORIZATION, planted=PLANTED):
    scores = {"confidence": np.stack([SAME, SAME]),
              "loss_curvature": np.stack([REVERSED, REVERSED])}
    costs = {"confidence": {"seconds": 0.0, "example_gradients": 0},
             "loss_curvature": {"seconds": 1.5, "example_gradients": 50, "caution": "it is"}}
    return proxies.assemble(scores, memorization, planted, costs, 100, 6400, 12.0, rows, 3)


def of(made, name):
    return next(one for one in made["proxies"] if one["proxy"] == name)


def test_ranks_costs_noise_and_strata():
    made = found()
    assert of(made, "confidence")["spearman"]["mean"] == pytest.approx(1)
    assert of(made, "loss_curvature")["spearman"]["mean"] == pytest.approx(-1)
    assert of(made, "memorization")["spearman"] is None
    assert of(made, "memorization")["planted_noise_auroc"]["mean"] == 1
    # of nine not planted ones eight are below, the last one is above both
    assert of(made, "confidence")["planted_noise_auroc"]["mean"] == pytest.approx(14 / 16)
    assert of(made, "memorization")["retrainings"] == 64
    assert of(made, "loss_curvature")["retrainings"] == 0.5
    overlap = of(made, "confidence")["overlap"]
    assert overlap["low"]["mean"] == 1 and overlap["high"]["mean"] == pytest.approx(2 / 3)
    assert of(made, "loss_curvature")["overlap"]["low"]["mean"] == 0
    assert [said for said in proxies.sentences(made) if said.startswith("Of ")] == [
        "Of loss_curvature: it is."]


def test_nothing_compared_and_nothing_known():
    assert proxies.assemble({}, None, PLANTED, {}, 1, 0, None, [], 3) is None
    made = found(memorization=None, planted=np.zeros(10, bool))
    assert [one["proxy"] for one in made["proxies"]] == ["confidence", "loss_curvature"]
    assert of(made, "confidence")["planted_noise_auroc"] is None
    assert all("Spearman" not in sentence for sentence in proxies.sentences(made))


@pytest.mark.parametrize("confidence, expected", [
    ([0.7, 0.71, 0.7], "better for 0 of 1, worse for 1 (confidence), not distinguishable for 0"),
    ([0.95, 0.96, 0.95], "better for 1 of 1 (confidence), worse for 0, not distinguishable for 0"),
    ([0.7, 0.99, 0.9], "better for 0 of 1, worse for 0, not distinguishable for 1")])
def test_rum_by_a_proxy_against_rum_by_memorization(confidence, expected):
    rows = [row("rum", tow=[0.9, 0.91, 0.9]), row("rum[by=confidence]", tow=confidence),
            row("rum_shuffled", tow=[0.8, 0.81, 0.8]), row("rum[subsets=4]", tow=[0.1, 0.1, 0.2]),
            row("rum[by=entanglement]", tow=[0.6, 0.61, 0.6])]
    made = found(rows)
    assert any(expected in sentence for sentence in proxies.sentences(made))
    assert set(made["others"]) == {"shuffled", "entanglement"}
    assert of(made, "memorization")["to_shuffled"]["mean"] == pytest.approx(0.1)


def test_sentences_about_the_control():
    rows = [row("rum", tow=[0.9, 0.91, 0.9]), row("rum_shuffled", tow=[0.8, 0.81, 0.8])]
    assert ("Against random subsets, 1 of 1 scores make RUM better at 95% (memorization); the "
            "largest difference is memorization's, +0.100 ± 0.000.") in proxies.sentences(
                found(rows))
    rows = [row("rum", tow=[0.9, 0.71, 0.8]), row("rum_shuffled", tow=[0.8, 0.81, 0.8])]
    said = proxies.sentences(found(rows))[-1]
    assert "0 of 1 scores make RUM better" in said and "not distinguishable from 0" in said


def test_table_and_picture():
    made = found([row("rum", tow=[0.9, 0.91]), row("rum_shuffled", tow=[0.8, 0.9])])
    header, lines = proxies.table(made)
    assert all(len(line) == len(header) for line in lines)
    assert lines[1][:5] == ["confidence", "1.000 ± 0.000", "0.875 ± 0.000", "0.00", "0"]
    assert lines[-1][0] == "shuffled" and lines[-1][8].startswith("0.850")
    assert proxies.figures(made)["proxies.svg"].startswith(b"<?xml")
