"""The results in words and as a plain table."""

from statistics import mean

from rum_jax.core import plugins
from rum_jax.evaluate.hypothesis_tests import MARGIN
from rum_jax.evaluate.interval import estimates
from rum_jax.report.answer import answer
from rum_jax.report.comparisons import METRICS
from rum_jax.report.words import interval
from rum_jax.rum.row_spec import REFERENCE

__all__ = ["COLUMNS", "aligned", "answer", "cell", "cells", "findings", "header", "more_cells",
           "rows_by_set", "set_table", "table"]

COLUMNS = {
    "tow": "ToW", "tow_stratified": "ToW, strat.", "tow_mia": "ToW-MIA",
    "tow_mia_stratified": "ToW-MIA, strat.", "forget_accuracy": "forget %",
    "retain_accuracy": "retain %", "validation_accuracy": "valid. %", "test_accuracy": "test %",
    "test_accuracy_kept_classes": "test, kept %", "mia": "MIA", "seconds": "seconds",
}


def cell(metric: str, value: dict) -> str:
    """Mean and half-width of the 95% interval, as people write them."""
    if metric == "seconds":
        return f"{value['mean']:.2f}"
    if metric in ("example_gradients", "optimizer_steps"):
        return f"{value['mean']:,.0f}"
    is_share = "_accuracy" in metric and not plugins.is_reference(metric)
    scale, digits = (100, 1) if is_share else (1, 3)
    if value["ci95"] is None:
        return f"{scale * value['mean']:.{digits}f} ± n/a"
    return f"{scale * value['mean']:.{digits}f} ± {scale * value['ci95']:.{digits}f}"


def columns(results: dict) -> list[str]:
    """Those of COLUMNS that any row has."""
    return [metric for metric in COLUMNS
            if any(metric in row["metrics"] for row in results["rows"])]


def rows_by_set(results: dict) -> dict[str, list[dict]]:
    """Forget set -> its rows, in order."""
    groups: dict[str, list[dict]] = {}
    for row in results["rows"]:
        groups.setdefault(row["set"], []).append(row)
    return groups


def _several(results: dict) -> bool:
    return len(rows_by_set(results)) > 1


def cells(results: dict) -> list[list[str]]:
    """One list of texts per row: the name, then COLUMNS, then time relative to retraining.

    Retraining is that of the same forget set. Where there are several forget sets, the set's name
    comes first.
    """
    exact = {name: next(row["metrics"]["seconds"]["mean"] for row in rows
                        if row["name"] == "retrain") for name, rows in rows_by_set(results).items()}
    return [[*([row["set"]] if _several(results) else []), row["name"],
             *(cell(metric, row["metrics"][metric]) if metric in row["metrics"] else "-"
               for metric in columns(results)),
             of_retrain(row["metrics"]["seconds"]["mean"], exact[row["set"]])]
            for row in results["rows"]]


def of_retrain(seconds: float, exact: float) -> str:
    """Seconds relative to those of retraining for the same forget set."""
    return f"{seconds / exact:.0%}" if exact else "n/a"


def header(results: dict) -> list[str]:
    """Titles of `cells`."""
    return [*(["forget set"] if _several(results) else []), "row",
            *(COLUMNS[metric] for metric in columns(results)), "of retrain"]


def more_cells(results: dict) -> list[list[str]]:
    """What COLUMNS leaves out, one list of texts per metric: its name, then one for each row.

    A metric that the rows of some forget sets do not have is "-" there.
    """
    names = dict.fromkeys(name for row in results["rows"] for name in row["metrics"])
    return [[name, *(cell(name, row["metrics"][name]) if name in row["metrics"] else "-"
                     for row in results["rows"])] for name in names if name not in COLUMNS]


def table(results: dict) -> str:
    """The table in fixed-width text."""
    return aligned(header(results), cells(results), 2 if _several(results) else 1)


def aligned(titles: list[str], cells: list[list[str]], left: int = 1) -> str:
    """A table in fixed-width text; so many columns are flush left, the others right."""
    lines = [titles, *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(titles))]
    return "\n".join(
        "  ".join(text.ljust(width) if i < left else text.rjust(width)
                  for i, (text, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines)


def findings(results: dict) -> list[str]:
    """Sentences made from the numbers; those of `answer` and of sections are not among them."""
    sentences = [_memorization(results["memorization"])] if results["memorization"] else []
    sentences += [_noise_floor(name, rows, _several(results))
                  for name, rows in rows_by_set(results).items()]
    sentences += [f"Caution, {caution['stage']}: {caution['caution']}."
                  for caution in results["cautions"]]
    return sentences + _comparisons(results["comparisons"], _several(results))


def _memorization(summary: dict) -> str:
    auroc = {"mean": summary["injected_noise_auroc"], "ci95": summary["injected_noise_auroc_ci95"]}
    noise = ("no label noise was injected" if auroc["mean"] is None else
             f"AUROC {interval(auroc)} (95%, over examples) for the "
             f"{summary['injected_noise_examples']} examples with injected label noise")
    if summary["source"]:
        return f"Memorization from {summary['source']['file']}: {noise}."
    spearman = summary["split_half_spearman"]
    reliability = "undefined" if spearman is None else f"{spearman:.2f}"
    unknown = summary["unknown_examples"]
    gap = f" It is unknown for {unknown} examples: too few models." if unknown else ""
    return (f"Memorization from {summary['models']} models: {noise}; split-half Spearman "
            f"{reliability}.{gap}")


def _noise_floor(name: str, rows: list[dict], several: bool) -> str:
    """What retraining with other seeds reaches; rows are placed by their means, without a test."""
    floors = {row["name"]: row["metrics"]["tow"] for row in rows}
    floor = floors["retrain_again"]
    above = [row["name"] for row in rows if row["spec"]["kind"] != REFERENCE
             and row["metrics"]["tow"]["mean"] > floor["mean"]]
    rest = f"methods with a higher mean: {', '.join(above)}" if above else "no mean is higher"
    where = f" of {name}" if several else ""
    return (f"Noise floor{where}: retraining again with other seeds has a ToW of "
            f"{interval(floor)} (n = {floor['n']}); {rest} (means, not tested).")


def _comparisons(comparisons: list[dict], several: bool) -> list[str]:
    """One sentence for each pair of rows, with all measures, and how they were tested."""
    pairs: dict[tuple[str, str, str], list[dict]] = {}
    for comparison in comparisons:
        pair = (comparison["set"], comparison["first"], comparison["second"])
        pairs.setdefault(pair, []).append(comparison)
    sentences = [f"{first} - {second}{f', {name}' if several else ''}: " + "; ".join(
        f"{METRICS[comparison['metric']]} {interval(comparison['difference'], sign=True)} "
        f"({comparison['verdict']})" for comparison in of_pair) + "."
        for (name, first, second), of_pair in pairs.items()]
    return [*sentences, *_tests(comparisons)]


def _tests(comparisons: list[dict]) -> list[str]:
    if not comparisons:
        return []
    main = sum(comparison["primary"] for comparison in comparisons)
    rest = len(comparisons) - main
    families = " and ".join(f"{number} {name}" for number, name in (
        (main, "of the main question"), (rest, "others")) if number)
    return [f"Words of these comparisons come from paired t-tests, n = "
            f"{comparisons[0]['difference']['n']}, corrected by Holm's method over {families}, and "
            f"equivalence from two one-sided tests with a margin of {MARGIN:g}. Where a difference "
            "is not significant, all that is within its 95% interval (uncorrected) is not "
            "excluded, in both directions."]


def set_table(statistics: list[dict]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): what the forget sets of a study are like, means and intervals over seeds."""
    names = {"entanglement_score": "ES", "log_entanglement_score": "log ES",
             "entanglement_score_ratio": "ES / ES of random sets", "disentanglement": "DES",
             "mmd": "MMD", "squared_mmd_median_unbiased": "squared MMD, unbiased",
             "mean_memorization": "memorization"}
    names = {name: title for name, title in names.items() if any(
        of_set.get(name) for of_set in statistics)}
    titles = ["forget set", "examples", *names.values(), "overlap with the others"]
    lines = []
    for of_set in statistics:
        values = [estimates(of_set[name]) if of_set.get(name) and None not in of_set[name] else None
                  for name in names]
        shared = "; ".join(f"{name} {mean(shares):.0%}"
                           for name, shares in of_set["overlap"].items())
        lines.append([of_set["set"], f"{of_set['size']:,}",
                      *(interval(value) if value else "-" for value in values), shared or "-"])
    return titles, lines
