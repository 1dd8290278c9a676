"""A stream of requests: how what a row achieves changes as more and more is to be forgotten."""

from collections.abc import Mapping, Sequence

from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report import levels, onion, section_lines
from rum_jax.report.words import certain, interval, joined
from rum_jax.stages.stream import RETRAIN, RETRAIN_AGAIN

TITLE = "Request after request"
CHANGES = ("tow", "tow_mia", "forget_accuracy", "retain_accuracy", "test_accuracy")


def assemble(requests: Mapping[str, Sequence[dict]], alike: bool,
             metrics: Mapping[str, Sequence[Mapping[str, Sequence[float]]]],
             traces: Mapping[str, dict], seeds: int) -> dict | None:
    """What was found, as JSON values; None where there was no stream.

    Args:
      requests: row -> what each request is like, see `forget.describe` of the stages.
      alike: whether all rows were asked for the same examples.
      metrics: row -> after each request {metric: one value per seed}; forget accuracy and the
        like are of all that was asked for so far.
      traces: row -> what its stage "trace" wrote.
      seeds: how many.
    """
    if not metrics:
        return None
    rows = [{"row": row, "after": [{name: summary(values) for name, values in one.items()}
                                   for one in after],
             "change": {name: paired_difference(after[-1][name], after[0][name])
                        for name in CHANGES}}
            for row, after in metrics.items()]
    asked = requests[RETRAIN]
    return {"requests": [one["set"] for one in asked], "sizes": [one["size"] for one in asked],
            "statistics": {row: [levels.summarized(one) for one in own]
                           for row, own in requests.items()},
            "rows": rows,
            "alike": alike, "onion": onion.assemble(traces, ("",), seeds)}


def _seconds(row: dict) -> float:
    return sum(after["seconds"]["mean"] for after in row["after"])


def _row(found: dict, name: str) -> dict:
    return next(row for row in found["rows"] if row["row"] == name)


def sentences(found: dict) -> list[str]:
    """What the numbers say."""
    asked = "; ".join(f"{number}. {name} ({size} examples)" for number, (name, size) in enumerate(
        zip(found["requests"], found["sizes"], strict=True), start=1))
    return [f"Requests, each unlearned from the models that the one before has left: {asked}.",
            *_described(found), *_alike(found), *_trend(found), *_extremes(found), *_cost(found),
            *onion.changes_in_words(found["onion"]["rows"], "requests", [
                role for role in onion.ROLES if found["alike"] or role != onion.WAITING])]


def _alike(found: dict) -> list[str]:
    if found["alike"]:
        return ["All rows were asked for the same examples."]
    return ["Rows were asked for different examples after the first request, as their own models "
            "are part of the choice: each is compared with oracles of its own, and a difference "
            "between rows is also one of what they were asked for."]


def _described(found: dict) -> list[str]:
    """What the requests are like to models that were retrained without the earlier ones."""
    said = []
    for name, words in (("entanglement_score", "Entanglement scores"),
                        ("mean_memorization", "Mean memorization")):
        values = [one[name] for one in found["statistics"][RETRAIN]]
        if all(values):
            listed = "; ".join(f"{number}. {interval(value)}" for number, value in enumerate(
                values, start=1))
            said.append(f"{words} of the requests to exactly retrained models: {listed}.")
    return said


def _trend(found: dict) -> list[str]:
    """How ToW changes from the first request to the last."""
    rows = levels.unlearning(found)
    if len(found["requests"]) < 2:
        return []
    said = []
    for verb, sign in (("falls", -1), ("rises", 1)):
        moved = [row for row in rows if sign * row["change"]["tow"]["mean"] > 0]
        sure = [row["row"] for row in moved if certain(row["change"]["tow"])]
        said.append(f"{verb} for {len(moved)} of {len(rows)} rows, for {len(sure)} of them at 95%"
                    f"{joined(sure, ' (', ')')}")
    floor = _row(found, RETRAIN_AGAIN)["change"]["tow"]
    return [f"ToW after the last request against after the first {'; it '.join(said)}. Retraining "
            f"again with other seeds changes by {interval(floor, sign=True)}."]


def _extremes(found: dict) -> list[str]:
    rows = sorted(levels.unlearning(found), key=lambda row: -row["after"][-1]["tow"]["mean"])
    if len(rows) < 2:
        return []
    best, worst = rows[0], rows[-1]
    gap = paired_difference(*(row["after"][-1]["tow"]["per_seed"] for row in (best, worst)))
    return [f"After the last request ToW is highest for {best['row']} "
            f"({interval(best['after'][-1]['tow'])}) and lowest for {worst['row']} "
            f"({interval(worst['after'][-1]['tow'])}), a difference of {interval(gap)}. Both "
            "were picked after looking."]


def _cost(found: dict) -> list[str]:
    exact = _seconds(_row(found, RETRAIN))
    shares = {row["row"]: _seconds(row) / exact for row in levels.unlearning(found)}
    if not shares or not exact:
        return []
    least, most = min(shares, key=shares.get), max(shares, key=shares.get)
    return [f"All requests together, scores not counted, take from {shares[least]:.0%} ({least}) "
            f"to {shares[most]:.0%} ({most}) of the time of retraining for each of them."]


def table(found: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): ToW after each request, and how it changes."""
    numbers = range(1, len(found["requests"]) + 1)
    header = ["row", *(f"ToW after {number}" for number in numbers), "last - first",
              f"ToW-MIA after {numbers[-1]}", "last - first", "seconds, all"]
    return header, [[
        row["row"], *(interval(after["tow"]) for after in row["after"]),
        interval(row["change"]["tow"], sign=True), interval(row["after"][-1]["tow_mia"]),
        interval(row["change"]["tow_mia"], sign=True), f"{_seconds(row):.2f}"]
        for row in found["rows"] if row["row"] != RETRAIN]


def figures(found: dict) -> dict[str, bytes]:
    """ToW and ToW-MIA after each request, and how well each request is hidden after each."""
    drawn = {"stream.svg": section_lines.requests(
        levels.unlearning(found), _row(found, RETRAIN_AGAIN), len(found["requests"]))}
    for measure in onion.WORDS:
        rows = [row for row in found["onion"]["rows"]
                if all(all(values) for values in row["after"].get(measure, {"": [None]}).values())]
        if rows:
            drawn[f"stream_{measure}.svg"] = section_lines.panels(
                rows, measure, onion.WORDS[measure])
    return drawn
