import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax.data.augment import AUGMENTATIONS, PAD, augment

IMAGES = np.random.default_rng(0).integers(1, 255, (40, 6, 5, 3), dtype=np.uint8)
WORDS = np.array([7, 9], np.uint32)


def augmented(name, index, words=WORDS):
    return np.asarray(jax.jit(augment, static_argnums=0)(name, IMAGES[index], words, index))


def windows(image, flip):
    """Every crop of the zero-padded image."""
    height, width, _ = image.shape
    padded = np.pad(image, ((PAD, PAD), (PAD, PAD), (0, 0)))
    padded = padded[:, ::-1] if flip else padded
    return {padded[i:i + height, j:j + width].tobytes()
            for i in range(2 * PAD + 1) for j in range(2 * PAD + 1)}


def test_every_image_becomes_one_of_its_own_crops():
    index = np.arange(40)
    for name, flips in (("crop", (False,)), ("crop_and_flip", (False, True))):
        for image, crop in zip(IMAGES, augmented(name, index), strict=True):
            assert any(crop.tobytes() in windows(image, flip) for flip in flips)


def test_all_places_and_both_directions_occur():
    many = np.zeros(4000, np.int32)
    marked = np.zeros((1, 9, 9, 1), np.uint8)
    marked[0, 4, 4] = 1
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(0), jnp.arange(len(many)))
    crops = np.asarray(jax.vmap(AUGMENTATIONS["crop"])(np.repeat(marked, len(many), 0), keys))
    counts = crops[..., 0].sum(0, dtype=int)
    assert counts.sum() == len(many) and counts.min() > 20 and counts.max() < 90
    marked = np.zeros((1, 9, 20, 1), np.uint8)
    marked[0, :, 0] = 1
    wide = np.asarray(jax.vmap(AUGMENTATIONS["crop_and_flip"])(
        np.repeat(marked, len(many), 0), keys))
    left, right = wide[..., :10, 0].any((1, 2)), wide[..., 10:, 0].any((1, 2))
    assert 0.4 < right[left | right].mean() < 0.6


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_what_an_example_gets_depends_on_key_and_example_alone(name):
    whole = augmented(name, np.arange(40))
    order = np.random.default_rng(1).permutation(40)[:17]
    np.testing.assert_array_equal(augmented(name, order), whole[order])
    assert (augmented(name, np.arange(40), WORDS + 1) != whole).any()
