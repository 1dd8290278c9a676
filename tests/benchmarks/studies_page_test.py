import importlib

import pytest
from toy import ROOT

PAGE = """# Studies

Words.

## Entanglement

### scikit-learn's digits

    command

![A](a.png)

### five classes of CIFAR-10

more

## Memorization

### scikit-learn's digits

other
"""


@pytest.fixture
def studies_page(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("studies_page")


def test_what_is_not_done_again_is_kept(studies_page):
    assert studies_page.kept(PAGE, "Entanglement", "scikit-learn's digits") == [
        "", "### scikit-learn's digits", "", "    command", "", "![A](a.png)"]
    assert studies_page.kept(PAGE, "Entanglement", "five classes of CIFAR-10") == [
        "", "### five classes of CIFAR-10", "", "more"]
    assert studies_page.kept(PAGE, "Memorization", "scikit-learn's digits")[-1] == "other"
    assert studies_page.kept(PAGE, "Memorization", "five classes of CIFAR-10") == []
    assert studies_page.kept("", "Memorization", "scikit-learn's digits") == []


def test_findings_are_counted_at_95_percent(studies_page):
    up, down, flat = ({"mean": mean, "ci95": 0.1} for mean in (0.2, -0.2, 0.05))
    assert studies_page.counted([up, up, flat], 1).startswith("agrees: so at 95% for 2 of 3")
    assert studies_page.counted([up, down, down, down], 1).startswith("the opposite: ")
    assert studies_page.counted([up, flat, flat], 1).startswith("agrees in part: ")
    assert studies_page.counted([flat], 1) == (
        "not seen: so at 95% for 0 of 1, the other way for 0, not distinguishable for 1")
    assert studies_page.alike([up, flat]) == (
        "not distinguishable at 95% for 1 of 2; differences of up to 0.100 would not be seen")
