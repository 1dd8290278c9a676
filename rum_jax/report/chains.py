"""Subset after subset against the whole forget set at once, by the same algorithm."""

from collections.abc import Sequence

from rum_jax.evaluate.interval import paired_difference
from rum_jax.refine import SHUFFLED
from rum_jax.refine.contract import SUBSETS
from rum_jax.report import section_dots
from rum_jax.report.words import certain, interval, joined, verdict
from rum_jax.rows import ORDERS, RUM_F, STEPS, VANILLA, parse

TITLE = "At once, or subset after subset"
ONE_SHOT, SHUFFLED_ROW, MERGED = "one-shot", "shuffled", "merged"
ALIKE = 0.1     # budgets that differ by less than this share are called equal
UPWARDS = {ORDERS[0]: "-".join(SUBSETS), ORDERS[1]: "-".join(reversed(SUBSETS))}


def _kind(options: dict[str, str], default_order: str) -> str:
    """What a row of subsets is compared as: its order, `shuffled` or `merged`."""
    if options.get("steps") == STEPS[1]:
        return MERGED
    if options.get("by") == SHUFFLED:
        return SHUFFLED_ROW
    order = options.get("order", default_order)
    return UPWARDS.get(order, order) if "subsets" not in options else order


def assemble(rows: Sequence[dict], default_order: str) -> dict | None:
    """What was found, as JSON values; None where nothing is done in both ways.

    Args:
      rows: of all forget sets, see `results.assemble`.
      default_order: of rows that name none.
    """
    made, several = [], len({row["set"] for row in rows}) > 1
    for row in rows:
        kind, _, algorithm = row["name"].partition(":")
        if kind == VANILLA:
            own = [(ONE_SHOT, row)] + [
                (_kind(parsed.options, default_order), other) for other in rows
                if (parsed := parse(other["name"])).kind == RUM_F
                and parsed.algorithm == algorithm and other["set"] == row["set"]]
            if len(own) > 2:
                made.append({
                    "algorithm": f"{algorithm}, {row['set']}" if several else algorithm,
                    "ways": [_way(name, one, row["metrics"]) for name, one in own]})
    return {"algorithms": made} if made else None


def _way(name: str, row: dict, one_shot: dict) -> dict:
    metrics = row["metrics"]
    return {"way": name, "row": row["name"],
            **{key: metrics[key] for key in ("tow", "tow_mia", "forget_accuracy")},
            "seconds": metrics["seconds"]["mean"],
            "example_gradients": metrics["example_gradients"]["mean"],
            "optimizer_steps": metrics["optimizer_steps"]["mean"],
            "to_one_shot": None if name == ONE_SHOT else {
                key: paired_difference(metrics[key]["per_seed"], one_shot[key]["per_seed"])
                for key in ("tow", "tow_mia")}}


def _orders(one: dict) -> list[dict]:
    return [way for way in one["ways"] if way["way"] not in (ONE_SHOT, SHUFFLED_ROW, MERGED)]


def sentences(found: dict) -> list[str]:
    """What the numbers say, algorithm by algorithm."""
    return [sentence for one in found["algorithms"]
            for sentence in (*_of_orders(one), *_of_one_shot(one))] + _budgets(found)


def _of_orders(one: dict) -> list[str]:
    orders = sorted(_orders(one), key=lambda way: -way["tow"]["mean"])
    if len(orders) < 2:
        return []
    best, worst = orders[0], orders[-1]
    said = [f"{one['algorithm']}: of {len(orders)} orders the best is {best['way']} (ToW "
            f"{interval(best['tow'])}), the worst {worst['way']} ({interval(worst['tow'])}). "
            "Both were picked after looking."]
    named = {way["way"]: way["tow"]["per_seed"] for way in orders}
    up, down = UPWARDS.values()
    if up in named and down in named:
        step = paired_difference(named[up], named[down])
        said.append(f"{one['algorithm']}: {up} is {verdict(step)} than {down}: ToW "
                    f"{interval(step, sign=True)}." if certain(step) else
                    f"{one['algorithm']}: {up} and {down} are not distinguishable: ToW "
                    f"{interval(step, sign=True)}.")
    return said


def _of_one_shot(one: dict) -> list[str]:
    shot = one["ways"][0]
    orders = _orders(one)
    groups = {word: [way["way"] for way in orders if verdict(way["to_one_shot"]["tow"]) == word]
              for word in ("better", "worse")}
    text = (f"{one['algorithm']}: against one-shot (ToW {interval(shot['tow'])}), "
            f"{len(groups['better'])} of {len(orders)} orders are better at 95%"
            f"{joined(groups['better'], ' (', ')')} and {len(groups['worse'])} worse"
            f"{joined(groups['worse'], ' (', ')')}")
    for way in one["ways"]:
        if way["way"] in (SHUFFLED_ROW, MERGED):
            change = way["to_one_shot"]["tow"]
            text += f"; {way['way']} {interval(change, sign=True)} ({verdict(change)})"
    return [text + "."]


def _budgets(found: dict) -> list[str]:
    """What the ways cost, relative to one-shot."""
    said = []
    for key, words in (("optimizer_steps", "optimizer steps"),
                       ("example_gradients", "example gradients")):
        off = [f"{one['algorithm']}, {way['way']} ({way[key] / one['ways'][0][key]:.2f})"
               for one in found["algorithms"] for way in one["ways"]
               if abs(way[key] / one["ways"][0][key] - 1) > ALIKE]
        said.append(f"The number of {words} differs from that of one-shot by more than "
                    f"{ALIKE:.0%} for {'; '.join(off)}." if off else
                    f"All ways of an algorithm take the same number of {words}, within "
                    f"{ALIKE:.0%}.")
    return said


def table(found: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): one line for each algorithm and way."""
    header = ["algorithm", "way", "ToW", "to one-shot", "ToW-MIA", "to one-shot", "seconds",
              "steps", "example gradients"]
    return header, [[
        one["algorithm"], way["way"], interval(way["tow"]), _change(way, "tow"),
        interval(way["tow_mia"]), _change(way, "tow_mia"), f"{way['seconds']:.2f}",
        f"{way['optimizer_steps']:,.0f}", f"{way['example_gradients']:,.0f}"]
        for one in found["algorithms"] for way in one["ways"]]


def _change(way: dict, metric: str) -> str:
    return interval(way["to_one_shot"][metric], sign=True) if way["to_one_shot"] else "-"


def figures(found: dict) -> dict[str, bytes]:
    """ToW and ToW-MIA of each way, a panel for each algorithm."""
    return {"chains.svg": section_dots.chains(found["algorithms"])}
