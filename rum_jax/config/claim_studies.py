"""The studies of claims on each data set: data, replicates, and the search before them."""

from ml_collections import ConfigDict

from rum_jax.config import base, claim_reasons, shipped, variants
from rum_jax.config import claims as of_claims
from rum_jax.config.variants import Variant

VARIANTS = variants.known(of_claims.DATA, of_claims.DATA)
SEARCHED = (100, 101, 102, 103)     # data seeds of the search
REPLICATES = {"digits": 16, "cifar10_small": 8, "cifar10": 6, "cifar100": 6}
LEVEL_SIZE = {"digits": 80, "cifar10_small": 50, "cifar10": 1000, "cifar100": 1000}
SMOKE = {
    "replicates": (0, 1, 2), "seeds": (0, 1), "tuning.replicates": (100, 101),
    "tuning.budget": 2, "train.epochs": 8, "memorization.epochs": 8, "campaign.models": 16,
}


def read(variant: str) -> Variant:
    """The variant of a config of claims; InputError: there is no such variant."""
    return variants.read(variant, of_claims.DATA, of_claims.DATA)


def claims(variant: Variant) -> ConfigDict:
    """The study of all claims."""
    return of_claims.study(_data_set(variant), _level_size(variant), _methods(variant))


def reasons(variant: Variant) -> ConfigDict:
    """The experiments on why claims come out as they do."""
    return claim_reasons.study(_data_set(variant), _level_size(variant), _methods(variant))


def auto_rum(variant: Variant) -> ConfigDict:
    """The search for Auto-RUM and its test."""
    return of_claims.auto_rum(_data_set(variant), _level_size(variant), _methods(variant))


def _methods(variant: Variant) -> of_claims.Methods:
    if variant.smoke:
        return of_claims.FEW
    return of_claims.FEWER if variant.data == "cifar10_small" else of_claims.ALL


def _level_size(variant: Variant) -> int:
    return 8 if variant.smoke else LEVEL_SIZE[variant.data]


def _data_set(variant: Variant) -> ConfigDict:
    c = _MADE[variant.data](variant.smoke)
    c.replicates = tuple(range(REPLICATES[variant.data]))
    c.data.label_noise_fraction = 0.0
    if variant.smoke:
        base.set_fields(c, SMOKE)
    return c


def _digits(smoke: bool) -> ConfigDict:
    """Noise in the pixels makes a tenth of the digits strongly memorized, without wrong labels."""
    c = base.get_config()
    base.set_fields(c, {"data.pixel_noise": 0.35, "tuning.replicates": SEARCHED})
    if smoke:
        base.set_fields(c, {"data.train_per_class": 80, "model.widths": (4, 8)})
    return c


def _cifar10_small(smoke: bool) -> ConfigDict:
    """For 2 CPU cores: all of it is smaller than in cifar10_small_rum.

    200 training images of each of five classes, drawn anew for each replicate from 500.
    """
    c = shipped.get_config("cifar10_small_rum")
    base.set_fields(c, {
        "data.train_per_class": 500, "data.validation_fraction": 0.6, "train.epochs": 12,
        "memorization.epochs": 12, "campaign.models": 32, "seeds": (0, 1), "tuning.seeds": (0,),
        "tuning.replicates": SEARCHED[:2], "tuning.budget": 4})
    if smoke:
        base.set_fields(c, {"data.train_per_class": 80, "data.test_per_class": 20,
                            "model.widths": (4, 8), "model.blocks": (1, 1)})
    return c


def _images(name: str, smoke: bool) -> ConfigDict:
    c = shipped.get_config(f"{name}_rum", "smoke" if smoke else "full")
    base.set_fields(c, {"seeds": (0, 1), "tuning.replicates": SEARCHED})
    return c


_MADE = {"digits": _digits, "cifar10_small": _cifar10_small,
         "cifar10": lambda smoke: _images("cifar10", smoke),
         "cifar100": lambda smoke: _images("cifar100", smoke)}
