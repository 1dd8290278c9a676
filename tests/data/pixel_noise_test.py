import numpy as np
import pytest

from data.small_files import picture
from rum_jax import data
from rum_jax.config import base
from rum_jax.config.validate import validate
from rum_jax.core.errors import InputError
from rum_jax.data.pixel_noise import with_noise

IDS = np.array([f"image_{i:05d}" for i in range(200)])
GRAY = np.full((200, 8, 8, 3), 127, np.uint8)


def test_mean_and_standard_deviation_of_the_noise():
    noise = with_noise(GRAY, IDS, 255.0, 0.05, seed=3).astype(float) - 127
    assert abs(noise.mean()) < 4 * 0.05 * 255 / np.sqrt(noise.size)
    np.testing.assert_allclose(noise.std(), 0.05 * 255, rtol=0.02)
    assert np.abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.3
    assert (GRAY == 127).all()


def test_sums_are_rounded_and_clipped_to_the_range_of_pixels():
    noisy = with_noise(np.full((200, 8, 8, 1), 8, np.uint8), IDS, 16.0, 2.0, seed=0)
    assert noisy.dtype == np.uint8 and (noisy.min(), noisy.max()) == (0, 16)
    # Below 0.5 and above 15.5, 7.5 from the middle at a standard deviation of 32.
    np.testing.assert_allclose([(noisy == 0).mean(), (noisy == 16).mean()], 0.4073, atol=0.02)


def test_the_noise_of_an_image_depends_on_its_id_and_the_seed_alone():
    noisy = with_noise(GRAY, IDS, 255.0, 0.35, seed=1)
    order = np.array([7, 3, 150])
    np.testing.assert_array_equal(with_noise(GRAY[order], IDS[order], 255.0, 0.35, seed=1),
                                  noisy[order])
    assert len({image.tobytes() for image in noisy}) == len(IDS)
    assert (with_noise(GRAY, IDS, 255.0, 0.35, seed=2) != noisy).mean() > 0.9


def test_without_noise_the_array_itself():
    assert with_noise(GRAY, IDS, 255.0, 0.0, seed=1) is GRAY


def test_a_noisy_data_set_has_the_splits_labels_and_statistics_of_the_clean_one(tmp_path):
    path = str(tmp_path / "own.npz")
    np.savez(path, images=picture(0, (40, 4, 4)), labels=np.arange(40) % 2)
    clean, noisy = (data.load("npz", 0.2, 0.2, 0.1, 1, path=path, pixel_noise=deviation)
                    for deviation in (0, 0.35))
    assert clean is data.load("npz", 0.2, 0.2, 0.1, 1, path=path)
    assert noisy.spec == clean.spec
    for name in ("labels", "clean_labels", "ids", "source_index"):
        np.testing.assert_array_equal(getattr(noisy, name), getattr(clean, name))
    for name, part in clean.positions.items():
        np.testing.assert_array_equal(noisy.positions[name], part)
        assert (noisy.images[part] != clean.images[part]).any((1, 2, 3)).all()
    fewer = data.load("npz", 0.2, 0.2, 0.1, 1, path=path, train_per_class=10, pixel_noise=0.35)
    np.testing.assert_array_equal(fewer.images, noisy.images[np.isin(noisy.ids, fewer.ids)])
    assert not noisy.images.flags.writeable


@pytest.mark.parametrize("value", [-0.1, 2.5, "0.35", float("nan")])
def test_a_deviation_out_of_range_is_refused(value):
    config = base.get_config().to_dict()
    config["data"]["pixel_noise"] = value
    with pytest.raises(InputError, match=r"config.data.pixel_noise: is .*; allowed: a number in "
                                         r"\[0, 2\]"):
        validate(config)
