import pytest

from rum_jax.evaluate.hypothesis_tests import verdicts
from rum_jax.evaluate.interval import paired_difference
from rum_jax.report.text import cell
from rum_jax.report.words import by_word, interval, not_excluded, of_family


@pytest.mark.parametrize("value, expected", [
    ({"mean": 0.1234, "ci95": 0.05}, "0.123 ± 0.050"),
    ({"mean": 1234.5, "ci95": 20.0}, "1,234 ± 20"),
    ({"mean": 23456.7, "ci95": 99999.6}, "23,457 ± 100,000"),
    ({"mean": 12.34, "ci95": 2294.0}, "12.3 ± 2,294"),
    ({"mean": 9999.9, "ci95": 0.04}, "10,000 ± 0.04"),
    ({"mean": 0.995, "ci95": None}, "0.995 ± n/a"), ({"mean": 12.0, "ci95": None}, "12 ± n/a")])
def test_intervals(value, expected):
    assert interval(value, 4 if value["mean"] > 100 else 3) == expected


def test_no_interval_is_no_interval_of_zero():
    assert cell("tow", {"mean": 0.5, "ci95": None}) == "0.500 ± n/a"
    assert cell("tow", {"mean": 1.0, "ci95": 0.0}) == "1.000 ± 0.000"


def test_names_are_listed_under_the_word_of_their_test():
    said = dict(zip("abc", verdicts([paired_difference(values, [0.0] * 3) for values in (
        [0.1, 0.11, 0.1], [-0.1, -0.1, -0.11], [0.1, -0.1, 0.0])]), strict=True))
    words = {"higher": "better", "lower": "worse",
             "difference not significant": "difference not significant"}
    assert by_word(said, words) == (
        "better for 1 of 3 (a), worse for 1 (b), difference not significant for 1 (c)")
    assert of_family(list(said.values())) == "paired t, 95%, Holm over 3, n = 3"


def test_what_is_not_excluded_is_of_differences_without_a_result():
    differences = {"a": paired_difference([0.5, 0.51, 0.52], [0.1, 0.1, 0.12]),
                   "b": paired_difference([0.5, 0.7, 0.6], [0.6, 0.6, 0.6]),
                   "c": paired_difference([0.5, 0.5, 0.56], [0.6, 0.6, 0.6])}
    said = dict(zip(differences, verdicts(list(differences.values())), strict=True))
    assert [verdict.word for verdict in said.values()][0] == "higher"
    low = differences["b"]["mean"] - differences["b"]["ci95"]
    high = differences["b"]["ci95"]
    assert not_excluded(said, differences) == (
        f" Where not significant, differences from {low:+.3f} to {high:+.3f} are not excluded "
        "(uncorrected 95% intervals).")
    alone = dict(zip("b", verdicts([differences["b"]]), strict=True))
    assert not_excluded(alone, differences).endswith("are not excluded (95% intervals).")
    assert not_excluded({"a": said["a"]}, differences) == ""
