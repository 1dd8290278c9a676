from report.example_rows import row
from rum_jax.evaluate.interval import summary
from rum_jax.report import text


def test_a_metric_that_only_some_sets_have():
    rows = [row("rum", "random", tow=[0.5, 0.5]), row("rum", "class:3", tow=[0.5, 0.5])]
    rows[1]["metrics"]["own_accuracy"] = summary([0.25, 0.25])
    lines = {name: cells for name, *cells in text.more_cells({"rows": rows})}
    first, second = lines["own_accuracy"]
    assert first == "-" and second != "-"


def test_time_is_relative_to_retraining_of_the_same_forget_set():
    rows = [row(name, forget_set, tow=[0.5, 0.5], seconds=seconds)
            for forget_set, exact in (("random", 2.0), ("class:3", 4.0), ("class:4", 0.0))
            for name, seconds in (("retrain", exact), ("vanilla:finetune", 1.0))]
    lines = text.cells({"rows": rows})
    assert [(line[0], line[-1]) for line in lines] == [
        ("random", "100%"), ("random", "50%"), ("class:3", "100%"), ("class:3", "25%"),
        ("class:4", "n/a"), ("class:4", "n/a")]


def test_the_auroc_of_injected_noise_has_its_interval_over_examples():
    known = {"source": None, "models": 24, "injected_noise_auroc": 0.4691,
             "injected_noise_auroc_ci95": 0.0534, "injected_noise_examples": 63,
             "split_half_spearman": 0.04, "unknown_examples": 0}
    of = {"rows": [], "cautions": [], "comparisons": [], "memorization": known}
    assert "AUROC 0.469 ± 0.053 (95%, over examples) for the 63 examples" in text.findings(of)[0]
    known["injected_noise_auroc_ci95"] = None
    assert "AUROC 0.469 ± n/a (95%, over examples)" in text.findings(of)[0]
