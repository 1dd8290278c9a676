"""What makes unlearning hard: four studies, each a change to the config of a RUM study."""

from collections.abc import Sequence

from ml_collections import ConfigDict

from rum_jax.config import base, shipped, variants
from rum_jax.config.variants import SMOKE, Variant
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.proxies import PROXIES
from rum_jax.refine import SUBSETS

# Data sets of every study, and those of them with a small version.
DATA, SMALL = ("digits", "cifar10_small", "cifar10", "cifar100"), ("cifar10", "cifar100")
VARIANTS = variants.known(DATA, SMALL)
# Training seeds that are not those of the RUM study on the same data.
SEEDS = {"digits": tuple(range(8)), "cifar10_small": (1, 2, 3)}
# What the study of orders compares: one at a time costs as much as three thirds.
CHAINED = ("finetune", "neggrad_plus", "salun")
# Relearn time and the attacks on other features take longer than the unlearning itself.
METRICS = {"relearn.epochs": 0, "metrics": ("forget_agreement", "test_agreement", "forget_kl",
                                            "test_kl")}
REQUESTS = 3  # of a stream
ORDERS = ("low-mid-high", "low-high-mid", "mid-low-high", "mid-high-low", "high-low-mid",
          "high-mid-low")


def read(variant: str) -> Variant:
    """The variant of a study's config; InputError: there is no such variant."""
    return variants.read(variant, DATA, SMALL)


def rum_study(variant: Variant) -> ConfigDict:
    """The RUM study on a data set, from which a study starts.

    Args:
      variant: whose data set NAME has a shipped config NAME_rum, and its small version, if that
        is asked for, a variant of it.
    """
    c = shipped.get_config(f"{variant.data}_rum", *([SMOKE] if variant.smoke else []))
    c.seeds = SEEDS.get(variant.data, c.seeds)
    return c


def entanglement(c: ConfigDict) -> ConfigDict:
    """Every algorithm on forget sets that are less and more entangled with the retain set."""
    base.set_fields(c, {**METRICS, "rows": base.VANILLA, "forget.sets": tuple(
        f"entanglement:{level}" for level in SUBSETS)})
    return c


def memorization_levels(c: ConfigDict, score: str = MEMORIZATION) -> ConfigDict:
    """Every algorithm on forget sets that are less and more strongly memorized, by some score."""
    base.set_fields(c, {**METRICS, "rows": base.VANILLA, "forget.sets": tuple(
        f"{score}:{level}" for level in SUBSETS)})
    return c


def proxies(c: ConfigDict) -> ConfigDict:
    """RUM on one forget set, refined by memorization, by each proxy of it, and at random."""
    base.set_fields(c, {
        **METRICS, "proxies.compared": tuple(PROXIES),
        "rows": ("rum", *(f"rum[by={name}]" for name in PROXIES), "rum[by=entanglement]",
                 "rum[by=memorization*entanglement]", "rum_shuffled")})
    return c


def sequential_vs_one_shot(c: ConfigDict, epochs: int, algorithms: Sequence[str] = CHAINED,
                           requested: str = "heldout_retrain") -> ConfigDict:
    """One-shot against sequential unlearning with the same algorithms and number of epochs.

    The forget set is unlearned at once, and subset after subset in every order. A stream of
    REQUESTS requests is unlearned with each algorithm, each request at once and by subsets.

    Args:
      c: config whose hyper-parameters for the whole forget set are also used for every subset.
      epochs: of each of three steps; the whole forget set gets three times as many.
      algorithms: those to compare.
      requested: score of which each request has low, mid and high examples. A proxy that is
        computed on the current models chooses other examples for each row, which then needs
        oracles of its own.
    """
    for name in algorithms:
        c.vanilla.hparams[name].epochs = len(SUBSETS) * epochs
        for subset in SUBSETS:
            c.rum_f.hparams[name][subset] = ConfigDict(
                {**c.vanilla.hparams[name].to_dict(), "epochs": epochs})
    base.set_fields(c, {**METRICS, "trace": True, "rows": tuple(
        row for name in algorithms for row in (
            f"vanilla:{name}", *(f"rum_f:{name}[order={order}]" for order in ORDERS),
            f"rum_f:{name}[by=shuffled]", f"rum_f:{name}[steps=merged]"))})
    base.set_fields(c, {
        "stream.requests": REQUESTS * (f"{requested}:mix",), "stream.size": c.forget.size,
        "stream.rows": tuple(row for name in algorithms for row in (
            f"vanilla:{name}", f"rum_f:{name}[by={requested}]"))})
    return c
