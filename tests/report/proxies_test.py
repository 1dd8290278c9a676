import numpy as np
import pytest

from report.example_rows import row
from rum_jax.report import proxies

MEMORIZATION = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, np.nan])
INJECTED = np.array([0, 0, 0, 0, 0, 0, 0, 1, 1, 0], bool)
SAME, REVERSED = np.arange(10.0), -np.arange(10.0)


def section_of(rows=(), memorization=MEMORIZATION, injected=INJECTED):
    scores = {"confidence": np.stack([SAME, SAME]),
              "loss_curvature": np.stack([REVERSED, REVERSED])}
    costs = {"confidence": {"seconds": 0.0, "example_gradients": 0},
             "loss_curvature": {"seconds": 1.5, "example_gradients": 50, "caution": "it is"}}
    return proxies.assemble(scores, memorization, injected, costs, 100, 6400, 12.0, rows, 3)


def of(section, name):
    return next(proxy for proxy in section["proxies"] if proxy["proxy"] == name)


def test_ranks_costs_noise_and_strata():
    section = section_of()
    assert of(section, "confidence")["spearman"]["mean"] == pytest.approx(1)
    assert of(section, "loss_curvature")["spearman"]["mean"] == pytest.approx(-1)
    assert of(section, "memorization")["spearman"] is None
    assert of(section, "memorization")["injected_noise_auroc"]["mean"] == 1
    # of nine not injected ones eight are below, the last one is above both
    assert of(section, "confidence")["injected_noise_auroc"]["mean"] == pytest.approx(14 / 16)
    assert of(section, "memorization")["retrainings"] == 64
    assert of(section, "loss_curvature")["retrainings"] == 0.5
    assert "Caution, loss_curvature: it is." in proxies.sentences(section)


def test_a_proxy_that_ranks_as_memorization_does_has_its_strata():
    """Wherever its own middle lies: mid of memorization is around 0.5, of ranks around 4."""
    section = section_of()
    assert {level: value["mean"] for level, value in of(section, "confidence")["overlap"].items()
            } == {"low": 1, "mid": 1, "high": 1}
    opposite = of(section, "loss_curvature")["overlap"]
    # ranks 4 to 6 of nine, read backwards, are 2 to 4: memorization 0.4 is in both
    assert [opposite[level]["mean"] for level in ("low", "mid", "high")] == pytest.approx(
        [0, 1 / 3, 0])


def test_one_estimate_for_all_seeds_has_an_interval_over_examples():
    spread = np.array([0.0, 0.1, 0.2, 0.9, 0.4, 0.5, 0.6, 0.7, 0.8, np.nan])
    auroc = of(section_of(memorization=spread), "memorization")["injected_noise_auroc"]
    assert auroc["over"] == "examples" and auroc["n"] == 9 and auroc["ci95"] > 0
    perfect = of(section_of(), "memorization")["injected_noise_auroc"]
    assert perfect["ci95"] is None
    assert "1.000 ± n/a by memorization (over examples)" in " ".join(
        proxies.sentences(section_of()))


def test_what_does_not_rank_as_memorization_has_a_caution():
    swapped = SAME[[1, 0, *range(2, 10)]]
    costs = dict.fromkeys(("confidence", "loss_curvature"),
                          {"seconds": 0.0, "example_gradients": 0})
    section = proxies.assemble(
        {"confidence": np.stack([SAME, -SAME, swapped]),
         "loss_curvature": np.stack([-SAME, -swapped, -SAME])},
        MEMORIZATION, INJECTED, costs, 100, 64, 1, (), 3)
    said = " ".join(proxies.sentences(section))
    assert "Caution: confidence, loss_curvature cannot be taken for memorization here" in said
    scores = {"confidence": np.stack([SAME, SAME[[1, 0, *range(2, 10)]], SAME])}
    section = proxies.assemble(scores, MEMORIZATION, INJECTED,
                               {"confidence": {"seconds": 0.0, "example_gradients": 0}}, 100, 64, 1,
                               (), 3)
    assert not any("cannot be taken" in sentence for sentence in proxies.sentences(section))
    assert any("above 0 for 1 of 1 (confidence)" in sentence
               for sentence in proxies.sentences(section))


def test_nothing_compared_and_nothing_known():
    assert proxies.assemble({}, None, INJECTED, {}, 1, 0, None, [], 3) is None
    section = section_of(memorization=None, injected=np.zeros(10, bool))
    assert [proxy["proxy"] for proxy in section["proxies"]] == ["confidence", "loss_curvature"]
    assert of(section, "confidence")["injected_noise_auroc"] is None
    assert all("Spearman" not in sentence for sentence in proxies.sentences(section))


@pytest.mark.parametrize("confidence, expected", [
    ([0.7, 0.71, 0.7], "higher for 0 of 1, lower for 1 (confidence), equivalent within ±0.02 for "
                       "0, difference not significant for 0"),
    ([0.95, 0.97, 0.95], "higher for 1 of 1 (confidence), lower for 0,"),
    ([0.9, 0.912, 0.901], "lower for 0, equivalent within ±0.02 for 1 (confidence),"),
    ([0.7, 0.99, 0.9], "lower for 0, equivalent within ±0.02 for 0, difference not significant "
                       "for 1 (confidence) (paired t, 95%, n = 3). Where not significant, "
                       "differences from -0.398 to ")])
def test_rum_by_a_proxy_against_rum_by_memorization(confidence, expected):
    rows = [row("rum", tow=[0.9, 0.911, 0.9]), row("rum[by=confidence]", tow=confidence),
            row("rum_shuffled", tow=[0.8, 0.81, 0.82]),
            row("rum[subsets=4]", tow=[0.1, 0.1, 0.2]),
            row("rum[by=entanglement]", tow=[0.6, 0.61, 0.6])]
    section = section_of(rows)
    assert any("against RUM refined by memorization: " in sentence and expected in sentence
               for sentence in proxies.sentences(section)), proxies.sentences(section)
    assert set(section["others"]) == {"shuffled", "entanglement"}
    assert of(section, "memorization")["to_shuffled"]["mean"] == pytest.approx(0.0937, abs=1e-4)


def test_rum_is_by_memorization_only_if_its_refinement_is():
    fields = {"rum__refinement": "confidence"}
    rows = [row("rum", tow=[0.9, 0.91], fields=fields),
            row("rum[by=memorization]", tow=[0.7, 0.72], fields=fields)]
    section = section_of(rows)
    assert of(section, "confidence")["tow"]["mean"] == pytest.approx(0.905)
    assert of(section, "memorization")["tow"]["mean"] == pytest.approx(0.71)


def test_rows_that_differ_in_more_than_the_refinement_are_not_compared():
    rows = [row("rum[subsets=4]", tow=[0.1, 0.2]), row("rum", tow=[0.9, 0.8]),
            row("rum[by=confidence]", tow=[0.7, 0.8])]
    assert {name: entry["name"] for name, entry in proxies.by_refinement(rows).items()} == {
        "memorization": "rum", "confidence": "rum[by=confidence]"}


def test_sentences_about_the_control():
    rows = [row("rum", tow=[0.9, 0.912, 0.9]), row("rum_shuffled", tow=[0.8, 0.81, 0.8])]
    assert any("against RUM on random subsets: higher for 1 of 1 (memorization)" in sentence
               for sentence in proxies.sentences(section_of(rows)))
    rows = [row("rum", tow=[0.9, 0.71, 0.8]), row("rum_shuffled", tow=[0.8, 0.81, 0.8])]
    assert "difference not significant for 1 (memorization)" in proxies.sentences(
        section_of(rows))[-1]


def test_table_and_picture():
    section = section_of([row("rum", tow=[0.9, 0.91]),
                          row("rum_shuffled", tow=[0.8, 0.9], tow_stratified=[0.7, 0.8])])
    header, lines = proxies.table(section)
    assert all(len(line) == len(header) for line in lines)
    assert lines[1][:5] == ["confidence", "1.000 ± n/a", "0.875 ± n/a", "0.00", "0"]
    assert lines[-1][0] == "shuffled" and lines[-1][8].startswith("0.850")
    assert header[9] == "stratified ToW of RUM" and lines[-1][9].startswith("0.750")
    assert b"stratified ToW of RUM" in proxies.figures(section)["proxies.svg"]


def test_copies_of_one_estimate_and_undefined_correlations_are_not_tested():
    """Values that are equal for all seeds say nothing of how they vary; constants have no rank."""
    scores = {"copy": np.stack([SAME] * 3), "varied": np.stack(
        [SAME, SAME[[1, 0, *range(2, 10)]], SAME]),
        "flat": np.stack([SAME, SAME, np.full(10, 0.5)])}
    section = proxies.assemble(scores, MEMORIZATION, INJECTED, dict.fromkeys(
        scores, {"seconds": 0.0, "example_gradients": 0}), 100, 64, 1, (), 3)
    assert of(section, "flat")["spearman"] is None
    assert of(section, "copy")["spearman"]["n"] == 1
    assert of(section, "copy")["overlap"]["low"]["ci95"] is None
    ranking = proxies.sentences(section)[0]
    assert "copy 1.000 ± n/a" in ranking and "nan" not in ranking
    assert "above 0 for 1 of 1 (varied)" in ranking and "Holm" not in ranking
    assert ranking.endswith("Undefined, as all values of a seed are equal: flat.")
