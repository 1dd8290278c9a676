"""Forget sets that are chosen for several seeds, and their names."""

from types import SimpleNamespace

import numpy as np
import pytest
from forget.small_context import known

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.study.forget_sets import _chosen, copy_files, load_cases, load_statistics

SETS = ("confidence:low", "confidence:mid", "confidence:high", "random")


def chosen(size, seeds=(0, 1), sets=SETS):
    scores = [np.random.default_rng(seed).permutation(60) for seed in seeds]
    scores[1] = np.minimum(scores[1], 40)  # the middle of this one is nearer to its end
    config = SimpleNamespace(seeds=seeds, forget=SimpleNamespace(sets=sets, size=size))
    return _chosen(SimpleNamespace(
        study=SimpleNamespace(config=config),
        of_seed=lambda m: known({"confidence": scores[m], "accuracy": 2 * scores[m]})))


def test_levels_that_overlap_are_refused_with_the_largest_size_that_fits():
    assert chosen(5).shape == (4, 2, 5)
    with pytest.raises(InputError, match="config.forget.size: is 25; .* example.s. in common; al"
                                         "lowed: at most [0-9]+, with which") as error:
        chosen(25)
    largest = int(str(error.value).partition("at most ")[2].partition(",")[0])
    assert 5 <= largest < 25 and chosen(largest).shape == (4, 2, largest)
    with pytest.raises(InputError, match=f"is {largest + 1}; "):
        chosen(largest + 1)


def test_a_set_that_two_scores_choose_alike_is_refused():
    with pytest.raises(InputError, match="config.forget.sets: confidence:high and accuracy:high are"
                                         " the same 5 example.s.; allowed: different sets"):
        chosen(5, sets=("confidence:high", "accuracy:high"))
    assert chosen(5, sets=("confidence:high", "accuracy:low")).shape == (2, 2, 5)


def test_names_are_those_of_the_config_that_asks(tmp_path):
    """Files are known by content, so that a stage may have been made with other names."""
    positions = np.arange(12, dtype=np.int32).reshape(3, 2, 2)
    records.write_arrays(tmp_path / "forget.npz", sets=np.array(["file:a", "file:b", "random"]),
                         seeds=np.array([0, 1]), positions=positions)
    overlaps = ({"file:b": [0.1], "random": [0.2]}, {"file:a": [0.1], "random": [0.3]},
                {"file:a": [0.2], "file:b": [0.3]})
    records.write_json(tmp_path / "statistics.json", [
        {"set": name, "size": 2, "overlap": overlap}
        for name, overlap in zip(("file:a", "file:b", "random"), overlaps, strict=True)])
    names = ("file:b", "file:moved/b", "random")  # a was moved to where b has been
    cases = load_cases(tmp_path, names)
    assert cases.sets == names and cases.seeds == (0, 1) * 3
    assert cases.forget[cases.of_set("file:b")].tolist() == [[0, 1], [2, 3]]
    expected = [
        {"set": "file:b", "size": 2, "overlap": {"file:moved/b": [0.1], "random": [0.2]}},
        {"set": "file:moved/b", "size": 2, "overlap": {"file:b": [0.1], "random": [0.3]}},
        {"set": "random", "size": 2, "overlap": {"file:b": [0.2], "file:moved/b": [0.3]}}]
    assert load_statistics(tmp_path, names) == expected
    workdir = tmp_path / "run"
    workdir.mkdir()
    copy_files(tmp_path, names, workdir)
    copied = records.read_arrays(workdir / "forget.npz")
    assert tuple(copied["sets"]) == names and (copied["positions"] == positions).all()
    assert records.read_json(workdir / "forget_statistics.json") == expected
