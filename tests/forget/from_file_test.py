import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget import choose
from rum_jax.forget.remaining import among

KNOWN = known(labels=np.zeros(6))


def chosen(path, size=0):
    return choose(f"file:{path}", KNOWN, size).tolist()


def test_text_and_arrays(tmp_path):
    (tmp_path / "a.txt").write_text("train-004\n\n train-001\n")
    assert chosen(tmp_path / "a.txt") == [1, 4] == chosen(tmp_path / "a.txt", 2)
    np.savez(tmp_path / "a.npz", ids=np.array([["train-005", "train-000"]]))
    assert chosen(tmp_path / "a.npz") == [0, 5]


@pytest.mark.parametrize("text, message", [
    ("train-001\ntrain-001\ntrain-002", "the id train-001 is there 2 times; allowed: once"),
    ("train-001\ntest-001", r"1 id\(s\) are of examples that are not trained on, the first is "
                            "test-001"),
    ("train-001\ncifar-7", r"1 of 2 id\(s\) are not in this data set, the first is cifar-7; its "
                           "ids are like train-000"),
    ("\n", "has no ids")])
def test_ids_that_cannot_be_forgotten(tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        chosen(tmp_path / "a.txt")


def test_sizes_and_files_that_do_not_fit(tmp_path):
    (tmp_path / "a.txt").write_text("train-001\ntrain-002")
    with pytest.raises(InputError, match="config.forget.size: is 3; allowed with file:.*: 0, or 2"):
        chosen(tmp_path / "a.txt", 3)
    np.savez(tmp_path / "b.npz", numbers=np.arange(3))
    with pytest.raises(InputError, match="b.npz: has no array `ids`"):
        chosen(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="c.npz: 1 of 1 id.s. are not in this data set"):
        chosen(tmp_path / "c.npz")
    (tmp_path / "d.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="d.txt: cannot be read"):
        chosen(tmp_path / "d.txt")


PUBLISHED = KNOWN._replace(file_ids="positions", published=np.array([9, 2, 4, 0, 7, 5]),
                           published_size=10)


def written(tmp_path, content, name="a.txt"):
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path / name


@pytest.mark.parametrize("content, name", [
    ("train-004\r\ntrain-001\r\n", "a.txt"),
    ("train-004\rtrain-001", "a.txt"),
    (b"\xef\xbb\xbftrain-004\r\ntrain-001\r\n", "a.txt"),
    ("train-004\ntrain-001\n".encode("utf-16"), "a.txt"),
    (b"\xfe\xff" + "train-004\ntrain-001\n".encode("utf-16-be"), "a.txt"),
    ("train-004\ntrain-001\n".encode("utf-32"), "a.txt"),
    ("# mine\n\ntrain-004  # the worst\n # and\ntrain-001\n", "a.txt"),
    ("ID\ntrain-004\ntrain-001\n", "a.csv"),
    ("# made\nlabel,id\n3,train-004\n1,train-001\n", "a.csv"),
    ("train-004\t3\ntrain-001\t1\n", "a.tsv"),
    ('"train-004","b,c"\n"train-001",""\n', "a.csv"),
    (",index,id\n0,9,train-004\n1,2,train-001\n", "pandas.csv"),
    ('["train-004", "train-001"]', "a.json"), ('["train-004", "train-001"]', "a.txt"),
    ('{"ids": ["train-004", "train-001"], "seed": 3}', "a.json")])
def test_ids_as_people_write_them(tmp_path, content, name):
    assert chosen(written(tmp_path, content, name)) == [1, 4]


@pytest.mark.parametrize("array", [["train-004", "train-001"], [b"train-004", b"train-001"]])
def test_ids_in_an_array(tmp_path, array):
    np.save(tmp_path / "a.npy", np.array(array))
    np.savez(tmp_path / "b.txt.npz", ids=np.array(array), other=np.arange(3))
    (tmp_path / "b.txt.npz").rename(tmp_path / "b.txt")
    for name in ("a.npy", "b.txt"):
        assert chosen(tmp_path / name) == [1, 4]


def test_a_line_that_is_an_id_is_taken_as_it_is(tmp_path):
    odd = KNOWN._replace(ids=np.array(["#1", "id", "a,b", "[x]", "c #2", "d"]))
    path = written(tmp_path, "id\n#1\na,b\n[x]\nc #2\n# d\n")
    assert choose(f"file:{path}", odd, 0).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("content, name", [
    ("4\n2 # two\n", "a.txt"), ("position\n4\n2\n", "a.csv"), ("[4, 2]", "a.json"),
    ("[false, false, true, false, true, false, false, false, false, false]", "a.json")])
def test_positions_in_the_published_training_part(tmp_path, content, name):
    assert choose(f"file:{written(tmp_path, content, name)}", PUBLISHED, 0).tolist() == [1, 2]


def test_positions_and_masks_in_arrays(tmp_path):
    np.save(tmp_path / "a.npy", np.array([4, 2], np.uint8))
    np.savez(tmp_path / "b.npz", ids=np.isin(np.arange(10), [2, 4]))
    for name in ("a.npy", "b.npz"):
        assert choose(f"file:{tmp_path / name}", PUBLISHED, 2).tolist() == [1, 2]
    left = among(PUBLISHED, np.array([1, 2, 5]))
    assert choose(f"file:{tmp_path / 'a.npy'}", left, 0).tolist() == [1, 2]


@pytest.mark.parametrize("content, known, message", [
    ("1\n2\n", KNOWN, "2 of 2 id.s. are not .* like train-000; where they are positions in the "
                      "published training part, set config.forget.file_ids=positions"),
    ("1\ntrain-001\n", PUBLISHED, "has train-001; allowed with config.forget.file_ids=positions: "
                                  "integers from 0 to 9"),
    ("-1\n", PUBLISHED, "has -1; allowed"), ("10\n", PUBLISHED, "has 10; allowed"),
    ("1.5\n", PUBLISHED, "has 1.5; allowed"),
    ("9" * 5000, PUBLISHED, r"has 9{60}\.\.\.; allowed"),
    ("1\n4\n", PUBLISHED, "1 position.s. are of examples that are not trained on, the first is 1"),
    ("4\n4\n", PUBLISHED, "the position 4 is there 2 times"),
    ("[true, false]", PUBLISHED, "is a mask of 2; allowed: 10, one for each published"),
    ("[true, false]", KNOWN, "is a mask of booleans; allowed with config.forget.file_ids=ids: id"),
    ('[["a"]]', KNOWN, "is JSON, but no list of ids"), ('{"a": 3}', KNOWN, "is JSON, but no list"),
    ("[]", KNOWN, "has no ids"), ("# nothing\n", KNOWN, "has no ids"),
    ("id\n", KNOWN, "has no ids"),
    (b"a\x00b", KNOWN, "cannot be read: it is no text in UTF-8, as it has zero bytes"),
    (b"\xe4\xf6", KNOWN, "cannot be read: it is no text in UTF-8; allowed: a text file"),
    ("x" * 200000, KNOWN, r"the first is x{60}\.\.\.; its ids")])
def test_what_cannot_be_an_example_is_refused_in_few_words(tmp_path, content, known, message):
    with pytest.raises(InputError, match=message) as caught:
        choose(f"file:{written(tmp_path, content)}", known, 0)
    assert len(str(caught.value)) < 600


def test_arrays_that_cannot_be_examples(tmp_path):
    for array, message in ((np.array([{}]), "it holds Python objects, which could run any code"),
                           (np.arange(3.0), r"its ids are float64\[3\]; allowed: texts, or"),
                           (np.zeros(10, bool), "is a mask that is nowhere True")):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(InputError, match=message):
            choose(f"file:{tmp_path / 'a.npy'}", PUBLISHED, 0)


@pytest.mark.parametrize("content, known, message", [
    ("train-001,train-002,train-004", KNOWN, "has several ids on one line, train-001,train-002,"),
    ("train-001\ttrain-002\n", KNOWN, "has several ids on one line, train-001 train-002; allowed: "
                                      "one per line, with more columns only below a header line "
                                      "such as ids,label"),
    ("train-000\ntrain-001;test-001\n", KNOWN, "has several ids on one line"),
    ("id\ntrain-001,train-002\n", KNOWN, "has several ids on one line"),
    ("# one\ntrain-001,cifar-7\n", KNOWN, "has one line, whose cells may be ids or columns"),
    ("4,2", PUBLISHED, "has several positions on one line, 4,2; allowed: one per line, with more "
                       "columns only below a header line such as positions,label"),
    ("4\n2,7\n", PUBLISHED, "has several positions on one line, 2,7"),
    ("position\n4,2\n", PUBLISHED, "has several positions on one line, 4,2")])
def test_no_id_or_position_of_a_line_is_left_out(tmp_path, content, known, message):
    with pytest.raises(InputError, match=message):
        choose(f"file:{written(tmp_path, content)}", known, 0)


@pytest.mark.parametrize("content, known", [
    ("train-004,\ntrain-001,\n", KNOWN), ("train-004,3\ntrain-001\n", KNOWN),
    ("id,nearest\ntrain-004,train-002\ntrain-001,train-000\n", KNOWN),
    ("4,\n2,\n", PUBLISHED), ("index,label\n4,1\n2,0\n", PUBLISHED),
    ("id,index\n7,4\n5,2\n", PUBLISHED), ("id,position\n7,4\n5,2\n", PUBLISHED),
    ("ids\tidx\n7\t4\n5\t2\n", PUBLISHED), ("id,label\n4,7\n2,7\n", PUBLISHED),
    ('{"ids": [7, 5], "position": [4, 2]}', PUBLISHED), ('{"ids": [4, 2]}', PUBLISHED),
    ('{"position": [3, 2], "ids": ["train-004", "train-001"]}', KNOWN)])
def test_columns_and_lists_by_what_is_read(tmp_path, content, known):
    expected = [1, 4] if known is KNOWN else [1, 2]
    assert choose(f"file:{written(tmp_path, content)}", known, 0).tolist() == expected


def test_arrays_have_one_dimension(tmp_path):
    path = tmp_path / "a.npy"
    for positions in ([[4], [2]], [[4, 2]], [[[4], [2]]]):
        np.save(path, positions)
        assert choose(f"file:{path}", PUBLISHED, 0).tolist() == [1, 2]
    for array in (np.array([[4, 2], [7, 5]]), np.ones((2, 5), bool)):
        np.save(path, array)
        with pytest.raises(InputError, match=r"its ids are .*\[2, [25]\]; allowed: one dimension"):
            choose(f"file:{path}", PUBLISHED, 0)
