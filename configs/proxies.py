"""Cheap proxies of memorization, and RUM refined by each.

Confidence, maximal confidence, entropy and accuracy while the originals are trained, held-out
retraining and the curvature of the loss, beside memorization: rank correlation, cost, overlap of
strata, detection of injected label noise, and ToW of RUM (arXiv 2410.16516). The data set is the
variant:

    python -m rum_jax.main --config=configs/proxies.py:digits --workdir=runs/digits_proxies
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/proxies.py:cifar10 \\
        --workdir=runs/cifar10_proxies

    :digits           scikit-learn's digits; took 1351 s on 2 CPU cores
    :cifar10_small    five classes of CIFAR-10, for a small machine
    :cifar10          CIFAR-10 with ResNet-18
    :cifar100         CIFAR-100 with ResNet-50
    :cifar10,smoke    CIFAR-10 with a narrow model and few images
    :cifar100,smoke   CIFAR-100 with a narrow model and few images

What the first two gave is in docs/studies.md. Sizes of the next two are those of the papers: a
forget set of 3,000, three seeds. They have not been run on an accelerator yet. Memorization is
estimated first, from 400 models on CIFAR-10 and CIFAR-100, or read with
`--config.memorization.scores`.
"""

from rum_jax.config import studies

VARIANTS = studies.VARIANTS


def get_config(variant=""):
    """The config."""
    return studies.proxies(studies.rum_study(studies.read(variant)))
