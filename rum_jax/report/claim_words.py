"""Claims in words: every word of a verdict is that of its test."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rum_jax.claims.cells import INTERACTION, SLOPE, name_order
from rum_jax.claims.contrast import EQUIVALENCE, LESS, NON_INFERIORITY
from rum_jax.claims.power import POWER
from rum_jax.claims.verdict import EQUIVALENT, REFUTED, SUPPORTED, UNDECIDED
from rum_jax.report.comparisons import METRICS
from rum_jax.report.words import joined

Claim = Mapping[str, Any]   # an element of `claims`, see replicates.schema.json

WORDS = (SUPPORTED, REFUTED, EQUIVALENT, UNDECIDED)
_MORE_METRICS = {"uncovered_called_member": "members called on the other subsets"}


def ordered(claims: Sequence[Claim]) -> list[Claim]:
    """By name, numbers by their size, as a ConfigDict does not keep the order of its fields.

    Metrics of a contrast stay in the order that it has given.
    """
    return sorted(claims, key=lambda claim: name_order(full_title(claim)))


def metric_name(metric: str) -> str:
    """A metric as people write it."""
    return METRICS.get(metric) or _MORE_METRICS.get(metric) or metric.replace("_", " ")


def full_title(claim: Claim) -> str:
    """The name of a contrast as the config has it, without its metric."""
    return claim["name"].removesuffix(f", {claim['metric']}")


def title(claim: Claim) -> str:
    """The name of a contrast without its metric and the number of its family."""
    number, _, rest = full_title(claim).partition(" ")
    return rest if rest and number == claim["family"].partition(" ")[0] else full_title(claim)


def families(claims: Sequence[Claim]) -> dict[str, str]:
    """Family -> its name and claims, as a heading."""
    return {family: f"{family}. " + "; ".join(dict.fromkeys(
        claim["claim"] for claim in claims if claim["family"] == family))
        for family in dict.fromkeys(claim["family"] for claim in claims)}


def by_claim(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    """Text of each claim -> its contrasts, in order."""
    groups: dict[str, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim["claim"], []).append(claim)
    return groups


def counted(claims: Sequence[Claim]) -> str:
    """How many contrasts have each verdict, in a sentence."""
    counts = Counter(claim["word"] for claim in claims)
    return (f"{len(claims)} contrast{'s' if len(claims) > 1 else ''}: "
            f"{', '.join(f'{counts[word]} {word}' for word in WORDS)}.")


ALL_SCORES = "Where no score is named, the verdict is the same by all scores of the contrast."


def answers(claims: Sequence[Claim]) -> list[tuple[str, str]]:
    """(claim, first words of the verdicts on its contrasts) for each claim.

    For example ("RUM is better than ...", "Auto-RUM: refuted (stratified ToW), supported
    (stratified ToW-MIA); RUM: refuted."); scores are named where verdicts differ by score.
    """
    return [(text, _verdicts(contrasts)) for text, contrasts in by_claim(claims).items()]


def _verdicts(contrasts: Sequence[Claim]) -> str:
    words: dict[str, dict[str, list[str]]] = {}
    for claim in contrasts:
        words.setdefault(title(claim), {}).setdefault(claim["word"], []).append(
            metric_name(claim["metric"]))
    texts = {name: ", ".join(f"{word} ({', '.join(metrics)})" if len(of_name) > 1 else word
                             for word, metrics in of_name.items())
             for name, of_name in words.items()}
    return "; ".join(f"{name}: {text}" if len(texts) > 1 else text
                     for name, text in texts.items()) + "."


def scope(about: Mapping[str, Any]) -> str:
    """What intervals are over, and how hyper-parameters were chosen, in sentences."""
    count, seeds = len(about["replicates"]), about["model_seeds"]
    averaged = f"; the {seeds} model seeds of a replicate are averaged" if seeds > 1 else ""
    text = (f"Intervals are 95% t-intervals over {count} replicates, each with its own split of "
            f"one pool of images, forget sets and models{averaged}. ")
    if about["same_test_examples"]:
        text += ("Test images are the same in all of them, so that intervals are conditional on "
                 "these. ")
    searched = len(about["search_replicates"])
    if not searched:
        return text + "Hyper-parameters are those of the config: none was searched."
    text += (f"Hyper-parameters were searched on {searched} other splits of the same pool, with "
             "other seeds: the splits differ, but their images overlap with those of the "
             "replicates.")
    given = about.get("searches_given")
    if not given:
        return text
    files = ", ".join(f"{digest[:12]}..." for digest in dict.fromkeys(given.values()))
    return (f"{text} Searches for {joined(list(given))} were not done again, but taken from a "
            f"finished study (SHA-256 of its results.json: {files}).")


def compared(claim: Claim) -> str:
    """What is compared with what: cells `part/row`."""
    first, second = claim["first"], claim["second"]
    if claim["measure"] == SLOPE:
        return f"slope of {joined(first)} on the log of entanglement"
    if claim["measure"] == INTERACTION:
        return " - ".join(f"({side[-1]} - {side[0]})" for side in (first, second))
    sides = [side[0] if len(side) == 1 else joined(side, "mean of (", ")")
             for side in (first, second) if side]
    return " - ".join(sides)


def tested(claim: Claim) -> str:
    """The test, and the effects that it is to show."""
    margin, less = claim["margin"], claim["direction"] == LESS
    if claim["test"] == EQUIVALENCE:
        return f"{claim['test']}, within ±{margin:g}"
    if claim["test"] == NON_INFERIORITY:
        return f"{claim['test']}, {f'below +{margin:g}' if less else f'above -{margin:g}'}"
    return f"{claim['test']}, {'below' if less else 'above'} 0; margin {margin:g}"


def effect(claim: Claim) -> str:
    """`+0.031 [+0.010, +0.052]`: mean and 95% interval."""
    return f"{claim['mean']:+.3f} {bracketed(claim['interval'])}"


def bracketed(ends: Sequence[float] | None) -> str:
    """Both ends of an interval."""
    return "[n/a]" if ends is None else f"[{ends[0]:+.3f}, {ends[1]:+.3f}]"


def p_value(p: float | None) -> str:
    """p with three decimals."""
    return "n/a" if p is None else "<0.001" if p < 0.0005 else f"{p:.3f}"


def needed(power: Mapping[str, Any]) -> str:
    """Replicates for a power of 80%, as people write them."""
    return "over a million" if power["needed"] is None else f"{power['needed']:,}"


def powered(claims: Sequence[Claim]) -> str:
    """How many contrasts have a power of 80%, and what the others lack, in sentences."""
    varying = [claim for claim in claims if claim["power"] is not None]
    weak = [claim for claim in varying if claim["power"]["power"] < POWER]
    text = (f"A power of 80% for its margin was attained for {len(varying) - len(weak)} of "
            f"{len(varying)} contrasts.")
    if not weak:
        return text
    most = needed(max((claim["power"] for claim in weak),
                      key=lambda power: power["needed"] or math.inf))
    text += (f" Effects of the others have standard deviations over replicates of "
             f"{_range([claim['sd'] for claim in weak])}")
    seeds = [claim["sd_seeds"] for claim in weak if claim["sd_seeds"] is not None]
    text += f", those from model seeds alone would be {_range(seeds)}" if seeds else ""
    return f"{text}. The one that needs most needs {most} replicates for that power."


def _range(values: Sequence[float]) -> str:
    low, high = (f"{end:.3f}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def calibrated(calibration: Mapping[str, Any] | None) -> list[str]:
    """How often the tests err in simulated studies, in sentences; none without a simulation."""
    if calibration is None:
        return []
    null, planted = calibration["null"], calibration["planted"]
    errors = "; ".join(f"{family}: {count}" for family, count in null["errors"].items())
    found = planted["found"]
    shares = [count / planted["studies"] for count in found.values()]
    rare = [name for name, share in zip(found, shares, strict=True) if share < 0.8]
    return [
        f"In {null['studies']} studies simulated from the measured values without any effect, the "
        "number in which a contrast of a family was called supported or refuted is "
        f"{errors} (an error rate of 5% gives at most {null['most']} with a probability of 95%).",
        f"In {planted['studies']} such studies with an effect of {planted['effect']:g} in every "
        f"contrast, the share in which it was supported is at least 80% for "
        f"{len(found) - len(rare)} of {len(found)} contrasts; the smallest share is "
        f"{min(shares):.0%}"
        + (f" ({', '.join(rare[:3])}{' and others' if len(rare) > 3 else ''})." if rare else ".")]
