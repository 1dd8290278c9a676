import numpy as np
import pytest

from rum_jax.core.numpy_file import Unreadable, read_npy


@pytest.mark.parametrize("mapped", [False, True])
def test_arrays_of_objects_are_not_called_damaged(tmp_path, mapped):
    path = tmp_path / "a.npy"
    np.save(path, np.array([{}, 3], object))
    with pytest.raises(Unreadable, match="it holds Python objects, .*allowed: arrays of numbers"):
        read_npy(path, mapped)
    np.save(path, np.arange(5.0))
    np.testing.assert_array_equal(read_npy(path, mapped), np.arange(5.0))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(Unreadable, match="it is damaged or incomplete"):
        read_npy(path, mapped)
