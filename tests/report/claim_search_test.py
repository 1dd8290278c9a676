from report import made_up_replicates
from rum_jax.report import claim_search


def test_what_was_chosen_is_told_with_edges():
    lines = claim_search.chosen(made_up_replicates.search("mix")["rows"])
    assert lines[0] == ["vanilla:finetune", "finetune (epochs 4)", "0.710", "24", "epochs (high)"]
    diverged = {"row": {**made_up_replicates.search("mix")["rows"]["vanilla:scrub"], "score": None}}
    assert claim_search.chosen(diverged)[0][2] == "diverged"
    found = made_up_replicates.search("auto")["rows"]
    assert claim_search.chosen(found)[0][4] == "high epochs (low)"
    assert claim_search.sentence("auto", found["rum"]) == (
        "Auto-RUM of part auto: refinement by memorization, 3 subsets, order descending. "
        "low: none; mid: scrub (epochs 3, learning_rate 0.0123, msteps 1, alpha 0.5); "
        "high: finetune (epochs 2, learning_rate 0.05). Its search took 40 trainings of a "
        "candidate, that of the best one-shot row 48; it began with what 1,234 trainings for "
        "one-shot rows had found.")
    assert claim_search.structures(found["rum"])[1] == ["confidence", "3", "ascending", "0.700"]
    assert list(claim_search.files({"a": found, "b": found, "c": {}})) == [
        "auto_rum_a.json", "auto_rum_b.json"]


def test_regret_is_told_with_its_interval_and_row_or_that_there_is_none():
    found = {"metric": "tow_stratified", "best": "mix/vanilla:scrub", "rows": 17, "mean": 0.04,
             "ci95": 0.01, "n": 2, "per_replicate": [0.05, 0.03]}
    none = found | {"metric": "tow_mia_stratified", "best": "auto/rum", "mean": 0.0, "ci95": 0.0,
                    "per_replicate": [0.0, 0.0]}
    assert claim_search.regret([found, none]) == (
        "Regret on the replicates, against the best of 17 rows with the same forget set: "
        "0.040 [0.030, 0.050] in stratified ToW (mix/vanilla:scrub); none in stratified ToW-MIA, "
        "as no row has a better mean. The best row is that of the same replicates, so that a "
        "regret is too high by what chance adds.")
