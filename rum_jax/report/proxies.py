"""Proxies beside memorization: how they rank, what they cost, and RUM refined by each."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import spearmanr

from rum_jax.errors import InputError
from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.forget.by_score import select
from rum_jax.forget.known import MEMORIZATION
from rum_jax.refine import SHUFFLED
from rum_jax.refine.contract import SUBSETS
from rum_jax.report import section_dots
from rum_jax.report.words import certain, interval, joined, verdict
from rum_jax.rows import RUM, parse
from rum_jax.stages.merge import planted_noise_auroc

TITLE = "Proxies of memorization"


def assemble(scores: Mapping[str, np.ndarray], memorization: np.ndarray | None,
             planted: np.ndarray, costs: Mapping[str, dict], retrain_gradients: int,
             campaign_gradients: int, campaign_seconds: float | None, rows: Sequence[dict],
             size: int) -> dict | None:
    """What was found, as JSON values; None where no proxies were compared.

    Args:
      scores: proxy -> float[S,n], of the training set; the higher, the more memorized.
      memorization: float[n], NaN where it is not known; None: not at all.
      planted: bool[n], whether the label was planted.
      costs: proxy -> `seconds` and `example_gradients` of one model, and maybe a `caution`.
      retrain_gradients: example gradients of retraining one model.
      campaign_gradients: of all memorization models together.
      campaign_seconds: of all of them; None where they were not trained here.
      rows: of one forget set, see `results.assemble`.
      size: of the strata whose overlap is looked at.
    """
    if not scores:
        return None
    known = {name: np.asarray(values) for name, values in scores.items()}
    of_rows = _by_refinement(rows)
    made = []
    if memorization is not None:
        known = {MEMORIZATION: np.tile(memorization, (len(next(iter(known.values()))), 1)),
                 **known}
        costs = {MEMORIZATION: {"seconds": campaign_seconds,
                                "example_gradients": campaign_gradients}, **costs}
    for name, values in known.items():
        made.append({
            "proxy": name,
            "spearman": None if memorization is None or name == MEMORIZATION else summary(
                [_spearman(own, memorization) for own in values]),
            "planted_noise_auroc": _auroc(values, planted),
            "seconds": costs[name]["seconds"],
            "retrainings": costs[name]["example_gradients"] / retrain_gradients,
            "caution": costs[name].get("caution", ""),
            "overlap": {} if memorization is None else _overlaps(name, values, memorization, size),
            **_of_row(of_rows, name)})
    return {"proxies": made, "set": rows[0]["set"] if rows else None, "others": {
        name: row["metrics"]["tow"] for name, row in of_rows.items() if name not in known}}


def _by_refinement(rows: Sequence[dict]) -> dict[str, dict]:
    """Refinement -> the row of RUM by it; the row `rum` itself is by memorization."""
    made = {}
    for row in rows:
        parsed = parse(row["name"])
        if parsed.kind == RUM and set(parsed.options) <= {"by"}:
            made[parsed.options.get("by", MEMORIZATION)] = row
    return made


def _of_row(of_rows: Mapping[str, dict], name: str) -> dict:
    """ToW of RUM by that score, and how it differs from that by memorization and at random."""
    if name not in of_rows:
        return {"tow": None, "to_memorization": None, "to_shuffled": None}
    own = of_rows[name]["metrics"]["tow"]

    def against(other: str) -> dict | None:
        return None if other not in of_rows or other == name else paired_difference(
            own["per_seed"], of_rows[other]["metrics"]["tow"]["per_seed"])

    return {"tow": own, "to_memorization": against(MEMORIZATION),
            "to_shuffled": against(SHUFFLED)}


def _spearman(values: np.ndarray, memorization: np.ndarray) -> float:
    both = np.isfinite(values) & np.isfinite(memorization)
    return float(spearmanr(values[both], memorization[both]).statistic)


def _auroc(values: np.ndarray, planted: np.ndarray) -> dict | None:
    found = [planted_noise_auroc(own, planted) for own in values]
    return None if None in found else summary(found)


def _overlaps(name: str, values: np.ndarray, memorization: np.ndarray,
              size: int) -> dict[str, dict]:
    """Level -> share of its stratum that is in memorization's own, where there are both."""
    made = {}
    for level in SUBSETS if name != MEMORIZATION else ():
        try:
            expected = select(level, memorization, size)
            shares = [len(np.intersect1d(select(level, own, size, name), expected)) / size
                      for own in values]
        except InputError:
            continue
        made[level] = summary(shares)
    return made


def sentences(found: dict) -> list[str]:
    """What the numbers say."""
    own = [one for one in found["proxies"] if one["proxy"] != MEMORIZATION]
    cautions = [f"Of {one['proxy']}: {one['caution']}." for one in own if one["caution"]]
    return [*_ranking(own), *cautions, *_noise(found["proxies"]), *_cost(found["proxies"]),
            *_rum(found)]


def _ranking(own: list[dict]) -> list[str]:
    known = [one for one in own if one["spearman"]]
    if not known:
        return []
    ordered = sorted(known, key=lambda one: -one["spearman"]["mean"])
    return ["Rank correlation with memorization (Spearman): " + "; ".join(
        f"{one['proxy']} {interval(one['spearman'])}" for one in ordered) + "."]


def _noise(proxies: list[dict]) -> list[str]:
    known = [one for one in proxies if one["planted_noise_auroc"]]
    if not known:
        return []
    ordered = sorted(known, key=lambda one: -one["planted_noise_auroc"]["mean"])
    return ["Planted label noise is found with an AUROC of " + "; ".join(
        f"{interval(one['planted_noise_auroc'])} by {one['proxy']}" for one in ordered) + "."]


def _cost(proxies: list[dict]) -> list[str]:
    of = {one["proxy"]: one["retrainings"] for one in proxies}
    text = "; ".join(f"{name} {value:.3g}" for name, value in of.items())
    return [f"Cost in retrainings of one model, beyond its own training: {text}."]


def _rum(found: dict) -> list[str]:
    tested = [one for one in found["proxies"] if one["to_memorization"]]
    said = []
    if tested:
        groups = {word: [one["proxy"] for one in tested if verdict(one["to_memorization"]) == word]
                  for word in ("better", "worse", "not distinguishable")}
        better, worse = (joined(groups[word], " (", ")") for word in ("better", "worse"))
        said.append(f"On {found['set']}, ToW of RUM refined by a proxy, against RUM refined by "
                    "memorization, paired by seed at 95%: "
                    f"better for {len(groups['better'])} of {len(tested)}{better}, "
                    f"worse for {len(groups['worse'])}{worse}, "
                    f"not distinguishable for {len(groups['not distinguishable'])}.")
    control = [one for one in found["proxies"] if one["to_shuffled"]]
    if control:
        better = [one["proxy"] for one in control if verdict(one["to_shuffled"]) == "better"]
        said.append(f"Against random subsets, {len(better)} of {len(control)} scores make RUM "
                    f"better at 95%{joined(better, ' (', ')')}; the largest difference is "
                    + _largest(control) + ".")
    return said


def _largest(control: list[dict]) -> str:
    best = max(control, key=lambda one: abs(one["to_shuffled"]["mean"]))
    sure = "" if certain(best["to_shuffled"]) else ", not distinguishable from 0"
    return f"{best['proxy']}'s, {interval(best['to_shuffled'], sign=True)}{sure}"


def table(found: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): one line for each proxy, and for memorization."""
    header = ["score", "Spearman", "AUROC, planted noise", "seconds", "retrainings",
              *(f"overlap, {level}" for level in SUBSETS), "ToW of RUM", "to memorization",
              "to random"]
    return header, [[
        one["proxy"], *(_text(one[name]) for name in ("spearman", "planted_noise_auroc")),
        "-" if one["seconds"] is None else f"{one['seconds']:.2f}", f"{one['retrainings']:.3g}",
        *(_text(one["overlap"].get(level)) for level in SUBSETS), _text(one["tow"]),
        _text(one["to_memorization"], True), _text(one["to_shuffled"], True)]
        for one in found["proxies"]] + [
        [name, *["-"] * 7, _text(tow), "-", "-"] for name, tow in found["others"].items()]


def _text(value: dict | None, sign: bool = False) -> str:
    return interval(value, sign=sign) if value else "-"


def figures(found: dict) -> dict[str, bytes]:
    """Spearman, AUROC and ToW of each score."""
    drawn = section_dots.proxies(found["proxies"], found["others"], MEMORIZATION, SHUFFLED)
    return {"proxies.svg": drawn} if drawn else {}
