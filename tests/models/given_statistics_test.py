"""What files say of their own normalization."""

import dataclasses
import os

import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.models.given_statistics import with_given

save_file = pytest.importorskip("safetensors.numpy").save_file


@pytest.fixture
def of_files(tmp_path, dataset):
    """spec(...) of the digits with files of (mean, std) each; None: it has no buffers."""

    def spec(*statistics):
        paths = []
        for number, given in enumerate(statistics):
            paths.append(str(tmp_path / f"{number}.safetensors"))
            buffers = {} if given is None else {"normalize.mean": np.float32(given[0]),
                                                "normalize.std": np.float32(given[1])}
            save_file({"conv1.weight": np.ones((1, 1, 3, 3), np.float32), **buffers}, paths[-1])
        return with_given(dataset, {"from_files": paths, "from_files_mean": (),
                                    "from_files_std": ()}).spec

    return spec


def test_buffers_of_all_files_are_taken(of_files, dataset, capsys):
    assert of_files(None, None) == dataset.spec
    statistics = (dataset.spec.mean, dataset.spec.std)
    assert of_files(statistics, None) == dataset.spec
    expected = dataclasses.replace(dataset.spec, mean=(0.5,), std=(0.25,))
    assert of_files(([0.5], [0.25]), ([[[0.5]]], [[[0.25]]])) == expected
    assert "normalized as the files say: mean (0.5,), std (0.25,)" in capsys.readouterr().err


@pytest.mark.parametrize("other", [None, ([0.4], [0.25])])
def test_files_that_contradict_each_other(of_files, other):
    with pytest.raises(InputError, match="0.safetensors has the mean and std .*0.5.*; allowed: on"):
        of_files(([0.5], [0.25]), other)


def test_what_is_no_mean_and_std_is_left_to_the_reader(of_files, dataset):
    assert of_files(([0.5], [0.0])) == of_files(([np.nan], [1.0])) == dataset.spec
    assert of_files(([0.5, 0.4], [0.2, 0.2])) == dataset.spec


def test_a_file_of_the_same_size_and_time_is_read_anew(dataset, tmp_path):
    """As two files that were written within a tick of the clock."""
    path, means = tmp_path / "0.safetensors", []
    for mean in (0.5, 0.6):
        save_file({"conv1.weight": np.ones((1, 1, 3, 3), np.float32),
                   "normalize.mean": np.float32([mean]), "normalize.std": np.float32([0.25])}, path)
        os.utime(path, ns=(1, 1))
        means += with_given(dataset, {"from_files": [str(path)], "from_files_mean": (),
                                      "from_files_std": ()}).spec.mean
    assert means == [0.5, 0.6]
