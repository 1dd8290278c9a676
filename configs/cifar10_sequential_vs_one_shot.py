"""One-shot against sequential unlearning, in every order: CIFAR-10 with ResNet-18.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_sequential_vs_one_shot.py \
        --workdir=runs/cifar10_sequential_vs_one_shot

The same algorithms and the same number of epochs: the whole forget set at once; low, mid and
high memorization one after another in all six orders; random subsets; and each subset from the
original model, changes added up. What every step does to the other subsets is reported too.
And request after request: three of them, each chosen by the models as they are by then.
Sizes are those of the papers: a forget set of 3,000, three seeds. It has not been run on an
accelerator yet.
Memorization is estimated from 400 models first, or read with `--config.memorization.scores`.

    --config=configs/cifar10_sequential_vs_one_shot.py:smoke    the same with a
        narrow model and few images
"""

from rum_jax.config import images, studies

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.get_config("tfds:cifar10", "resnet18")
    if variant == "smoke":
        c = images.smoke(c, (4, 8, 8, 8), 90, 30)
    return studies.sequential_vs_one_shot(c, epochs=1 if variant == "smoke" else 4)
