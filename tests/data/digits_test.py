import hashlib

import numpy as np
import pytest

from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.data import digits


def test_real_images_with_stable_ids_and_the_stated_statistics():
    source = digits.load()
    images = source.images
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8 and images.max() == 16
    assert np.bincount(source.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174,
                                                   180]
    assert source.ids[0] == "digits_00000" and len(set(source.ids)) == 1797
    assert set(source.parts) == {"train"} and source.classes == tuple("0123456789")
    unit = images / source.pixel_max
    np.testing.assert_allclose(unit.mean(), source.mean[0], atol=5e-5)
    np.testing.assert_allclose(unit.std(), source.std[0], atol=5e-5)


def test_splits_ids_and_noise_are_what_they_have_always_been():
    """Results of earlier runs depend on every bit."""
    dataset, total = data.load("digits", 0.1, 0.2, 0.05, seed=0), hashlib.sha256()
    splits = [dataset.positions[name] for name in ("train", "validation", "test")]
    for array in (dataset.images, dataset.labels, dataset.clean_labels, *splits):
        total.update(f"{array.dtype}{array.shape}".encode())
        total.update(array.tobytes())
    total.update("\n".join(dataset.ids.tolist()).encode())
    assert total.hexdigest() == "85c63a7e4f0f734e8e4898120e79b6ed527e2f536b659bcb9025584222a06708"
    assert dataset.spec == data.ImageSpec((8, 8, 1), 10, 16.0, (0.3053,), (0.3760,))


def test_it_has_no_folder():
    with pytest.raises(InputError, match="config.data.path: is '/some/folder'; allowed for digits"):
        data.load("digits", 0.1, 0.2, 0.0, seed=0, path="/some/folder")
