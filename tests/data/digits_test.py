import numpy as np

from rum_jax.data import digits


def test_real_images_with_stable_ids_and_the_stated_statistics():
    images, labels, ids, spec = digits.load()
    assert images.shape == (1797, 8, 8, 1) and images.dtype == np.uint8 and images.max() == 16
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert ids[0] == "digits_00000" and len(set(ids)) == 1797
    unit = images / spec.pixel_max
    np.testing.assert_allclose(unit.mean(), spec.mean[0], atol=5e-5)
    np.testing.assert_allclose(unit.std(), spec.std[0], atol=5e-5)
