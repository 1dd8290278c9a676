"""Memorization of scikit-learn's digits: a campaign of 256 small models, minutes on a CPU.

    python -m rum_jax.main --config=configs/digits_memorization.py --workdir=runs/digits_mem

Any number of such commands may share the workdir, and `--config.campaign.models=1024` adds to
what is there. The result is memorization.npz and report.html in the workdir. Data and training
are those of `configs/digits_rum.py`, which takes the scores with
`--config.memorization.scores=runs/digits_mem/memorization.npz`.
"""

from rum_jax.config import base, images

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = base.get_config()
    base.set_fields(c, {"campaign.alone": True, "campaign.models": 256})
    return c
