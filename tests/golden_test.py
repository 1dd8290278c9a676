"""The reference's own numbers, in float64: every file of the folder, whatever variants it has.

RUM_JAX_GOLDEN_DIR names another folder; `tests/golden/README.md` explains the arrays.
"""

import os
import pathlib

import jax
import numpy as np
import pytest
from golden_cases import other, unlearning

FOLDER = pathlib.Path(os.environ.get("RUM_JAX_GOLDEN_DIR",
                                     pathlib.Path(__file__).parent / "golden"))

# case -> (check, other cases of the same variant that it takes after its own).
CASES = {
    "base": (other.base, ["base"]),
    **{name: (getattr(unlearning, name), ["base"]) for name in (
        "retrain", "ft", "l1_sparse", "neggrad", "neggrad_plus", "neggrad_plus_batchnorm",
        "scrub", "random_label", "salun_mask", "boundary_shrink", "boundary_expand", "wfisher")},
    "wfisher_long": (unlearning.wfisher, ["base"]),
    "fisher": (unlearning.fisher_case, ["base"]),
    "fisher_new": (unlearning.fisher_new_case, ["base"]),
    "salun": (unlearning.salun, ["base", "salun_mask"]),
    "tow": (other.tow_case, ["base"]),
    **{name: (getattr(other, name), ["base"]) for name in (
        "distill_kl", "entropy", "svc_mia", "memorization", "entanglement", "select_fs",
        "forget_sets", "multistep_sets", "learning_events", "heldout_retrain",
        "loss_curvature")},
}
FILES = sorted(FOLDER.glob("*__v*.npz"))


def load(case: str, variant: str) -> dict[str, np.ndarray]:
    return dict(np.load(FOLDER / f"{case}__{variant}.npz"))


def test_golden_files_are_there():
    cases = {path.stem.partition("__")[0] for path in FILES}
    assert cases, f"no golden files in {FOLDER}"
    assert cases <= set(CASES), f"no test for {sorted(cases - set(CASES))}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path):
    case, _, variant = path.stem.partition("__")
    assert case in CASES, f"no test for {case}"
    check, needed = CASES[case]
    with jax.enable_x64(True):
        check(load(case, variant), *(load(name, variant) for name in needed))
