import numpy as np
import pytest

from rum_jax import data
from rum_jax.errors import InputError
from rum_jax.memorization.published import published_scores


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="module")
def made(files):
    """60 training images of three classes in turn, shuffled in the file; nine for testing."""
    order = np.random.default_rng(0).permutation(60)
    images = np.random.default_rng(1).integers(0, 256, (60, 2, 2), dtype=np.uint8)
    np.savez(files / "data.npz", train_images=images[order], train_labels=order % 3,
             train_ids=np.array([f"t{i:02d}" for i in order]), test_images=images[:9],
             test_labels=np.arange(9) % 3)

    def load(noise=0.0, **options):
        return data.load("npz", 0.2, 0.0, noise, 1, path=str(files / "data.npz"), **options)

    return load


# Scores and labels of t00..t59: what any file about this data set should say.
SCORES = np.linspace(-0.2, 1, 60).astype(np.float32)
LABELS = np.arange(60) % 3


def number(dataset):
    """The number in the id of each training example."""
    return np.array([int(name[1:]) for name in dataset.ids[dataset.train]])


def read(files, dataset, **arrays):
    np.savez(files / "scores.npz", **arrays)
    return published_scores(str(files / "scores.npz"), dataset)


VARIANTS = [{}, {"noise": 0.5}, {"classes": (2, 0)}, {"train_per_class": 7},
            {"classes": (1, 2), "train_per_class": 5, "noise": 0.25}]


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("arrays", [
    {"tr_mem": SCORES, "tr_labels": LABELS, "infl": np.zeros((2, 2))}, {"tr_mem": SCORES},
    {"memorization": SCORES, "labels": LABELS}, {"memorization": SCORES, "tr_labels": LABELS}])
def test_scores_of_all_published_examples_in_order(files, made, options, arrays):
    dataset = made(**options)
    found = read(files, dataset, **arrays)
    assert found.dtype == np.float64 and len(found) == len(dataset.train)
    np.testing.assert_array_equal(found, SCORES[number(dataset)].astype(np.float64))


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("name", ["memorization", "scores", "tr_mem"])
@pytest.mark.parametrize("kind", ["U", "S"])
def test_scores_by_id(files, made, options, name, kind):
    dataset, order = made(**options), np.random.default_rng(2).permutation(60)
    ids = np.array([f"t{i:02d}" for i in order] + ["none"]).astype(kind)
    found = read(files, dataset, ids=ids, labels=np.append(LABELS[order], 9),
                 **{name: np.append(SCORES[order], np.nan)})
    np.testing.assert_array_equal(found, SCORES[number(dataset)].astype(np.float64))


def test_labels_may_be_those_of_selected_classes_numbered_anew(files, made):
    dataset = made(classes=(2, 0))
    own = {"ids": dataset.ids[dataset.train], "labels": dataset.clean_labels[dataset.train]}
    scores = np.linspace(0, 1, len(dataset.train))
    np.testing.assert_array_equal(read(files, dataset, memorization=scores, **own), scores)


def test_a_data_set_without_a_test_part(files):
    digits = data.load("digits", 0.1, 0.2, 0.05, seed=0)
    scores = np.arange(1797) / 1797
    found = read(files, digits, tr_mem=scores, tr_labels=digits.clean_labels)
    np.testing.assert_array_equal(found, scores[digits.train])


IDS = np.array([f"t{i:02d}" for i in range(60)])


@pytest.mark.parametrize("arrays, message", [
    ({"mem": SCORES, "infl": SCORES}, "has mem, infl; allowed: an .npz file with `memorization`"),
    ({"scores": SCORES}, "has scores; allowed: .* with `ids` unless"),
    ({"tr_mem": SCORES[:50]}, "has 50 scores and no ids; allowed: 60, one for each published"),
    ({"tr_mem": SCORES[:, None]}, r"its scores are float32\[60, 1\]; allowed: numbers\[n\]"),
    ({"tr_mem": SCORES.astype(str)}, r"its scores are <U\d+\[60\]; allowed: numbers\[n\]"),
    ({"tr_mem": SCORES, "tr_labels": LABELS[1:]}, r"its labels are int64\[59\]; allowed: integer"),
    ({"tr_mem": SCORES, "ids": np.arange(60)}, r"its ids are int64\[60\]; allowed: texts\[n\]"),
    ({"tr_mem": SCORES, "ids": np.where(IDS == "t07", "t05", IDS)}, "the id 't05' occurs 2 times"),
    ({"tr_mem": SCORES * np.nan}, "48 score.* are not finite"),
    ({"memorization": np.array([{}] * 60)}, "cannot be read as an .npz file: .*allow_pickle"),
])
def test_faulty_files(files, made, arrays, message):
    with pytest.raises(InputError, match=f"config.memorization.scores: .*scores.npz: {message}"):
        read(files, made(), **arrays)


def test_labels_that_contradict(files, made):
    dataset = made()
    first, last = number(dataset)[[0, -1]]
    labels = LABELS.copy()
    labels[[first, last]] = (labels[[first, last]] + 1) % 3
    for ids in ({}, {"ids": IDS}):
        with pytest.raises(InputError, match=f"2 of 48 labels contradict the data set's, the first "
                                             f"of t{first:02d}: {labels[first]}, not "
                                             f"{LABELS[first]}; allowed"):
            read(files, dataset, memorization=SCORES, labels=labels, **ids)


def test_training_examples_without_a_score(files, made):
    dataset = made()
    lacking = number(dataset)[[3, 5]]
    known = np.setdiff1d(np.arange(60), lacking)
    with pytest.raises(InputError, match=f"lacks 2 of the 48 training examples, the first is "
                                         f"t{lacking[0]:02d}; allowed: a score for all"):
        read(files, dataset, memorization=SCORES[known], ids=IDS[known])


def test_what_is_no_file(files, made):
    with pytest.raises(InputError, match="config.memorization.scores: is '.*none.npz', and there "):
        published_scores(files / "none.npz", made())
    (files / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    np.save(files / "array.npy", SCORES)
    for name in ("broken.npz", "array.npy"):
        with pytest.raises(InputError, match=f"{name}: cannot be read as an .npz file"):
            published_scores(files / name, made())


def test_labels_may_be_those_that_were_trained_on(files, made):
    """What a study with planted noise writes can be read again."""
    dataset = made(noise=0.5)
    labels = dataset.labels[dataset.train]
    assert (labels != dataset.clean_labels[dataset.train]).any()
    scores = np.linspace(0, 1, len(labels))
    again = read(files, dataset, ids=dataset.ids[dataset.train], memorization=scores,
                 labels=labels)
    np.testing.assert_array_equal(again, scores)


def test_scores_that_are_no_differences_of_shares(files, made):
    dataset = made()
    with pytest.raises(InputError, match=r"t\d\d has 7; allowed: numbers in \[-1, 1\]"):
        read(files, dataset, tr_mem=np.where(LABELS == 1, 7.0, 0.0))
