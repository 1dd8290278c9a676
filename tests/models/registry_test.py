import jax
import jax.numpy as jnp
import pytest

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec


def spec(classes):
    return ImageSpec((32, 32, 3), classes, 255.0, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def vgg_formula(blocks, classes):
    """Convolutions without bias, as many BatchNorms, linear 2048-256-256-classes."""
    total, before = 0, 3
    for width, count in zip((64, 128, 256, 512, 512), blocks, strict=True):
        for _ in range(count):
            total, before = total + 9 * before * width + 2 * width, width
    return total + 2048 * 256 + 256 + 256 * 256 + 256 + 256 * classes + classes


@pytest.mark.parametrize("name, classes, parameters", [
    ("resnet18", 10, 11_173_962), ("resnet18", 20, 11_179_092), ("resnet34", 10, 21_282_122),
    ("resnet50", 100, 23_705_252), ("vgg11", 10, vgg_formula((1, 1, 2, 2, 2), 10)),
    ("vgg16", 10, 15_311_818), ("vgg16", 100, vgg_formula((2, 2, 3, 3, 3), 100))])
def test_published_sizes(name, classes, parameters):
    """ResNets and VGG-16 with 10 classes as counted by PyTorch."""
    model = models.build(name, spec(classes), (), (), "native")
    assert models.parameter_count(model) == parameters


@pytest.mark.parametrize("name, features", [("resnet18", 512), ("resnet50", 2048),
                                            ("vgg11", 2048)])
def test_feature_sizes(name, features):
    model = models.build(name, spec(10), (), (), "native")
    pixels = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
    out, _ = jax.eval_shape(lambda p, s, x: model.apply(p, s, x, jnp.ones(2, bool), False),
                            *jax.eval_shape(model.init, jax.random.key(0)), pixels)
    assert out.features.shape == (2, features) and out.logits.shape == (2, 10)


def test_given_fields_override_published_ones():
    assert models.shape_of("resnet18", (), ()) == ((64, 128, 256, 512), (2, 2, 2, 2))
    assert models.shape_of("resnet18", [4, 8, 8, 8], ()) == ((4, 8, 8, 8), (2, 2, 2, 2))
    assert models.shape_of("vgg", (4,), (2,)) == ((4,), (2,))
    small = models.build("resnet34", spec(10), (4, 4, 4, 4), (1, 1, 1, 1), "native").network.module
    assert small.widths == (4, 4, 4, 4) and small.blocks == (1, 1, 1, 1)


@pytest.mark.parametrize("name", ["resnet", "resnet_bottleneck", "vgg"])
def test_without_published_sizes_they_must_be_given(name):
    with pytest.raises(InputError, match=rf"config.model.blocks: is \(\); allowed for {name}:"):
        models.build(name, spec(10), (4,), (), "native")
    with pytest.raises(InputError, match=r"config.model.widths: is \(\)"):
        models.shape_of(name, (), (1,))


def test_most_stages():
    for name in ("vgg", "vgg11", "vgg16"):
        assert models.most_stages(name, 32) == 6 and models.most_stages(name, 8) == 4
    for name in ("resnet", "resnet50", "resnet_bottleneck"):
        assert models.most_stages(name, 8) == 32


def test_an_unknown_name_is_an_error():
    with pytest.raises(KeyError):
        models.build("alexnet", spec(10), (4,), (1,), "native")
