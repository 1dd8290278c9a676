"""Why claims come out as they do: experiments in which one thing differs from the study of claims.

Each reason was stated after the claims had been decided, and before its own contrasts were run. Its
parts have other hyper-parameters, labels or sizes than those of `config.claims`, on the same
splits, the first REPLICATES of them, so that differences are paired. Their rows are those of claims
that came out against the papers.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from rum_jax.claims.cells import INTERACTION, SLOPE
from rum_jax.claims.contrast import EQUIVALENCE, LESS
from rum_jax.config import claims
from rum_jax.config.claims import BEST, ENTANGLEMENT, Methods
from rum_jax.rum.searched_rows import SETTLES
from rum_jax.unlearn import retrain

REPLICATES = 8      # at most
SALUN = "vanilla:salun"
LOW_LAST = "[order=mid-high-low]"


class Reason(NamedTuple):
    """An experiment.

    Attributes:
      of: parts of the study of claims that it is compared with.
      parts: its own parts.
      like: its parts that take the hyper-parameters of another one.
      contrasts: name -> contrast.
      fixed: its parts whose search does not choose some hyper-parameters.
    """

    of: tuple[str, ...]
    parts: dict[str, dict[str, Any]]
    like: dict[str, str]
    contrasts: dict[str, dict[str, Any]]
    fixed: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def study(c: ConfigDict, level_size: int, methods: Methods = claims.ALL) -> ConfigDict:
    """Turns the config of a data set into the study of all reasons.

    Arguments as for `claims.study`.
    """
    whole = claims.study(c, level_size, methods)
    whole.replicates = whole.replicates[:REPLICATES]
    of_claims = whole.parts.to_dict()
    reasons = [*_reasons(level_size, methods), _by_retraining(level_size, whole.train)]
    parts = {name: of_claims[name] for reason in reasons for name in reason.of}
    whole.parts = ConfigDict(parts | {
        name: part for reason in reasons for name, part in reason.parts.items()})
    whole.tuning.auto = ()
    whole.tuning.like = ConfigDict({
        name: other for name, other in whole.tuning.like.items() if name in parts} | {
        name: other for reason in reasons for name, other in reason.like.items()})
    whole.tuning.fixed = ConfigDict({
        name: names for reason in reasons for name, names in reason.fixed.items()})
    whole.contrasts = ConfigDict({
        name: contrast for reason in reasons for name, contrast in reason.contrasts.items()})
    return whole


def _reasons(level_size: int, methods: Methods) -> Iterator[Reason]:
    yield _other_labels(level_size, methods)
    yield _low_last(level_size, methods)
    yield _one_setting(level_size, methods)
    yield _own_search(level_size, methods)
    yield _smaller_sets(level_size, methods)
    yield _no_settling(level_size, methods)


def _other_labels(level_size: int, methods: Methods) -> Reason:
    """SalUn as released draws one of all labels, the true one included."""
    other = {"relabel": "other"}
    high = claims.part_fields("memorization:high", level_size, (SALUN,),
                       vanilla={"hparams": {"salun": other}})
    mix = claims.part_fields("memorization:mix", 3 * level_size, ("rum",),
                      rum={"hparams": {"salun": {"high": other}}})
    why = "SalUn's labels are too weak, as they may be the true ones"
    return Reason(("high", "mix"), {"high_other": high, "mix_other": mix}, {}, {
        "3 other labels, SalUn on high": claims.contrast_fields(
            why, "3", [f"high_other/{SALUN}"], [f"high/{SALUN}"]),
        "3 other labels, RUM": claims.contrast_fields(why, "3", ["mix_other/rum"], ["mix/rum"])})


def _low_last(level_size: int, methods: Methods) -> Reason:
    """What the last step damages no step mends: with `low`, which needs least, as the last one."""
    part = "mix_low_last"
    rows = {name: f"rum_f:{name}{LOW_LAST}" for name in methods.controlled}
    chain = claims.part_fields("memorization:mix", 3 * level_size, tuple(rows.values()))
    comparisons = (
        ("4", "Chains lose by damage of their last step: better with `low` last",
         "mix/rum_f:{}", {}),
        ("5", "Refining is better than random subsets: with `low` last",
         "shuffled/rum_f:{}[by=shuffled]", {}),
        ("6", "Of an order, only which subset is last matters",
         "descending/rum_f:{}[order=descending]", {"test": EQUIVALENCE}))
    return Reason(("mix", "shuffled", "descending"), {part: chain}, {}, {
        f"{family} low last, {name}": claims.contrast_fields(
            claim, family, [f"{part}/{rows[name]}"], [other.format(name)], **test)
        for family, claim, other, test in comparisons for name in rows})


def _one_setting(level_size: int, methods: Methods) -> Reason:
    """A search for each level finds steps so small that they change next to nothing of `low`."""
    rows = [f"vanilla:{name}" for name in methods.relabeling]
    parts = {f"{level}_as_mix": claims.part_fields(f"memorization:{level}", level_size, rows)
             for level in ("low", "high")}
    return Reason(("mix",), parts, dict.fromkeys(parts, "mix"), {
        f"7 one setting, {name}": claims.contrast_fields(
            "The more memorized, the easier to unlearn by relabeling: with one setting for all "
            "levels", "7", [f"high_as_mix/vanilla:{name}"], [f"low_as_mix/vanilla:{name}"])
        for name in methods.relabeling})


def _own_search(level_size: int, methods: Methods) -> Reason:
    """Hyper-parameters of `low` are no fit for a forget set that is apart from all other data."""
    names = methods.forgetting
    parts = {f"{name}_own": claims.entangled_fields(ratio, level_size, names)
             for name, ratio in ENTANGLEMENT.items()}
    return Reason(("low", *ENTANGLEMENT), parts, {}, {
        f"8 own search, {name}": claims.contrast_fields(
            "The more entangled, the harder, at matched memorization: with a search for each set",
            "8", [f"{part}/vanilla:{name}" for part in parts], measure=SLOPE, direction=LESS)
        for name in names})


def _by_retraining(level_size: int, train: ConfigDict) -> Reason:
    """What a step does to all examples hides whom it uncovers: exact unlearning does nothing else.

    Steps are retraining as oracles are retrained, which leaves nothing to search.
    """
    orders = {"mix": "rum_f:retrain", "descending": "rum_f:retrain[order=descending]"}
    exact = claims.part_fields("memorization:mix", 3 * level_size, tuple(orders.values()),
                               trace=True, rum_f={"hparams": {"retrain": dict.fromkeys(
                                   claims.LEVELS, retrain.hparams_of(train))}})
    return Reason(("mix",), {"exact": exact}, {"exact": "mix"}, {
        f"10 by retraining, {order}": claims.contrast_fields(
            "Unlearning one subset uncovers the others: by retraining", "10", [f"exact/{row}"],
            metrics=("uncovered_called_member",)) for order, row in orders.items()})


def _no_settling(level_size: int, methods: Methods) -> Reason:
    """A last epoch of low rate, which the released code has not, mends what unlearning damages."""
    constant = claims.part_fields("memorization:mix", 3 * level_size, _one_shot_and_rum(methods))
    return Reason(("mix",), {"mix_constant": constant}, {}, {
        "3 constant rates, RUM": claims.contrast_fields(
            "RUM is better than the best one-shot method: with constant rates", "3",
            ["mix_constant/rum"], [f"mix_constant/{BEST}"]),
        "3 settling": claims.contrast_fields(
            "The best one-shot method gains more from a last epoch of low rate than RUM",
            "3 settling", [f"mix_constant/{BEST}", f"mix/{BEST}"],
            ["mix_constant/rum", "mix/rum"], measure=INTERACTION)},
        {"mix_constant": (SETTLES,)})


def _smaller_sets(level_size: int, methods: Methods) -> Reason:
    """A small part of the training set is unlearned at once as well as in parts."""
    half = claims.part_fields("memorization:mix", 3 * (level_size // 2),
                              _one_shot_and_rum(methods))
    return Reason(("mix",), {"mix_half": half}, {}, {
        "3 smaller sets": claims.contrast_fields(
            "RUM gains more the smaller the forget set", "3 size",
            [f"mix/{BEST}", f"mix_half/{BEST}"], ["mix/rum", "mix_half/rum"],
            measure=INTERACTION, direction=LESS)})


def _one_shot_and_rum(methods: Methods) -> tuple[str, ...]:
    """The one-shot rows that are best on the mix by the search of the claims, and RUM."""
    return "vanilla:finetune", f"vanilla:{methods.forgetting[-1]}", "rum"
