import numpy as np
import pytest

from data.small_files import picture, png
from rum_jax.core.errors import InputError
from rum_jax.data import decoding


def items(*images):
    return [(f"image {i}", png(image)) for i, image in enumerate(images)]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_order_is_kept_over_chunks(monkeypatch, channels):
    monkeypatch.setattr(decoding, "_CHUNK", 3)
    images = [picture(i, (2, 3, channels)) for i in range(8)]
    pixels = decoding.decode("t", iter(items(*images)), 8, None)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.stack(images))


def test_channels_are_converted():
    gray = picture(0, (2, 3, 1))
    np.testing.assert_array_equal(decoding.decode("t", items(gray), 1, 3)[0], gray.repeat(3, 2))
    assert decoding.decode("t", items(picture(0)), 1, 1).shape == (1, 4, 5, 1)
    assert decoding.decode("t", items(picture(0)), 1, 4)[0, 0, 0, 3] == 255
    with pytest.raises(InputError, match="image 1: is 4x5x1, while image 0 is 4x5x3; allowed: one"):
        decoding.decode("t", items(picture(0), picture(0, (4, 5, 1))), 2, None)


def test_progress_is_shown_for_long_work_only(monkeypatch, capsys):
    monkeypatch.setattr(decoding, "_CHUNK", 1)
    decoding.decode("quick", items(picture(0), picture(1)), 2, 3)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(decoding, "PATIENCE_SECONDS", -1)
    decoding.decode("slow", items(picture(0), picture(1)), 2, 3)
    assert "slow" in (said := capsys.readouterr().err) and "100%" in said
