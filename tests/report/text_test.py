from report.made import row
from rum_jax.evaluate.interval import summary
from rum_jax.report import text


def test_a_metric_that_only_some_sets_have():
    rows = [row("rum", "random", tow=[0.5, 0.5]), row("rum", "class:3", tow=[0.5, 0.5])]
    rows[1]["metrics"]["own_accuracy"] = summary([0.25, 0.25])
    lines = {name: cells for name, *cells in text.more_cells({"rows": rows})}
    first, second = lines["own_accuracy"]
    assert first == "-" and second != "-"
