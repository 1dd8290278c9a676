import importlib

import numpy as np
import pytest
from toy import ROOT

ORIGIN = {"command": ["python", "benchmarks/leave_one_out.py"], "started": "2026-01-01",
          "cpu_count": 2, "cpu": "made-up", "versions": {"jax": "0"}}


@pytest.fixture(scope="module")
def written():
    """The module under test, and three examples of which one has injected noise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        agreement = importlib.import_module("agreement")
        measured = importlib.import_module("leave_one_out").measured
        tens = np.full(3, 10)
        counts = {"estimate": agreement.Counts(tens, tens, np.array([9, 5, 0]), tens),
                  "same_size": agreement.Counts(tens, tens, np.array([8, 5, 1]), tens),
                  "whole": agreement.Counts(3 * tens, 3 * tens, np.array([4, 3, 0]), np.full(3, 4))}
        rows = {name: measured(values) for name, values in counts.items()}
        pairs = [("estimate", "same_size"), ("estimate", "whole"), ("same_size", "whole")]
        yield importlib.import_module("leave_one_out_page"), {
            "examples": [{"id": f"digits_{k}", "label": k, "injected_noise": k == 2,
                          **{name: cells[k] for name, cells in rows.items()}} for k in range(3)],
            "comparisons": [{"first": first, "second": second,
                             **agreement.compare(counts[first], counts[second])}
                            for first, second in pairs],
            "choice": {"by": "pilot", "least": 0.05, "pilot_models": 32, "candidates": 99,
                       "training_examples": 1259},
            "models": {"same_size": [10, 10], "whole": [30, 4]}, "other_fractions": {},
            "trained_like": {"subset_fraction": 0.7}, "injected_noise_auroc": None,
            "injected_noise": 1, "provenance": ORIGIN}


def test_page(written):
    module, results = written
    text = module.page(results)
    # (11/12)(1/12)/12 twice: all right with it, and 9 of 10 right without: (10/12)(2/12)/12.
    assert f"0.10 ± {np.sqrt(11 / 1728 + 20 / 1728):.2f} (10/10, 9/10)" in text
    assert ("| `digits_2` | 2 (injected) | 1.00 ± 0.11 (10/10, 0/10) | 0.90 ± 0.13 (10/10, 1/10)"
            in text)
    assert "| subset estimate - leave-one-out, same size | +0.000 ± 0.058 | 3, 3, 3 |" in text
    assert "70% of the 1259" in text and "of 32 models that serve for nothing else" in text
    assert "1 of the chosen have injected label noise" in text and "noise: none." in text


def test_figure_is_a_png_and_the_same_for_the_same_numbers(written):
    module, results = written
    assert (module.figure(results)[:4] == b"\x89PNG"
            and module.figure(results) == module.figure(results))
