"""The RUM papers' study on Tiny-ImageNet with ResNet-18 or VGG-16: a forget set of 3,000.

    python -m rum_jax.main --config=configs/tiny_imagenet_rum.py \\
        --config.data.path=tiny-imagenet-200 --workdir=runs/tiny_imagenet

The path is the unpacked folder in its original layout (train/, val/, wnids.txt). The official
validation images are cut in halves: the validation and the test set. The study trains 400
memorization models first; with `--config.memorization.scores=scores.npz` it takes scores that are
known already. Neither its time nor its numbers on an accelerator have been measured yet.

    --config=configs/tiny_imagenet_rum.py:vgg16    with VGG-16
    --config=configs/tiny_imagenet_rum.py:smoke    the same pipeline, a narrow VGG and few images:
                                                   about three minutes on 2 CPU cores
"""

from rum_jax.config import base, images, variants

VARIANTS = ("resnet18", "vgg16", "smoke")


def get_config(variant="resnet18"):
    """The config."""
    variants.check(variant, VARIANTS)
    c = images.get_config("tiny_imagenet", "resnet18" if variant == "resnet18" else "vgg16")
    base.set_fields(c, {"data.path": "tiny-imagenet-200", "data.validation_fraction": 0.0})
    return images.smoke(c) if variant == "smoke" else c
