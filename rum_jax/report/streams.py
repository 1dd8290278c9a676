"""Sequential forget requests: what a row achieves as more and more is to be forgotten."""

from collections.abc import Mapping, Sequence

from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report import levels, onion, section_lines
from rum_jax.report.dots import PAIRS
from rum_jax.report.evidence import (
    ORIGINAL,
    RETRAIN,
    RETRAIN_AGAIN,
    beyond,
    evidence,
    references,
    verdict_cell,
    with_verdicts,
)
from rum_jax.report.words import POST_HOC, interval

TITLE = "Sequential forget requests"
METRICS = levels.METRICS
CHANGES = (*METRICS, "forget_accuracy", "retain_accuracy", "test_accuracy")


def assemble(requests: Mapping[str, Sequence[dict]], alike: bool,
             metrics: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
             traces: Mapping[str, dict], seeds: int,
             specs: Mapping[str, Mapping]) -> dict | None:
    """What was found, as JSON values; None where there was no stream.

    Args:
      requests: row -> statistics of each request, see `study.forget_sets.describe`.
      alike: whether all rows were requested to forget the same examples.
      metrics: row -> {metric: one value per seed} after each request; the forget set of these
        metrics is the examples of all requests so far.
      traces: row -> content of its trace.json, see `study.request_sequence.Stream`.
      seeds: number of seeds.
      specs: row -> fields of `row_spec.Resolved`.
    """
    if not metrics:
        return None
    after = {row: [{name: summary(values) for name, values in of_request.items()
                    if None not in values} for of_request in of_row]
             for row, of_row in metrics.items()}
    rows = [{"row": row, "spec": dict(specs[row]), "after": of_row,
             "change": {name: paired_difference(of_row[-1][name]["per_seed"],
                                                of_row[0][name]["per_seed"])
                        for name in CHANGES if name in of_row[-1] and name in of_row[0]},
             **beyond(of_row, None if row == ORIGINAL else after.get(ORIGINAL))}
            for row, of_row in after.items()]
    of_exact = requests[RETRAIN]
    return {"requests": [request["set"] for request in of_exact],
            "sizes": [request["size"] for request in of_exact],
            "statistics": {row: [levels.summarized(request) for request in of_row]
                           for row, of_row in requests.items()},
            "rows": with_verdicts(rows),
            "alike": alike, "onion": onion.assemble(traces, ("",), seeds, specs)}


def _seconds(row: dict) -> float:
    return sum(after["seconds"]["mean"] for after in row["after"])


def _row(section: dict, name: str) -> dict:
    return next(row for row in section["rows"] if row["row"] == name)


def sentences(section: dict) -> list[str]:
    """What the numbers say."""
    listed = "; ".join(f"{number}. {name} ({size} examples)" for number, (name, size) in enumerate(
        zip(section["requests"], section["sizes"], strict=True), start=1))
    return [f"Requests, each unlearned from the models that the one before has left: {listed}.",
            *_described(section), *_alike(section), *_trend(section), *_extremes(section),
            *_cost(section),
            *onion.changes_in_words(section["onion"]["rows"], "requests", [
                role for role in onion.ROLES if section["alike"] or role != onion.WAITING])]


def _alike(section: dict) -> list[str]:
    if section["alike"]:
        return ["All methods unlearn the same examples."]
    return ["Methods unlearn different examples after the first request, as their own models "
            "are part of the choice: each is compared with oracles of its own, and a difference "
            "between methods is also one of what they unlearn."]


def _described(section: dict) -> list[str]:
    """What the requests are like to models that were retrained without the earlier ones."""
    texts = []
    for name, words in (("entanglement_score", "Entanglement scores"),
                        ("mean_memorization", "Mean memorization")):
        values = [request[name] for request in section["statistics"][RETRAIN]]
        if all(values):
            listed = "; ".join(f"{number}. {interval(value)}" for number, value in enumerate(
                values, start=1))
            texts.append(f"{words} of the requests to exactly retrained models: {listed}.")
    return texts


def _trend(section: dict) -> list[str]:
    """How ToW changes from the first request to the last."""
    if len(section["requests"]) < 2:
        return []
    last, total = len(section["requests"]), sum(section["sizes"])
    return [*evidence(levels.unlearning(section), f"ToW from request 1 to request {last}"),
            *references(section["rows"]),
            f"After request {last} the forget set has {total} examples, after request 1 "
            f"{section['sizes'][0]}: the size alone can change ToW, that of the original, "
            "too."]


def _extremes(section: dict) -> list[str]:
    rows = sorted(levels.unlearning(section), key=lambda row: -row["after"][-1]["tow"]["mean"])
    if len(rows) < 2:
        return []
    best, worst = rows[0], rows[-1]
    gap = paired_difference(*(row["after"][-1]["tow"]["per_seed"] for row in (best, worst)))
    return [f"After the last request ToW is highest for {best['row']} "
            f"({interval(best['after'][-1]['tow'])}) and lowest for {worst['row']} "
            f"({interval(worst['after'][-1]['tow'])}), a difference of {interval(gap)}. "
            f"{POST_HOC}"]


def _cost(section: dict) -> list[str]:
    exact = _seconds(_row(section, RETRAIN))
    shares = {row["row"]: _seconds(row) / exact for row in levels.unlearning(section)
              } if exact else {}
    if not shares:
        return []
    least, most = (pick(shares, key=lambda row: shares[row]) for pick in (min, max))
    slower = [row for row, share in shares.items() if share > 1]
    texts = [f"All requests together, scores not counted, take from {shares[least]:.0%} ({least}) "
             f"to {shares[most]:.0%} ({most}) of the time of retraining for each of them."]
    return texts + ([f"Retraining, which is exact, takes less time than {', '.join(slower)}."]
                    if slower else [])


def table(section: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): ToW after each request, and how it changes."""
    numbers = range(1, len(section["requests"]) + 1)
    titles = {metric: title for metric, title in (
        ("tow_stratified", "stratified ToW"), ("tow_mia", "ToW-MIA"),
        ("tow_mia_stratified", "stratified ToW-MIA"))
        if all(metric in row["change"] for row in section["rows"])}
    header = ["row", *(f"ToW after {number}" for number in numbers), "last - first",
              "beyond the original's", "test", *(text for title in titles.values() for text in (
                  f"{title} after {numbers[-1]}", "last - first")), "seconds, all"]
    return header, [[
        row["row"], *(interval(after["tow"]) for after in row["after"]),
        interval(row["change"]["tow"], sign=True),
        interval(row["beyond_original"], sign=True) if row["beyond_original"] else "-",
        verdict_cell(row), *(text for metric in titles for text in (
            interval(row["after"][-1][metric]), interval(row["change"][metric], sign=True))),
        f"{_seconds(row):.2f}"] for row in section["rows"] if row["row"] != RETRAIN]


def figures(section: dict) -> dict[str, bytes]:
    """Every form of ToW after each request, and how well each request is hidden after each."""
    rows, floor = levels.unlearning(section), _row(section, RETRAIN_AGAIN)
    drawn = {f"stream{end}.svg": section_lines.requests(rows, floor, len(section["requests"]), pair)
             for end, pair in PAIRS.items()
             if all(set(pair) <= set(after) for row in (*rows, floor) for after in row["after"])}
    for measure in onion.WORDS:
        rows = [row for row in section["onion"]["rows"]
                if all(all(values) for values in row["after"].get(measure, {"": [None]}).values())]
        if rows:
            drawn[f"stream_{measure}.svg"] = section_lines.panels(
                rows, measure, onion.WORDS[measure])
    return drawn
