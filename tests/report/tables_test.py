import pytest

from report.example_rows import row
from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report import tables
from rum_jax.report.results import summaries

NAMES = ("original", "retrain", "vanilla:finetune", "vanilla:salun", "rum")


def results(**metrics):
    """Rows NAMES of one set; values of a metric in that order, the same for all seeds but ties."""
    rows = [row(name, tow=[0.5, 0.6]) for name in NAMES]
    for metric, values in metrics.items():
        for entry, value in zip(rows, values, strict=True):
            entry["metrics"][metric] = summary([value - 0.01, value + 0.01])
    return {"rows": rows, "comparisons": []}


def bold(study_results, title):
    table = tables.main(study_results)
    column = table["columns"].index(title)
    return [line["name"] for line in table["groups"][0]["lines"] if line["cells"][column]["best"]]


def aim(study_results, title):
    table = tables.main(study_results)
    return table["groups"][0]["aims"][table["columns"].index(title)]


@pytest.mark.parametrize("metric, title, values, expected, aimed", [
    ("tow", "ToW", (0.99, 1, 0.7, 0.9, 0.8), ["vanilla:salun"], "higher"),
    ("seconds", "seconds", (0, 9, 3, 2, 4), ["vanilla:salun"], "lower"),
    ("mia", "MIA", (0.2, 0.6, 0.9, 0.4, 0.65), ["rum"], "near 0.600"),
    ("forget_accuracy", "forget %", (1, 0.5, 0.4, 0.55, 0.7), ["vanilla:salun"], "near 50.0"),
    ("tow", "ToW", (0.99, 1, 0.9001, 0.9002, 0.8), ["vanilla:finetune", "vanilla:salun"],
     "higher")])
def test_the_best_of_the_methods_that_unlearn_is_marked(metric, title, values, expected, aimed):
    study_results = results(**{metric: values})
    assert bold(study_results, title) == expected and aim(study_results, title) == aimed


def test_stratified_forms_stand_beside_the_plain_ones():
    columns = tables.main(results())["columns"]
    assert columns[:4] == ["ToW", "ToW, strat.", "ToW-MIA", "ToW-MIA, strat."]


def test_kept_classes_have_a_column_where_they_are_known():
    assert "test, kept %" not in tables.main(results())["columns"]
    assert "test, kept %" in tables.main(results(test_accuracy_kept_classes=[0.5] * 5))["columns"]


def test_a_metric_that_a_row_lacks_is_not_available():
    study_results = results(tow=(0.9, 1, 0.8, 0.7, 0.6))
    del study_results["rows"][3]["metrics"]["tow"]
    assert tables.main(study_results)["groups"][0]["lines"][3]["cells"][0]["text"] == "n/a"


def test_time_is_relative_to_retraining_of_the_same_forget_set():
    study_results = results(seconds=(0, 10, 5, 1, 1))
    study_results["rows"] += [{**row("retrain", forget_set="b", tow=[1, 1], seconds=2.0)},
                              {**row("rum", forget_set="b", tow=[1, 1], seconds=1.0)}]
    first, second = tables.main(study_results)["groups"]
    assert first["lines"][2]["cells"][-1]["text"] == "50%"
    assert second["lines"][1]["cells"][-1]["text"] == "50%"


def test_relearning_that_is_censored_is_no_mean():
    study_results = results()
    for entry in study_results["rows"]:
        entry["metrics"]["relearn_epochs"] = {**summary([11.0, 4.0]), "median": 7.5,
                                              "censored_share": 0.5}
    line = next(line for line in tables.more(study_results)[0]["lines"]
                if line["name"] == "relearn_epochs")
    assert line["cells"][4]["text"] == "7.5 (median)" and line["cells"][4]["note"] == "50% never"


def test_censored_relearning_is_compared_by_the_median_that_is_shown():
    study_results = results()
    epochs = {"retrain": [1, 11, 11], "vanilla:finetune": [7, 8, 8], "vanilla:salun": [11, 11, 11]}
    for entry in study_results["rows"]:
        values = epochs.get(entry["name"], [2, 2, 2])
        entry["metrics"] |= summaries({"relearn_epochs": values, "relearn_censored": [
            float(value > 10) for value in values]})
    line = next(line for line in tables.more(study_results)[0]["lines"]
                if line["name"] == "relearn_epochs")
    assert line["aim"] == "near 11 (median)"
    assert [cell["best"] for cell in line["cells"]] == [False, False, False, True, False]


@pytest.mark.parametrize("metric", [
    "tow_gap.py:mistakes", "mia_mine.py:f", "seconds_left.py:f", "my/test_accuracy_drop.py:count"])
def test_nothing_is_assumed_of_a_users_own_metric(metric):
    assert tables.direction(metric) is None
    study_results = results(**{metric: (3, 3.5, 4, 5, 6)})
    line = next(line for line in tables.more(study_results)[0]["lines"] if line["full"] == metric)
    assert line["aim"] == "" and not any(cell["best"] for cell in line["cells"])
    assert line["cells"][1]["text"].startswith("3.500 ±"), "no percentage"


def test_comparisons_are_by_every_measure_with_their_verdict():
    study_results = results()
    study_results["comparisons"] = [
        {"set": "a", "first": "rum", "second": "vanilla:salun", "metric": metric, "verdict": word,
         "p_holm": p, "difference": paired_difference([0.5, 0.6], [0.4, 0.45])}
        for metric, word, p in (("tow_mia", "not significant", 0.2), ("tow", "higher", 0.0001))]
    table = tables.comparisons(study_results)[0]
    assert table["metrics"] == ["ToW", "ToW-MIA"]
    tow, mia = table["lines"][0]["cells"]
    assert tow["text"].startswith("+0.125 ±") and tow["note"] == "higher, p < 0.001"
    assert tow["significant"] and not mia["significant"]
    assert mia["note"] == "not significant, p = 0.200"
