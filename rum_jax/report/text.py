"""The results in words and as a plain table."""

COLUMNS = {
    "tow": "ToW", "tow_mia": "ToW-MIA", "forget_accuracy": "forget %",
    "retain_accuracy": "retain %", "validation_accuracy": "valid. %", "test_accuracy": "test %",
    "mia": "MIA", "seconds": "seconds",
}


def cell(metric: str, value: dict) -> str:
    """Mean and half-width of the 95% interval, as people write them."""
    if metric == "seconds":
        return f"{value['mean']:.2f}"
    if metric == "example_gradients":
        return f"{value['mean']:,.0f}"
    scale, digits = (100, 1) if metric.endswith("_accuracy") else (1, 3)
    return f"{scale * value['mean']:.{digits}f} ± {scale * value['ci95']:.{digits}f}"


def cells(results: dict) -> list[list[str]]:
    """One list of texts per row: the name, then COLUMNS, then time relative to retraining."""
    base = next(row["metrics"]["seconds"]["mean"] for row in results["rows"]
                if row["name"] == "retrain")
    return [[row["name"], *(cell(metric, row["metrics"][metric]) for metric in COLUMNS),
             f"{row['metrics']['seconds']['mean'] / base:.0%}"] for row in results["rows"]]


def more_cells(results: dict) -> list[list[str]]:
    """What COLUMNS leaves out, one list of texts per metric: its name, then one for each row."""
    names = [name for name in results["rows"][0]["metrics"] if name not in COLUMNS]
    return [[name, *(cell(name, row["metrics"][name]) for row in results["rows"])]
            for name in names]


HEADER = ["row", *COLUMNS.values(), "of retrain"]


def table(results: dict) -> str:
    """The table in fixed-width text."""
    lines = [HEADER, *cells(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                  for i, (text, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines)


def findings(results: dict) -> list[str]:
    """Sentences made from the numbers."""
    found = [_memorization(results["memorization"]), _noise_floor(results)]
    compared = [c for c in results["comparisons"] if c["metric"] == "tow"]
    return found + [_comparison(comparison) for comparison in compared]


def _memorization(summary: dict) -> str:
    auroc = summary["planted_noise_auroc"]
    noise = ("no label noise was planted" if auroc is None else
             f"AUROC {auroc:.3f} for the {summary['planted_noise_examples']} examples with "
             "planted label noise")
    if summary["source"]:
        return f"Memorization from {summary['source']['file']}: {noise}."
    spearman = summary["split_half_spearman"]
    reliability = "undefined" if spearman is None else f"{spearman:.2f}"
    unknown = summary["unknown_examples"]
    gap = f" It is unknown for {unknown} examples: too few models." if unknown else ""
    return (f"Memorization from {summary['models']} models: {noise}; split-half Spearman "
            f"{reliability}.{gap}")


def _noise_floor(results: dict) -> str:
    means = {row["name"]: row["metrics"]["tow"]["mean"] for row in results["rows"]}
    floor = means["retrain_again"]
    above = [name for name in means if name != "retrain" and means[name] > floor]
    rest = f"above it: {', '.join(above)}" if above else "no row is above it"
    return f"Noise floor: retraining again with other seeds has a mean ToW of {floor:.3f}; {rest}."


def _comparison(comparison: dict) -> str:
    difference = comparison["difference"]
    mean, half = difference["mean"], difference["ci95"]
    verdict = "no difference at 95%" if abs(mean) <= half else (
        "better" if mean > 0 else "worse")
    return (f"{comparison['first']} against {comparison['second']}: ToW {mean:+.3f} ± {half:.3f} "
            f"({verdict}).")
