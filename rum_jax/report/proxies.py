"""Proxies beside memorization: how they rank, what they cost, and RUM refined by each."""

from collections.abc import Mapping, Sequence

import numpy as np
import scipy

from rum_jax.campaign.merge import injected_noise_auroc
from rum_jax.evaluate.hypothesis_tests import (
    HIGHER,
    LOWER,
    MARGIN,
    NOT_SIGNIFICANT,
    Verdict,
    verdicts,
)
from rum_jax.evaluate.interval import SEEDS, estimates, paired_difference
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.refine import SHUFFLED
from rum_jax.refine.contract import SUBSETS
from rum_jax.report import section_dots
from rum_jax.report.comparisons import METRICS, primary_metric
from rum_jax.report.strata import overlaps
from rum_jax.report.words import COMPARED, by_word, interval, joined, of_family, outcomes
from rum_jax.rum.row_spec import RUM

TITLE = "Proxies of memorization"
AGAINST = {"to_memorization": "RUM refined by memorization", "to_shuffled": "RUM on random subsets"}
FORMS = ("tow", "tow_stratified")


def assemble(scores: Mapping[str, np.ndarray], memorization: np.ndarray | None,
             injected: np.ndarray, costs: Mapping[str, dict], retrain_gradients: int,
             campaign_gradients: int, campaign_seconds: float | None, rows: Sequence[dict],
             size: int) -> dict | None:
    """What was found, as JSON values; None where no proxies were compared.

    Args:
      scores: proxy -> float[S,n], of the training set; the higher, the more memorized.
      memorization: float[n], NaN where it is not known; None: not at all.
      injected: bool[n], whether the label is injected noise.
      costs: proxy -> `seconds` and `example_gradients` of one model, and maybe a `caution`.
      retrain_gradients: example gradients of retraining one model.
      campaign_gradients: of all memorization models together.
      campaign_seconds: of all of them; None where they were not trained here.
      rows: of one forget set, see `results.assemble`.
      size: of the strata whose overlap is looked at.
    """
    if not scores:
        return None
    of_rows, proxies = by_refinement(rows), []
    metric = primary_metric(rows) if rows else "tow"
    if memorization is not None:
        proxies.append({
            "proxy": MEMORIZATION, "spearman": None,
            "injected_noise_auroc": injected_noise_auroc(memorization, injected),
            "seconds": campaign_seconds, "retrainings": campaign_gradients / retrain_gradients,
            "caution": "", "overlap": {}, **_of_row(of_rows, MEMORIZATION, metric)})
    for name, values in scores.items():
        values = np.asarray(values)
        proxies.append({
            "proxy": name,
            "spearman": None if memorization is None else _spearman(values, memorization),
            "injected_noise_auroc": _auroc_over_seeds(values, injected),
            "seconds": costs[name]["seconds"],
            "retrainings": costs[name]["example_gradients"] / retrain_gradients,
            "caution": costs[name].get("caution", ""),
            "overlap": {} if memorization is None else overlaps(values, memorization, size),
            **_of_row(of_rows, name, metric)})
    compared = {proxy["proxy"] for proxy in proxies}
    return _tested({"proxies": proxies, "set": rows[0]["set"] if rows else None, "metric": metric,
                    "others": {name: _forms(row) for name, row in of_rows.items()
                               if name not in compared}})


def by_refinement(rows: Sequence[dict]) -> dict[str, dict]:
    """Refinement -> the row of RUM by it, of the rows that differ in nothing else.

    Where rows differ in subsets, order or steps, too, the most rows that agree in these are taken.
    """
    groups: dict[tuple, dict[str, dict]] = {}
    for row in rows:
        spec = row["spec"]
        if spec["kind"] == RUM:
            rest = (spec["subsets"], spec["order"], spec["steps"])
            groups.setdefault(rest, {})[spec["refinement"]] = row
    return max(groups.values(), key=len, default={})


def _forms(row: Mapping) -> dict[str, dict]:
    """Both forms of ToW of a row, those that it has."""
    return {name: row["metrics"][name] for name in FORMS if name in row["metrics"]}


def _of_row(of_rows: Mapping[str, dict], name: str, metric: str) -> dict:
    """ToW of RUM by that score, and how it differs from that by memorization and at random."""
    if name not in of_rows:
        return {"tow": None, "primary": None, "to_memorization": None, "to_shuffled": None}
    metrics = of_rows[name]["metrics"]

    def against(other: str) -> dict | None:
        return None if other not in of_rows or other == name else paired_difference(
            metrics[metric]["per_seed"], of_rows[other]["metrics"][metric]["per_seed"])

    return {**_forms(of_rows[name]), "primary": metrics[metric],
            "to_memorization": against(MEMORIZATION), "to_shuffled": against(SHUFFLED)}


def _tested(section: dict) -> dict:
    """With what tests say, one family for each of AGAINST and one for rank correlations."""
    for key in (*AGAINST, "spearman"):
        proxies = [proxy for proxy in section["proxies"]
                   if proxy[key] and proxy[key]["over"] == SEEDS]
        differences = [proxy[key] if key in AGAINST else paired_difference(
            proxy[key]["per_seed"], np.zeros(proxy[key]["n"])) for proxy in proxies]
        tests = verdicts(differences, MARGIN if key in AGAINST else None)
        for proxy, verdict in zip(proxies, tests, strict=True):
            proxy[f"verdict_{key}"] = verdict._asdict()
    return section


def _spearman(values: np.ndarray, memorization: np.ndarray) -> dict | None:
    """Rank correlation of float[S,n] with float[n]; None where it is undefined for any seed."""
    correlations = []
    for of_seed in values:
        both = np.isfinite(of_seed) & np.isfinite(memorization)
        pair = of_seed[both], memorization[both]
        if min(len(np.unique(part)) for part in pair) < 2:
            return None
        correlations.append(float(scipy.stats.spearmanr(*pair).statistic))
    return estimates(correlations)


def _auroc_over_seeds(values: np.ndarray, injected: np.ndarray) -> dict | None:
    areas = [injected_noise_auroc(of_seed, injected) for of_seed in values]
    known = [area["mean"] for area in areas if area is not None]
    return estimates(known) if len(known) == len(areas) else None


def sentences(section: dict) -> list[str]:
    """What the numbers say."""
    proxies = [proxy for proxy in section["proxies"] if proxy["proxy"] != MEMORIZATION]
    cautions = [f"Caution, {proxy['proxy']}: {proxy['caution']}." for proxy in proxies
                if proxy["caution"]]
    return [*_ranking(proxies), *cautions, *_noise(section["proxies"]), *_cost(section["proxies"]),
            *_rum(section)]


def _ranking(proxies: list[dict]) -> list[str]:
    ranked = [proxy for proxy in proxies if proxy["spearman"]]
    if not ranked:
        return []
    ordered = sorted(ranked, key=lambda proxy: -proxy["spearman"]["mean"])
    listed = "; ".join(f"{proxy['proxy']} {interval(proxy['spearman'])}" for proxy in ordered)
    tests = {proxy["proxy"]: Verdict(**proxy["verdict_spearman"]) for proxy in ordered
             if "verdict_spearman" in proxy}
    words = {HIGHER: "above 0", LOWER: "below 0", NOT_SIGNIFICANT: NOT_SIGNIFICANT}
    unlike = [name for name, test in tests.items() if test.word != HIGHER]
    caution = [f"Caution: {', '.join(unlike)} cannot be taken for memorization here, as the rank "
               "correlation is not significantly above 0."] if unlike else []
    tested = f"; {by_word(tests, words)} ({of_family(list(tests.values()))})" if tests else ""
    undefined = [proxy["proxy"] for proxy in proxies if not proxy["spearman"]]
    return [f"Rank correlation with memorization (Spearman): {listed}{tested}."
            + joined(undefined, " Undefined, as all values of a seed are equal: ", "."), *caution]


def _noise(proxies: list[dict]) -> list[str]:
    rated = [proxy for proxy in proxies if proxy["injected_noise_auroc"]]
    if not rated:
        return []
    ordered = sorted(rated, key=lambda proxy: -proxy["injected_noise_auroc"]["mean"])
    return ["AUROC for injected label noise: " + "; ".join(
        f"{interval(proxy['injected_noise_auroc'])} by {proxy['proxy']} (over "
        f"{proxy['injected_noise_auroc']['over']})" for proxy in ordered) + "."]


def _cost(proxies: list[dict]) -> list[str]:
    text = "; ".join(f"{proxy['proxy']} {proxy['retrainings']:.3g}" for proxy in proxies)
    return [f"Cost in retrainings of one model, beyond its own training: {text}."]


def _rum(section: dict) -> list[str]:
    name, texts = METRICS[section["metric"]], []
    for key, other in AGAINST.items():
        proxies = [proxy for proxy in section["proxies"] if proxy[key]]
        if proxies:
            tests = {proxy["proxy"]: Verdict(**proxy[f"verdict_{key}"]) for proxy in proxies}
            texts.append(
                f"On {section['set']}, {name} of RUM refined by each score, against {other}: "
                f"{outcomes(tests, COMPARED, {proxy['proxy']: proxy[key] for proxy in proxies})}")
    return texts


def table(section: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): one line for each proxy, and for memorization."""
    name = METRICS[section["metric"]]
    extra = section["metric"] != "tow"
    header = ["score", "Spearman", "AUROC, injected noise", "seconds", "retrainings",
              *(f"overlap, {level}" for level in SUBSETS), "ToW of RUM",
              *([f"{name} of RUM"] if extra else []), "to memorization", "to random"]
    return header, [[
        proxy["proxy"], *(_text(proxy[key]) for key in ("spearman", "injected_noise_auroc")),
        "-" if proxy["seconds"] is None else f"{proxy['seconds']:.2f}",
        f"{proxy['retrainings']:.3g}",
        *(_overlap(proxy["overlap"].get(level)) for level in SUBSETS), _text(proxy["tow"]),
        *([_text(proxy["primary"])] if extra else []), _text(proxy["to_memorization"], True),
        _text(proxy["to_shuffled"], True)]
        for proxy in section["proxies"]] + [
        [score, *["-"] * 7, _text(forms["tow"]),
         *([_text(forms[section["metric"]])] if extra else []), "-", "-"]
        for score, forms in section["others"].items()]


def _overlap(value: dict | None) -> str:
    return f"{interval(value)} (chance {value['chance']:.2f})" if value else "-"


def _text(value: dict | None, sign: bool = False) -> str:
    return interval(value, sign=sign) if value else "-"


def figures(section: dict) -> dict[str, bytes]:
    """Spearman, AUROC and ToW, plain and stratified, of each score."""
    drawn = section_dots.proxies(section["proxies"], section["others"], MEMORIZATION, SHUFFLED)
    return {"proxies.svg": drawn} if drawn else {}
