"""Memorization of a data set: a campaign of models on random 70% subsets, and nothing else.

The estimate of Feldman and Zhang (arXiv 2008.03703): 256 models of the digits, minutes on a CPU;
400 of the other data. The data set is the variant:

    python -m rum_jax.main --config=configs/memorization.py:digits --workdir=runs/digits_mem
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/memorization.py:cifar10 \\
        --workdir=runs/cifar10_mem
    python -m rum_jax.main --config=configs/memorization.py:tiny_imagenet \\
        --config.data.path=tiny-imagenet-200 --workdir=runs/tiny_imagenet_mem

    :digits                scikit-learn's digits
    :cifar10               CIFAR-10 with ResNet-18
    :cifar100              CIFAR-100 with ResNet-50
    :tiny_imagenet         Tiny-ImageNet with ResNet-18
    :cifar10,smoke         CIFAR-10, eight narrow models, few images
    :cifar100,smoke        CIFAR-100, eight narrow models, few images
    :tiny_imagenet,smoke   Tiny-ImageNet, eight narrow models, few images

Any number of such commands may share the workdir, and `--config.campaign.models=1024` adds to
existing output; `--config.campaign.plan=true` first says what it would take. The result is
memorization.npz and report.html in the workdir. Data and training of `:digits` are those of
`configs/digits_rum.py`, which takes the scores with
`--config.memorization.scores=runs/digits_mem/memorization.npz`.

TFDS' cifar10 and cifar100 must have been prepared; the message says how where they were not. The
path of Tiny-ImageNet is the unpacked folder in its original layout. All published training
examples get a score, so that any study can take them, whatever it sets aside for validation. How
long the last three data sets take on an accelerator has not been measured yet.
"""

from rum_jax.config import base, images, variants

DATA = ("digits", "cifar10", "cifar100", "tiny_imagenet")
SMOKE = ("cifar10", "cifar100", "tiny_imagenet")
VARIANTS = variants.known(DATA, SMOKE)
SOURCES = {"cifar10": ("tfds:cifar10", "resnet18"), "cifar100": ("tfds:cifar100", "resnet50"),
           "tiny_imagenet": ("tiny_imagenet", "resnet18")}


def get_config(variant=""):
    """The config."""
    chosen = variants.read(variant, DATA, SMOKE)
    if chosen.data == "digits":
        c = base.get_config()
        base.set_fields(c, {"campaign.alone": True, "campaign.models": 256})
        return c
    c = images.campaign(*SOURCES[chosen.data])
    if chosen.data == "tiny_imagenet":
        c.data.path = "tiny-imagenet-200"
    return images.smoke(c) if chosen.smoke else c
