import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget.remaining import among, choose_left
from rum_jax.forget.selection import REQUESTS

SCORES = {"confidence": [9, 8, 7, 6, 5, 4, 3, 2, 1.0]}


def test_what_is_chosen_are_positions_in_the_data():
    positions = np.array([3, 4, 7, 10, 11, 20, 21, 30, 31])  # of the training set
    of_all = known(SCORES, positions=positions)
    assert choose_left("confidence:high", of_all, positions, 3).tolist() == [3, 4, 7]
    assert choose_left("confidence:high", of_all, np.array([4, 11, 20, 31]), 3).tolist() == [
        4, 11, 20]
    part = among(of_all, np.array([4, 11, 20, 31]))
    assert part.positions.tolist() == [4, 11, 20, 31]
    assert part.score("confidence").tolist() == [8, 5, 4, 1]


def test_the_middle_is_that_of_what_is_left():
    left = np.array([4, 5, 6, 7, 8])  # with the scores 5 to 1: the median is 3
    assert choose_left("confidence:mid", known(SCORES), np.arange(9), 1).tolist() == [4]
    assert choose_left("confidence:mid", known(SCORES), left, 1).tolist() == [6]


def test_everything_is_known_of_what_is_left_alone():
    features = np.arange(18.0).reshape(9, 2)
    of_all = known(SCORES, features=features, labels=np.arange(9) % 3,
                   noisy=np.arange(9) == 4)
    left = np.array([0, 3, 4])
    part = among(of_all, left)
    assert part.ids.tolist() == ["train-000", "train-003", "train-004"]
    assert part.labels.tolist() == [0, 0, 1] and part.noisy.tolist() == [False, False, True]
    assert part.score("confidence").tolist() == [9, 6, 5]
    np.testing.assert_array_equal(part.features(), features[left])
    assert set(part.elsewhere) == {"test-000", "test-001", *(f"train-{i:03d}" for i in
                                                             (1, 2, 5, 6, 7, 8))}


def test_a_file_that_asks_again_is_refused(tmp_path):
    (tmp_path / "ids.txt").write_text("train-001\ntrain-002\n")
    with pytest.raises(InputError, match=r"1 id\(s\) are of examples that are not trained on or "
                                         "were asked for before, the first is train-002"):
        choose_left(f"file:{tmp_path / 'ids.txt'}", known(SCORES, fields=REQUESTS),
                    np.array([0, 1, 5]), 2)


def test_messages_name_the_field_of_a_request():
    with pytest.raises(InputError, match="config.stream.size: is 4; allowed with random: at most "
                                         "3, as there are no more"):
        choose_left("random", known(SCORES, fields=REQUESTS), np.array([0, 1, 5]), 4)
