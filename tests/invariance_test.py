"""Memorization scores are the same, bit for bit, however members are grouped and spread."""

import subprocess

import numpy as np
import pytest
from toy import ROOT, command


def scores(workdir, devices, group):
    fields = {"model__widths": (16, 32), "model__blocks": (1, 1), "campaign__models": 16,
              "memorization__epochs": 15, "engine__cpu_threads": 8, "rows": (),
              "campaign__influence": "none", "relearn__epochs": 0, "metrics": (),
              "engine__devices": devices, "campaign__group_size": group}
    done = subprocess.run(command(workdir, **fields), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return np.load(workdir / "memorization.npz")["memorization"]


@pytest.mark.slow
def test_devices_and_groups_change_no_bit(tmp_path):
    expected = scores(tmp_path / "base", 2, 16)
    assert np.isfinite(expected).mean() > 0.9 and expected[np.isfinite(expected)].std() > 0.1
    for devices, group in ((1, 4), (8, 16), (8, 4)):
        actual = scores(tmp_path / f"{devices}-{group}", devices, group)
        np.testing.assert_array_equal(actual, expected)
