from report.made import row
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
