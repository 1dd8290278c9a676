import tracemalloc

import numpy as np
import pytest

from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.memorization import estimate, layouts, lira, tally
from rum_jax.memorization.group import MARGIN_UNIT, Group
from rum_jax.memorization.published import published_scores

# Six training examples, rows 1, 2, 4, 5, 7, 8 of nine published ones; five test examples; members
# 0, 1 in one group and 3, 4, 7 in another.
INCLUDED = np.array([[1, 1, 0, 0, 1, 1], [0, 1, 1, 0, 0, 1], [1, 0, 0, 1, 0, 1],
                     [0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 1]], bool)
CORRECT = np.array([[1, 1, 0, 1, 1, 1], [0, 1, 1, 1, 0, 1], [1, 1, 0, 1, 0, 1],
                    [0, 1, 1, 1, 1, 0], [1, 1, 0, 1, 1, 1]], bool)
CORRECT_TEST = np.array([[1, 0, 1, 1, 0], [1, 1, 0, 1, 0], [1, 0, 0, 1, 1],
                         [1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)
MARGINS = np.array([[512, -256, 0, 256, 32767, 1], [-512, 256, 128, 256, -32768, 1],
                    [256, 64, -64, 512, -256, 1], [-1, 32, 96, 300, 700, -5],
                    [100, 200, -300, 400, 500, 1]], np.int16)
MEMBERS = np.array([0, 1, 3, 4, 7])
INDEX = np.array([1, 2, 4, 5, 7, 8])


def difference(included, outcomes):
    """float32[..,n] of bool[M,n] and float[M,..]: mean of the members with minus those without."""
    sides = [outcomes.T.astype(float) @ side / side.sum(0) for side in (included, ~included)]
    return (sides[0] - sides[1]).astype(np.float32)


with np.errstate(invalid="ignore"):  # the last example is in every member
    INFLUENCE = difference(INCLUDED, CORRECT_TEST)


def group(rows):
    some = len(MEMBERS[rows])
    return Group(MEMBERS[rows], INCLUDED[rows], CORRECT[rows], CORRECT_TEST[rows], MARGINS[rows],
                 np.zeros((some, 5), np.int16), np.zeros((some, 1), np.float32))


def small(**changed):
    results = layouts.Results(
        ids=np.array([f"t{i}" for i in INDEX]), labels=np.array([0, 2, 0, 2, 2, 0], np.int32),
        test_labels=np.array([2, 0, 2, 0, 1], np.int32),
        memorization=estimate.memorization(INCLUDED, CORRECT).memorization,
        influence=lambda: iter([(0, INFLUENCE[:2]), (2, INFLUENCE[2:])]),
        train_index=INDEX, train_size=9, members=5,
        groups=lambda: iter([group(slice(0, 2)), group(slice(2, 5))]))
    return results._replace(**changed)


def written(layout, results, path):
    layouts.LAYOUTS[layout](results, path)
    if path.is_dir():
        return {file.stem: np.load(file) for file in path.iterdir()}
    with np.load(path) as file:
        return dict(file)


def test_feldman_and_zhangs_layout(tmp_path):
    arrays = written("feldman_zhang", small(), tmp_path / "a.npz")
    assert set(arrays) == {"tr_labels", "tr_mem", "tt_labels"} | {
        f"{name}{c}" for name in ("tr_classidx_", "tt_classidx_", "infl_matrix_class")
        for c in range(3)}
    np.testing.assert_array_equal(arrays["tr_labels"], [-1, 0, 2, -1, 0, 2, -1, 2, 0])
    np.testing.assert_array_equal(arrays["tt_labels"], [2, 0, 2, 0, 1])
    nan = np.nan
    np.testing.assert_array_equal(arrays["tr_mem"], [nan, 1, 0, nan, 2 / 3, 0, nan, 1 - 1 / 3, nan])
    for name, rows in {"tr_classidx_0": [1, 4, 8], "tr_classidx_1": [], "tr_classidx_2": [2, 5, 7],
                       "tt_classidx_0": [1, 3], "tt_classidx_1": [4],
                       "tt_classidx_2": [0, 2]}.items():
        np.testing.assert_array_equal(arrays[name], rows)
    # Of class 2: train examples 1, 3, 4 by test examples 0, 2. Test example 2 is right in members
    # 0, 4, 7; training example 1 is in 0, 1, 7 (two right of three) and out of 3, 4 (one of two).
    expected = np.float32([[0, 2 / 3 - 1 / 2], [0, 1 / 2 - 2 / 3], [0, 1 - 1 / 3]])
    np.testing.assert_allclose(arrays["infl_matrix_class2"], expected, atol=1e-7)
    assert arrays["infl_matrix_class2"].dtype == np.float32
    assert arrays["infl_matrix_class1"].shape == (0, 1)
    assert np.isnan(arrays["infl_matrix_class0"][2]).all(), "never out"
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_the_layout_of_the_rum_code(tmp_path):
    arrays = written("rum", small(), tmp_path / "a.npz")
    assert {name: (array.dtype.str, array.shape) for name, array in arrays.items()} == {
        "memorization": ("<f8", (9,)), "influence": ("<f4", (5, 9)),
        "trainset_mask": ("|b1", (5, 9)), "trainset_correctness": ("|b1", (5, 9)),
        "testset_correctness": ("|b1", (5, 5))}
    np.testing.assert_array_equal(arrays["trainset_mask"][:, INDEX], INCLUDED)
    np.testing.assert_array_equal(arrays["trainset_correctness"][:, INDEX], CORRECT)
    np.testing.assert_array_equal(arrays["testset_correctness"], CORRECT_TEST)
    np.testing.assert_array_equal(arrays["influence"][:, INDEX], INFLUENCE)
    np.testing.assert_array_equal(arrays["memorization"][INDEX], small().memorization)
    for name, missing in (("trainset_mask", False), ("trainset_correctness", False),
                          ("memorization", np.nan), ("influence", np.nan)):
        left_out = arrays[name][..., [0, 3, 6]]
        np.testing.assert_array_equal(left_out, np.full(left_out.shape, missing))


def test_the_layout_of_lira(tmp_path):
    arrays = written("lira", small(), tmp_path / "a")
    np.testing.assert_array_equal(arrays["keep"], INCLUDED)
    np.testing.assert_array_equal(arrays["scores"], MARGINS / 256)
    assert arrays["scores"].dtype == np.float32 and arrays["scores"][0, 4] == 127.99609375
    np.testing.assert_array_equal(arrays["ids"], small().ids)
    np.testing.assert_array_equal(arrays["labels"], small().labels)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "empty").mkdir()
    assert set(written("lira", small(), tmp_path / "empty")) == set(arrays)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    """48 of 60 published images are trained on; 16 members in groups of five."""
    path = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(path, train_images=np.zeros((60, 2, 2), np.uint8), train_labels=np.arange(60) % 3,
             train_ids=np.array([f"t{i:02d}" for i in range(60)]), test_labels=np.arange(9) % 3,
             test_images=np.zeros((9, 2, 2), np.uint8))
    dataset = data.load("npz", 0.2, 0.0, 0.25, 1, path=str(path))
    random, size = np.random.default_rng(0), len(dataset.train)
    included = random.permuted(np.arange(16)[:, None] % 2 == np.zeros(size), axis=0)
    margins = random.integers(-1000, 1000, (16, size)).astype(np.int16)
    every = Group(np.arange(16), included, margins > 0, random.random((16, 9)) < 0.5, margins,
                  np.zeros((16, 9), np.int16), np.zeros((16, 1), np.float32))
    known = difference(included, every.correct_test)
    results = layouts.Results(
        dataset.ids[dataset.train], dataset.labels[dataset.train],
        dataset.labels[dataset.positions["test"]],
        estimate.memorization(included, every.correct_train).memorization,
        lambda: iter([(0, known)]), dataset.source_index[dataset.train], dataset.train_size, 16,
        lambda: (every.take(slice(k, k + 5)) for k in range(0, 16, 5)))
    return dataset, results, every


@pytest.mark.parametrize("layout", ["feldman_zhang", "rum"])
def test_scores_come_back_as_they_were(campaign, tmp_path, layout):
    dataset, results, _ = campaign
    layouts.LAYOUTS[layout](results, tmp_path / "scores.npz")
    again = published_scores(tmp_path / "scores.npz", dataset)
    np.testing.assert_array_equal(again, results.memorization)


def test_confidences_come_back_from_lira(campaign, tmp_path):
    dataset, results, every = campaign
    layouts.lira(results, tmp_path / "lira")
    again = published_scores(tmp_path / "lira", dataset)
    confidence = 1 / (1 + np.exp(-MARGIN_UNIT * every.margin_train.astype(float)))
    mean = [np.average(confidence, axis=0, weights=chosen)
            for chosen in (every.included, ~every.included)]
    np.testing.assert_allclose(again, mean[0] - mean[1], atol=1e-13)
    soft = estimate.soft_of_tally(tally.added(tally.empty(len(results.ids), 9), every))
    np.testing.assert_allclose(again, soft.memorization, atol=1e-5)  # to 1/65,535 there


def many(members=64, size=20_000, tests=400, together=4):
    """Results made while they are read, with a matrix of influence of 32 MB."""
    def groups():
        for first in range(0, members, together):
            random = np.random.default_rng(first)
            included = random.integers(0, 2, (together, size), np.uint8) == 1
            margins = random.integers(-999, 999, (together, size), np.int16)
            yield Group(np.arange(first, first + together), included, margins > 0,
                        np.ones((together, tests), bool), margins,
                        np.zeros((together, tests), np.int16), np.zeros((together, 1)))

    return layouts.Results(
        np.array([f"t{i}" for i in range(size)]), np.arange(size, dtype=np.int32) % 10,
        np.arange(tests, dtype=np.int32) % 10, np.zeros(size),
        lambda: ((k, np.full((8, size), k, np.float32)) for k in range(0, tests, 8)),
        np.arange(size), size + 1000, members, groups)


def peak(act):
    """Bytes that Python and numpy held at most, above those from before."""
    tracemalloc.start()
    act()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("layout", ["feldman_zhang", "rum", "lira"])
def test_large_results_are_never_held(tmp_path, layout):
    results, path = many(), tmp_path / "made"
    held = peak(lambda: layouts.LAYOUTS[layout](results, path))
    assert held < 6e6, "eight rows of influence are 0.64 MB, four members 0.32 MB"
    last = list(results.groups())[-1]
    if layout == "lira":
        np.testing.assert_array_equal(np.load(path / "keep.npy", "r")[-4:], last.included)
        np.testing.assert_array_equal(np.load(path / "scores.npy", "r")[-4:],
                                      last.margin_train / 256)
        assert peak(lambda: lira.read(path, "here")) < 4e6, "scores are 5.1 MB in float32"
        return
    with np.load(path) as file:
        if layout == "rum":
            np.testing.assert_array_equal(file["trainset_mask"][-4:, :20_000], last.included)
            np.testing.assert_array_equal(file["influence"][:, 7], np.arange(400) // 8 * 8)
        else:
            np.testing.assert_array_equal(file["infl_matrix_class3"][1999],
                                          np.arange(3, 400, 10) // 8 * 8)


def broken():
    yield group(slice(0, 2))
    raise OSError("No space left on device")


@pytest.mark.parametrize("changed, message", [
    ({"memorization": np.zeros(5)}, "results: have 6 ids, 6 labels, 5 memorization, 6 train_index"),
    ({"train_index": INDEX + 1}, "train_index: is 2 to 9, 6 different ones of 6; .* 0 to 8"),
    ({"train_index": np.zeros(6, int)}, "train_index: is 0 to 0, 1 different ones of 6; allowed"),
    ({"test_labels": np.array([0, 1, 2, -1, 0])}, "labels: there are negative ones; allowed"),
    ({"influence": lambda: iter([(0, np.zeros((3, 6)))])}, "influence: has 3 rows; allowed: 5"),
    ({"influence": lambda: iter([(2, np.zeros((3, 6)))])},
     r"influence: row 2 begins a block \[3, 6\]; allowed: row 0 and \[b, 6\]"),
    ({"influence": lambda: iter([(0, np.zeros((5, 9)))])}, r"begins a block \[5, 9\]; allowed"),
    ({"members": 6}, "members: there are 5; allowed: 6, all of the estimate"),
    ({"groups": lambda: iter([group(slice(2, 5)), group(slice(0, 2))])},
     r"members: \[0, 1\] come after 7; allowed: ascending ones"),
    ({"groups": lambda: iter([group(slice(0, 5))._replace(included=INCLUDED[:, 1:])])},
     r"members: `included` is \[5, 5\]; allowed: \[5, 6\]"),
])
def test_results_that_contradict_each_other(tmp_path, changed, message):
    layout = "lira" if {"members", "groups"} & set(changed) else "feldman_zhang"
    with pytest.raises(InputError, match=message):
        layouts.LAYOUTS[layout](small(**changed), tmp_path / "made")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layout", ["rum", "lira"])
def test_what_cannot_be_finished_leaves_nothing(tmp_path, layout):
    with pytest.raises(OSError, match="No space left"):
        layouts.LAYOUTS[layout](small(groups=broken), tmp_path / "made")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_where_nothing_can_be_written(tmp_path, layout):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for path in (tmp_path / "none" / "made", tmp_path / "full"):
        with pytest.raises(InputError, match=f"{path.name}: cannot be (written|made); allowed: a"):
            layouts.LAYOUTS[layout](small(), path)
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"


def test_a_file_that_is_there_is_replaced(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"old")
    assert "tr_mem" in written("feldman_zhang", small(), tmp_path / "a.npz")
