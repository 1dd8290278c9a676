"""One-shot against sequential unlearning: five classes of CIFAR-10, for a small machine.

    TFDS_DATA_DIR=... python -m rum_jax.main \
        --config=configs/cifar10_small_sequential_vs_one_shot.py \
        --workdir=runs/cifar10_small_sequential_vs_one_shot

The same algorithms and the same number of epochs: the whole forget set at once; low, mid and
high memorization one after another in all six orders; random subsets; and each subset from the
original model, changes added up. What every step does to the other subsets is reported too.
And request after request: three of them, each chosen by the models as they are by then.
"""

from rum_jax.config import cifar10_small, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = cifar10_small.get_config()
    c.seeds = cifar10_small.STUDY_SEEDS
    return studies.sequential_vs_one_shot(c, epochs=2)
