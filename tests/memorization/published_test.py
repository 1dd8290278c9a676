import numpy as np
import pytest

from rum_jax import data
from rum_jax.config import base
from rum_jax.config.validate import faults
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.memorization import published
from rum_jax.memorization.published import published_scores


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="module")
def load_dataset(files):
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
    {"scores": SCORES}, {"memorization": SCORES, "labels": LABELS},
    {"memorization": SCORES, "tr_labels": LABELS}])
def test_scores_of_all_published_examples_in_order(files, load_dataset, options, arrays):
    dataset = load_dataset(**options)
    scores = read(files, dataset, **arrays)
    assert scores.dtype == np.float64 and len(scores) == len(dataset.train)
    np.testing.assert_array_equal(scores, SCORES[number(dataset)].astype(np.float64))


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("name", ["memorization", "scores", "tr_mem"])
@pytest.mark.parametrize("kind", ["U", "S"])
def test_scores_by_id(files, load_dataset, options, name, kind):
    dataset, order = load_dataset(**options), np.random.default_rng(2).permutation(60)
    ids = np.array([f"t{i:02d}" for i in order] + ["none"]).astype(kind)
    scores = read(files, dataset, ids=ids, labels=np.append(LABELS[order], 9),
                  **{name: np.append(SCORES[order], np.nan)})
    np.testing.assert_array_equal(scores, SCORES[number(dataset)].astype(np.float64))


def test_labels_may_be_those_of_selected_classes_numbered_anew(files, load_dataset):
    dataset = load_dataset(classes=(2, 0))
    arrays = {"ids": dataset.ids[dataset.train], "labels": dataset.clean_labels[dataset.train]}
    scores = np.linspace(0, 1, len(dataset.train))
    np.testing.assert_array_equal(read(files, dataset, memorization=scores, **arrays), scores)


def test_a_data_set_without_a_test_part(files):
    digits = data.load("digits", 0.1, 0.2, 0.05, seed=0)
    scores = np.arange(1797) / 1797
    training_scores = read(files, digits, tr_mem=scores, tr_labels=digits.clean_labels)
    np.testing.assert_array_equal(training_scores, scores[digits.train])


IDS = np.array([f"t{i:02d}" for i in range(60)])


@pytest.mark.parametrize("arrays, message", [
    ({"mem": SCORES, "infl": SCORES}, "has mem, infl; allowed: an .npz file with `memorization`"),
    ({"tr_mem": SCORES[:50]}, "has 50 scores and no ids; allowed: 60, one for each published"),
    ({"tr_mem": SCORES[:, None]}, r"its scores are float32\[60, 1\]; allowed: numbers\[n\]"),
    ({"tr_mem": SCORES.astype(str)}, r"its scores are <U\d+\[60\]; allowed: numbers\[n\]"),
    ({"tr_mem": SCORES, "tr_labels": LABELS[1:]}, r"its labels are int64\[59\]; allowed: integer"),
    ({"tr_mem": SCORES, "ids": np.arange(60)}, r"its ids are int64\[60\]; allowed: texts\[n\]"),
    ({"tr_mem": SCORES, "ids": np.where(IDS == "t07", "t05", IDS)}, "the id 't05' occurs 2 times"),
    ({"tr_mem": SCORES * np.nan}, "48 score.* are not finite"),
    ({"memorization": np.array([{}] * 60)}, "cannot be read as an .npz file: it holds Pyth"),
])
def test_faulty_files(files, load_dataset, arrays, message):
    with pytest.raises(InputError, match=f"config.memorization.scores: .*scores.npz: {message}"):
        read(files, load_dataset(), **arrays)


def test_labels_that_contradict(files, load_dataset):
    dataset = load_dataset()
    first, last = number(dataset)[[0, -1]]
    labels = LABELS.copy()
    labels[[first, last]] = (labels[[first, last]] + 1) % 3
    for ids in ({}, {"ids": IDS}):
        with pytest.raises(InputError, match=f"2 of 48 labels contradict the data set's, the first "
                                             f"of t{first:02d}: {labels[first]}, not "
                                             f"{LABELS[first]}; allowed"):
            read(files, dataset, memorization=SCORES, labels=labels, **ids)


def test_training_examples_without_a_score(files, load_dataset):
    dataset = load_dataset()
    lacking = number(dataset)[[3, 5]]
    known = np.setdiff1d(np.arange(60), lacking)
    with pytest.raises(InputError, match=f"lacks 2 of the 48 training examples, the first is "
                                         f"t{lacking[0]:02d}; allowed: a score for all"):
        read(files, dataset, memorization=SCORES[known], ids=IDS[known])


def test_what_is_no_file(files, load_dataset):
    with pytest.raises(InputError, match="config.memorization.scores: is '.*none.npz', and there "):
        published_scores(files / "none.npz", load_dataset())
    (files / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    np.save(files / "array.npy", SCORES)
    for name in ("broken.npz", "array.npy"):
        with pytest.raises(InputError, match=f"{name}: cannot be read as an .npz file"):
            published_scores(files / name, load_dataset())


def test_labels_may_be_those_that_were_trained_on(files, load_dataset):
    """What a study with injected noise writes can be read again."""
    dataset = load_dataset(noise=0.5)
    labels = dataset.labels[dataset.train]
    assert (labels != dataset.clean_labels[dataset.train]).any()
    scores = np.linspace(0, 1, len(labels))
    again = read(files, dataset, ids=dataset.ids[dataset.train], memorization=scores,
                 labels=labels)
    np.testing.assert_array_equal(again, scores)


def test_scores_that_are_no_differences_of_shares(files, load_dataset):
    dataset = load_dataset()
    with pytest.raises(InputError, match=r"t\d\d has 7; allowed: numbers in \[-1, 1\]"):
        read(files, dataset, tr_mem=np.where(LABELS == 1, 7.0, 0.0))


@pytest.fixture(scope="module")
def members():
    """Twelve members, half of them with each example; what they get right, and its logit."""
    random = np.random.default_rng(3)
    mask = random.permuted(np.arange(12)[:, None] % 2 == np.zeros(60), axis=0)
    return mask, random.random((12, 60)) < 0.4 + 0.5 * mask, random.normal(0, 2, (12, 60))


def mean_difference(mask, values):
    """float64[60] of [12,60]: mean of the members with each example minus of those without."""
    return (values * mask).sum(0) / mask.sum(0) - (values * ~mask).sum(0) / (~mask).sum(0)


def test_the_rum_codes_estimate(files, load_dataset, members):
    dataset, (mask, correct, _) = load_dataset(), members
    known = mean_difference(mask, correct)
    outcomes = {"trainset_mask": mask, "trainset_correctness": correct}
    for scores in ({}, {"memorization": known}, {"memorization": known.astype(np.float32)}):
        training_scores = read(files, dataset, **scores, **outcomes, influence=np.zeros((9, 60)))
        np.testing.assert_allclose(training_scores, known[number(dataset)], atol=4e-8)
    training_scores = read(files, dataset, memorization=SCORES, **outcomes)
    np.testing.assert_array_equal(training_scores, SCORES[number(dataset)].astype(np.float64))


def test_examples_without_a_share_in_the_rum_codes_estimate(files, load_dataset, members):
    """That code would give such examples the one share that is known."""
    dataset, mask = load_dataset(), members[0].copy()
    left_out = np.setdiff1d(np.arange(60), number(dataset))[0]
    mask[:, left_out] = False
    outcomes = {"memorization": SCORES, "trainset_correctness": members[1]}
    scores = read(files, dataset, trainset_mask=mask, **outcomes)
    assert np.isfinite(scores).all(), "it is not of the training set"
    never = number(dataset)[7]
    mask[:, never] = False
    mask[:, number(dataset)[9]] = True
    with pytest.raises(InputError, match=f"2 score.* are not finite, the first of t{never:02d}; al"
                                         "lowed: finite numbers .of members, some trained with"):
        read(files, dataset, trainset_mask=mask, **outcomes)


@pytest.mark.parametrize("changed, message", [
    ({"trainset_mask": np.ones((12, 60))}, r"trainset_mask is float64\[12, 60\]; allowed: bool"),
    ({"trainset_mask": np.ones(60, bool)}, r"trainset_mask is bool\[60\]; allowed: bool\[M, n\]"),
    ({"trainset_correctness": np.ones((11, 60), bool)},
     r"trainset_correctness is bool\[11, 60\]; allowed: bool\[M, n\], both of the same shape"),
    ({"memorization": SCORES[:50]}, r"scores are float32\[50\]; allowed: numbers\[60\], as wide"),
])
def test_faulty_members(files, load_dataset, members, changed, message):
    arrays = {"trainset_mask": members[0], "trainset_correctness": members[1], **changed}
    with pytest.raises(InputError, match=f"config.memorization.scores: .*npz: its {message}"):
        read(files, load_dataset(), **arrays)


def lira_folder(path, **arrays):
    path.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(path / f"{name}.npy", array)
    return path


@pytest.mark.parametrize("dtype, atol", [(np.float16, 2e-3), (np.float32, 1e-6),
                                         (np.float64, 1e-15)])
def test_scores_of_lira(tmp_path, load_dataset, members, dtype, atol):
    dataset, (mask, _, logits) = load_dataset(noise=0.25), members
    known = mean_difference(mask, 1 / (1 + np.exp(-logits)))
    path = lira_folder(tmp_path / "lira", keep=mask, scores=logits.astype(dtype))
    scores = published_scores(path, dataset)
    np.testing.assert_allclose(scores, known[number(dataset)], atol=atol, rtol=0)
    order = np.random.default_rng(2).permutation(60)[:55]
    order = np.union1d(number(dataset), order)[::-1]
    path = lira_folder(tmp_path / "ids", keep=mask[:, order], scores=logits[:, order].astype(dtype),
                       ids=IDS[order], labels=LABELS[order])
    np.testing.assert_array_equal(published_scores(path, dataset), scores)


def test_confidences_of_liras_views_are_averaged(tmp_path, load_dataset):
    dataset = load_dataset()
    probability = np.array([[0.9, 0.5], [0.2, 0.4], [0.6, 0.8]])  # of three members in two views
    keep = np.array([True, False, True])
    scores = np.log(probability / (1 - probability))
    path = lira_folder(tmp_path / "lira", keep=np.repeat(keep[:, None], 60, 1),
                       scores=np.repeat(scores[:, None], 60, 1))
    np.testing.assert_allclose(published_scores(path, dataset), 0.7 - 0.3, atol=1e-15)


def test_certain_scores_of_lira(tmp_path, load_dataset):
    """Infinite logits are probabilities of 0 and 1."""
    scores = np.repeat([[np.inf], [-np.inf]], 60, 1)
    path = lira_folder(tmp_path / "lira", keep=scores > 0, scores=scores)
    np.testing.assert_array_equal(published_scores(path, load_dataset()), 1.0)


@pytest.mark.parametrize("changed, message", [
    ({"keep": None}, "has no keep.npy; allowed: a folder with keep.npy and scores.npy, one"),
    ({"keep": None, "scores": None}, "has no keep.npy and no scores.npy; allowed"),
    ({"keep": np.ones((4, 60))}, r"keep.npy is float64\[4, 60\]; allowed: bool\[M, N\]"),
    ({"scores": np.zeros((4, 59))},
     r"scores.npy is float64\[4, 59\]; allowed: floats\[4, 60\], as keep.npy, or \[4, 60, A\]"),
    ({"scores": np.zeros((4, 60, 2, 2))}, r"scores.npy is float64\[4, 60, 2, 2\]; allowed"),
    ({"scores": np.zeros((4, 60), int)}, r"scores.npy is int64\[4, 60\]; allowed: floats"),
    ({"keep": np.ones((4, 50), bool), "scores": np.zeros((4, 50))},
     "has 50 scores and no ids; allowed: 60, one for each published"),
    ({"labels": LABELS[1:]}, r"its labels are int64\[59\]; allowed: integers"),
    ({"ids": np.arange(60)}, r"its ids are int64\[60\]; allowed: texts"),
    ({"ids": np.array([None] * 60)}, "ids.npy cannot be read as an .npy file: "),
    ({"labels": (LABELS + 1) % 3}, "48 of 48 labels contradict the data set's"),
    ({"keep": np.ones((4, 60), bool)}, "48 score.* of the training set are not finite"),
    ({"scores": np.full((4, 60), np.nan)}, "48 score.* of the training set are not finite"),
])
def test_faulty_folders(tmp_path, load_dataset, changed, message):
    arrays = {"keep": np.arange(4)[:, None] % 2 == np.zeros(60), "scores": np.zeros((4, 60)),
              **changed}
    path = lira_folder(tmp_path / "lira", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(InputError, match=f"config.memorization.scores: .*lira: {message}"):
        published_scores(path, load_dataset())


def test_the_digest_of_what_was_read(tmp_path, members):
    np.save(tmp_path / "file.npy", SCORES)
    assert published.digest(tmp_path / "file.npy") == records.sha256(tmp_path / "file.npy")
    keep, scores = members[0], members[2]
    first = published.digest(lira_folder(tmp_path / "a", keep=keep, scores=scores, other=SCORES))
    assert published.digest(lira_folder(tmp_path / "b", keep=keep, scores=scores)) == first
    for name, arrays in {"c": {"scores": scores + 1}, "d": {"scores": scores, "ids": IDS}}.items():
        assert published.digest(lira_folder(tmp_path / name, keep=keep, **arrays)) != first


def test_a_config_may_name_a_folder_of_scores(tmp_path):
    folder, none = str(tmp_path), str(tmp_path / "none")
    for fields, fault in (({"memorization.scores": folder}, None),
                          ({"memorization.scores": none}, "config.memorization.scores: there is "),
                          ({"train.from_files": (folder,)}, "config.train.from_files: there is ")):
        config = base.get_config()
        base.set_fields(config, fields)
        messages = [known for known in faults(config.to_dict()) if "there is no file" in known]
        assert messages[0].startswith(fault) if fault else not messages


@pytest.mark.parametrize("layout", ["scores.npy", "scores/0000000100.npy"])
def test_scores_of_lira_in_a_folder_for_each_model(tmp_path, load_dataset, members, layout):
    mask, _, logits = members
    whole = published_scores(lira_folder(tmp_path / "whole", keep=mask, scores=logits),
                             load_dataset())
    for number, (keep, scores) in enumerate(zip(mask, logits, strict=True)):
        folder = tmp_path / "each" / f"experiment-{number}_{len(mask)}"
        (folder / layout).parent.mkdir(parents=True, exist_ok=True)
        np.save(folder / "keep.npy", keep)
        np.save(folder / layout, scores[:, None])
        if "/" in layout:
            np.save(folder / "scores/0000000020.npy", -scores[:, None])  # of an earlier epoch
    (tmp_path / "each" / "logs").mkdir()
    training_scores = published_scores(tmp_path / "each", load_dataset())
    np.testing.assert_allclose(training_scores, whole, rtol=1e-12)
    before = published.digest(tmp_path / "each")
    np.save(tmp_path / "each" / f"experiment-0_{len(mask)}" / "keep.npy", ~mask[0])
    assert published.digest(tmp_path / "each") != before
    (tmp_path / "each" / f"experiment-1_{len(mask)}" / "keep.npy").unlink()
    with pytest.raises(InputError, match=r"the folder\(s\) experiment-1_\d+ have no keep.npy or n"):
        published_scores(tmp_path / "each", load_dataset())


def test_models_of_other_shapes_are_refused(tmp_path, load_dataset):
    for number, size in enumerate((60, 59)):
        lira_folder(tmp_path / "each" / str(number), keep=np.ones(size, bool), scores=np.ones(60))
    with pytest.raises(InputError, match=r"the models' keep.npy are bool\[59\], bool\[60\]; allow"):
        published_scores(tmp_path / "each", load_dataset())


def test_what_is_no_npz_file_is_said_in_our_words(tmp_path, load_dataset):
    np.save(tmp_path / "plain.npy", SCORES)
    (tmp_path / "ids.csv").write_text("id,label\nt00,0\n")
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 not really")
    for name, reason in (("plain.npy", "it is a single array"), ("ids.csv", "it is no .npz file"),
                         ("cut.npz", "it is damaged or incomplete")):
        with pytest.raises(InputError, match=f"{name}: cannot be read as .*: {reason}") as e:
            published_scores(tmp_path / name, load_dataset())
        assert "allowed: an .npz file with" in str(e.value)
        assert "pickle" not in str(e.value) and "context manager" not in str(e.value)


def test_examples_that_liras_models_do_not_tell_of_are_nan(tmp_path, load_dataset, members):
    mask, _, logits = members
    dataset, mask = load_dataset(), mask.copy()
    never = number(dataset)[7]
    mask[:, never] = False
    scores = published_scores(lira_folder(tmp_path / "lira", keep=mask, scores=logits), dataset)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [7]
