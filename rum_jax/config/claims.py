"""The claims of the RUM papers as parts and contrasts, stated before anything is run.

Levels of memorization have forget sets of their own (parts `low`, `mid`, `high`), the other parts
unlearn a mix of all three. Sources: arXiv 2406.01257 (RUM), 2410.16516 (proxies).
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from rum_jax.claims.cells import DIFFERENCE, INTERACTION, SLOPE
from rum_jax.claims.contrast import EQUIVALENCE, GREATER, LESS, NON_INFERIORITY, SUPERIORITY
from rum_jax.config import base
from rum_jax.proxies import PROXIES

MARGIN = 0.02
SCORES = ("tow_stratified", "tow_mia_stratified")
LEVELS = ("low", "mid", "high")
ENTANGLEMENT = {"apart": 0.03, "between": 0.2, "entangled": 1.0}  # ES in that of random sets
WEAKLY = "memorization<0.1"                 # whose entanglement sets are chosen among
DATA = ("digits", "cifar10_small", "cifar10", "cifar100")

BEST = "best(vanilla:*)"


class Methods(NamedTuple):
    """Which algorithms and proxies are compared.

    Attributes:
      forgetting: algorithms that raise the loss on the forget set.
      relabeling: algorithms that train on other labels of the forget set.
      chained: algorithms that RUM^F has for all subsets.
      controlled: those of them that unlearn random subsets, too.
      proxies: of memorization.
    """

    forgetting: tuple[str, ...] = ("neggrad_plus", "scrub")
    relabeling: tuple[str, ...] = ("random_label", "salun")
    chained: tuple[str, ...] = ("neggrad_plus", "salun", "scrub")
    controlled: tuple[str, ...] = ("neggrad_plus", "scrub")
    proxies: tuple[str, ...] = tuple(PROXIES)

    @property
    def one_shot(self) -> tuple[str, ...]:
        """Rows that unlearn the whole forget set at once."""
        return tuple(f"vanilla:{name}"
                     for name in ("finetune", *self.forgetting, *self.relabeling))


ALL = Methods()
FEWER = Methods(relabeling=("salun",), chained=("salun", "scrub"), controlled=("scrub",))
FEW = Methods(("neggrad_plus",), ("salun",), ("neggrad_plus",), ("neggrad_plus",),
              ("confidence",))


def study(c: ConfigDict, level_size: int, methods: Methods = ALL) -> ConfigDict:
    """Turns the config of a data set into the study of all claims.

    Args:
      c: data, model, training, replicates and search; is changed.
      level_size: examples in the forget set of each level; the mix has three times as many.
      methods: what is compared.
    """
    base.set_fields(c, {"metrics": (), "relearn.epochs": 0, "campaign.influence": "none"})
    c.parts = ConfigDict({**_level_parts(level_size, methods),
                          **_mix_parts(3 * level_size, methods),
                          **_entanglement_parts(level_size, methods)})
    c.tuning.auto = ("auto",)
    c.tuning.like = ConfigDict(dict.fromkeys(ENTANGLEMENT, "low"))
    c.contrasts = ConfigDict(dict(_contrasts(methods)))
    return c


def auto_rum(c: ConfigDict, level_size: int, methods: Methods = ALL) -> ConfigDict:
    """The search for Auto-RUM, and its comparison with the best one-shot row, alone.

    Levels of memorization are among the parts, as it begins with what is found for them.
    """
    whole = study(c, level_size, methods)
    parts = {name: whole.parts[name].to_dict() for name in (*LEVELS, "mix", "auto")}
    parts["mix"] |= {"rows": (*methods.one_shot, "rum"), "trace": False}
    whole.parts = ConfigDict(parts)
    whole.tuning.like = ConfigDict()
    whole.contrasts = ConfigDict({name: given for name, given in whole.contrasts.to_dict().items()
                                  if given["family"] == "3"})
    return whole


def part_fields(forget_set: str, size: int, rows: Sequence[str], **fields: Any) -> dict[str, Any]:
    """Fields of a part with one forget set, some rows, and others as `config.parts` has them."""
    return {"forget": {"sets": (forget_set,), "size": size}, "rows": tuple(rows), **fields}


def _level_parts(size: int, methods: Methods) -> dict[str, Any]:
    return {level: part_fields(f"memorization:{level}", size, ("vanilla:none", *methods.one_shot))
            for level in LEVELS}


def _mix_parts(size: int, methods: Methods) -> dict[str, Any]:
    by_proxy = [f"rum[by={name}]" for name in methods.proxies]
    chained = [f"rum_f:{name}" for name in methods.chained]

    def mix(rows: Sequence[str], **fields: Any) -> dict[str, Any]:
        return part_fields("memorization:mix", size, rows, **fields)

    return {
        "mix": mix([*methods.one_shot, *chained, "rum", *by_proxy], trace=True),
        "descending": mix([f"{row}[order=descending]" for row in chained], trace=True),
        "shuffled": mix(["rum_shuffled",
                         *(f"rum_f:{name}[by=shuffled]" for name in methods.controlled)]),
        "auto": mix(["rum"]),
    }


def _entanglement_parts(size: int, methods: Methods) -> dict[str, Any]:
    return {name: entangled_fields(ratio, size, (*methods.forgetting, "salun"))
            for name, ratio in ENTANGLEMENT.items()}


def entangled_fields(ratio: float, size: int, algorithms: Sequence[str]) -> dict[str, Any]:
    """The part with an entanglement score of so many times that of random sets."""
    return part_fields(f"entanglement_score_ratio:{ratio:g},{WEAKLY}", size,
                       [f"vanilla:{algorithm}" for algorithm in algorithms])


def contrast_fields(claim: str, family: str, first: Sequence[str], second: Sequence[str] = (), *,
                    measure: str = DIFFERENCE, metrics: Sequence[str] = SCORES,
                    test: str = SUPERIORITY, direction: str = GREATER,
                    only_if: str = "") -> dict[str, Any]:
    """A contrast as `config.contrasts` has it, see `replicates.contrasts`."""
    return {"claim": claim, "family": family, "first": tuple(first), "second": tuple(second),
            "measure": measure, "metrics": tuple(metrics), "test": test, "direction": direction,
            "margin": MARGIN, "only_if": only_if}


def _contrasts(methods: Methods) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, contrast) of all claims."""
    yield from _best_of_levels()
    yield "2 nothing for low", contrast_fields(
        "Doing nothing for weakly memorized examples is as good as retraining", "2",
        ["low/original"], ["low/retrain_again"], test=NON_INFERIORITY)
    for name, cell in (("3 RUM", "mix/rum"), ("3 Auto-RUM", "auto/rum")):
        yield name, contrast_fields("RUM is better than the best one-shot method", "3", [cell],
                              [f"mix/{BEST}"])
    yield from _chain_contrasts(methods)
    yield from _level_contrasts(methods)
    for name in (*methods.forgetting, "salun"):
        yield f"8 entanglement, {name}", contrast_fields(
            "The more entangled, the harder, at matched memorization", "8",
            [f"{part}/vanilla:{name}" for part in ENTANGLEMENT], measure=SLOPE, direction=LESS)
    for name in methods.proxies:
        yield f"9 {name}", contrast_fields("A proxy in RUM is as good as memorization", "9",
                                     [f"mix/rum[by={name}]"], ["mix/rum"], test=EQUIVALENCE)
    for part, option in (("mix", ""), ("descending", "[order=descending]")):
        yield f"10 uncovered, {part}", contrast_fields(
            "Unlearning one subset uncovers the others", "10",
            [f"{part}/rum_f:{name}{option}" for name in methods.controlled],
            metrics=("uncovered_called_member",))


def _best_of_levels() -> Iterator[tuple[str, dict[str, Any]]]:
    """Claim 1: the algorithms that searches found best for two levels change places."""
    for low, high in itertools.combinations(LEVELS, 2):
        own = {level: f"best(vanilla:*; {level})" for level in (low, high)}
        yield f"1 {low} and {high}", contrast_fields(
            "The best algorithm differs by level of memorization: interaction of level and "
            "algorithm", "1", [f"{level}/{own[high]}" for level in (low, high)],
            [f"{level}/{own[low]}" for level in (low, high)], measure=INTERACTION)
        for level, other in ((low, high), (high, low)):
            yield f"1 on {level}, best of {level} and of {other}", contrast_fields(
                "On a level its own best algorithm is better than that of another level",
                "1 own", [f"{level}/{own[level]}"], [f"{level}/{own[other]}"])


def _chain_contrasts(methods: Methods) -> Iterator[tuple[str, dict[str, Any]]]:
    """Claims 4 to 6: on the average over algorithms where there are several, and for each."""
    refined = "Refined unlearning is better than one-shot unlearning by the same algorithm"
    orders = "The order low, mid, high is better than high, mid, low"
    several = [("mean", methods.chained)] * (len(methods.chained) > 1)
    for title, names in (*several, *((name, (name,)) for name in methods.chained)):
        chains = [f"mix/rum_f:{name}" for name in names]
        yield f"4 refined, {title}", contrast_fields(refined, "4", chains,
                                               [f"mix/vanilla:{name}" for name in names])
        yield f"6 order, {title}", contrast_fields(
            orders, "6", chains, [f"descending/rum_f:{name}[order=descending]" for name in names])
    random_subsets = "Refining is better than random subsets"
    yield "5 RUM", contrast_fields(random_subsets, "5", ["mix/rum"], ["shuffled/rum_shuffled"])
    for name in methods.controlled:
        yield f"5 {name}", contrast_fields(random_subsets, "5", [f"mix/rum_f:{name}"],
                                     [f"shuffled/rum_f:{name}[by=shuffled]"])


def _level_contrasts(methods: Methods) -> Iterator[tuple[str, dict[str, Any]]]:
    """Claim 7: by itself, and beyond what changes for the original, of methods that forget."""
    harder = "The more memorized, the harder to unlearn"
    easier = "The more memorized, the easier to unlearn by relabeling"
    for names, claim, direction in ((methods.forgetting, harder, LESS),
                                    (methods.relabeling, easier, GREATER)):
        for name in names:
            levels = [f"{level}/vanilla:{name}" for level in ("low", "high")]
            forgets = f"7 {name} forgets"
            yield forgets, contrast_fields(
                "On strongly memorized examples it is better than doing nothing", "7 forgets",
                [levels[1]], ["high/original"])
            yield f"7 {name}", contrast_fields(claim, "7", [levels[1]], [levels[0]],
                                               direction=direction, only_if=forgets)
            yield f"7 {name} beyond the original", contrast_fields(
                f"{claim}: beyond the change of the original", "7 beyond", levels,
                ["low/original", "high/original"], measure=INTERACTION, direction=direction,
                only_if=forgets)
