"""Subset after subset against the whole forget set at once, by the same algorithm."""

from collections.abc import Mapping, Sequence

from rum_jax.evaluate.hypothesis_tests import MARGIN, Verdict, verdicts
from rum_jax.evaluate.interval import paired_difference
from rum_jax.refine import SHUFFLED
from rum_jax.refine.contract import SUBSETS
from rum_jax.report import section_dots
from rum_jax.report.comparisons import METRICS, primary_metric
from rum_jax.report.dots import PAIRS
from rum_jax.report.evidence import family_of
from rum_jax.report.exposure import epochs_of_example, exposure, has_hparams_of
from rum_jax.report.words import COMPARED, POST_HOC, interval, outcomes
from rum_jax.rum.row_spec import ORDERS, RUM_F, STEPS, VANILLA

TITLE = "At once, or subset after subset"
ONE_SHOT, MERGED = "one-shot", STEPS[1]
ALIKE = 0.1     # budgets that differ by less than this share are called equal
WAYS = {ORDERS[0]: "-".join(SUBSETS), ORDERS[1]: "-".join(reversed(SUBSETS))}


def assemble(rows: Sequence[dict]) -> dict | None:
    """What was found, as JSON values; None where nothing is done in both ways.

    What is compared is what rows do, their `spec`, whatever they are called.

    Args:
      rows: of all forget sets, see `results.assemble`.
    """
    algorithms, several = [], len({row["set"] for row in rows}) > 1
    for shot in rows:
        if shot["spec"]["kind"] != VANILLA:
            continue
        algorithm = shot["spec"]["algorithm"]
        chains = [row for row in rows if row["set"] == shot["set"]
                  and row["spec"]["kind"] == RUM_F and row["spec"]["algorithm"] == algorithm]
        if len(chains) > 1:
            specs = [row["spec"] for row in chains]
            algorithms.append({
                "algorithm": f"{algorithm}, {shot['set']}" if several else algorithm,
                "family": family_of(shot["spec"]),
                "ways": [_way(ONE_SHOT, shot, shot), *(
                    _way(label(row["spec"], specs), row, shot) for row in chains)]})
    if not algorithms:
        return None
    return _tested({"metric": primary_metric(rows), "algorithms": algorithms})


def label(spec: Mapping, specs: Sequence[Mapping]) -> str:
    """What a row of subsets does, in as few words as tell it from the others of `specs`."""
    kinds = _kinds(spec)
    order: str = spec["order"]
    if spec["subsets"] == 3:
        order = WAYS.get(order, order)
    alike = [other for other in specs if _kinds(other) == kinds]
    parts = [*kinds]
    if not kinds or len({other["order"] for other in alike}) > 1:
        parts.append(order)
    if SHUFFLED not in kinds and len({other["refinement"] for other in alike}) > 1:
        parts.append(f"by {spec['refinement']}")
    if len({other["subsets"] for other in specs}) > 1:
        number = spec["subsets"]
        parts.append("subsets of its own" if number is None else f"{number} subsets")
    return ", ".join(parts)


def _kinds(spec: Mapping) -> list[str]:
    """What makes a row a control: random subsets, or steps that are merged."""
    return [name for name, applies in ((SHUFFLED, spec["refinement"] == SHUFFLED),
                                       (MERGED, spec["steps"] == MERGED)) if applies]


def _way(name: str, row: dict, one_shot: dict) -> dict:
    metrics, base = row["metrics"], one_shot["metrics"]
    return {"way": name, "row": row["name"], "spec": row["spec"],
            **{key: metrics[key] for key in (*METRICS, "forget_accuracy") if key in metrics},
            **{key: metrics[key]["mean"] for key in ("seconds", "example_gradients",
                                                     "optimizer_steps")},
            "epochs_of_example": epochs_of_example(row["steps"]),
            "hparams_of_one_shot": None if row is one_shot else has_hparams_of(row, one_shot),
            "to_one_shot": None if row is one_shot else {
                key: paired_difference(metrics[key]["per_seed"], base[key]["per_seed"])
                for key in METRICS if key in metrics and key in base}}


def _tested(section: dict) -> dict:
    """With what tests say: of each way against one-shot, and of both directions, two families."""
    metric = section["metric"]
    ways = [way for algorithm in section["algorithms"] for way in algorithm["ways"]
            if way["to_one_shot"]]
    tests = verdicts([way["to_one_shot"][metric] for way in ways], MARGIN)
    for way, test in zip(ways, tests, strict=True):
        way["verdict"] = test._asdict()
    directions = []
    for algorithm in section["algorithms"]:
        by = {_key(way): way for way in _orders(algorithm)}
        for (refinement, subsets, order), up in by.items():
            down = by.get((refinement, subsets, ORDERS[1]))
            if order == ORDERS[0] and down:
                directions.append({
                    "algorithm": algorithm["algorithm"], "first": up["way"], "second": down["way"],
                    "difference": paired_difference(up[metric]["per_seed"],
                                                    down[metric]["per_seed"])})
    tests = verdicts([direction["difference"] for direction in directions], MARGIN)
    for direction, test in zip(directions, tests, strict=True):
        direction["verdict"] = test._asdict()
    return {**section, "directions": directions}


def _key(way: dict) -> tuple:
    return tuple(way["spec"][name] for name in ("refinement", "subsets", "order"))


def _orders(algorithm: dict) -> list[dict]:
    """Ways that unlearn refined subsets one after another."""
    return [way for way in algorithm["ways"] if way["to_one_shot"] and not _kinds(way["spec"])]


def sentences(section: dict) -> list[str]:
    """What the numbers say, algorithm by algorithm."""
    metric = section["metric"]
    texts = [sentence for algorithm in section["algorithms"]
             for sentence in (*_of_orders(algorithm, metric), *_of_one_shot(algorithm, metric))]
    texts += [f"{direction['algorithm']}: {METRICS[metric]} of "
              f"{direction['first']} - {direction['second']} "
              f"{interval(direction['difference'], sign=True)}: {direction['verdict']['text']}."
              for direction in section["directions"]]
    return [*texts, *exposure(section["algorithms"]), *_budgets(section)]


def _of_orders(algorithm: dict, metric: str) -> list[str]:
    """Orders of the same subsets, the best and the worst by their means."""
    groups: dict[tuple, list[dict]] = {}
    for way in _orders(algorithm):
        groups.setdefault(_key(way)[:2], []).append(way)
    texts = []
    for (refinement, _), ways in groups.items():
        ways = sorted(ways, key=lambda way: -way[metric]["mean"])
        if len(ways) > 1:
            best, worst = ways[0], ways[-1]
            texts.append(
                f"{algorithm['algorithm']}, refined by {refinement}: of {len(ways)} orders "
                f"{best['way']} has the highest {METRICS[metric]} ({interval(best[metric])}) and "
                f"{worst['way']} the lowest ({interval(worst[metric])}). {POST_HOC}")
    return texts


def _of_one_shot(algorithm: dict, metric: str) -> list[str]:
    ways = [way for way in algorithm["ways"] if way["to_one_shot"]]
    tests = {way["way"]: Verdict(**way["verdict"]) for way in ways}
    differences = {way["way"]: way["to_one_shot"][metric] for way in ways}
    return [f"{algorithm['algorithm']}: {METRICS[metric]} of subset after subset, against "
            f"one-shot: {outcomes(tests, COMPARED, differences)}"]


def _budgets(section: dict) -> list[str]:
    """What the ways cost, relative to one-shot."""
    texts = []
    for key, words in (("optimizer_steps", "optimizer steps"),
                       ("example_gradients", "example gradients")):
        ratios = {f"{algorithm['algorithm']}, {way['way']}": way[key] / algorithm["ways"][0][key]
                  for algorithm in section["algorithms"] for way in algorithm["ways"]
                  if algorithm["ways"][0][key]}
        off = [f"{name} ({ratio:.2f})" for name, ratio in ratios.items()
               if abs(ratio - 1) > ALIKE]
        texts.append(f"The number of {words} differs from that of one-shot by more than "
                     f"{ALIKE:.0%} for {'; '.join(off)}." if off else
                     f"All ways of an algorithm take the same number of {words}, within "
                     f"{ALIKE:.0%}.")
    return texts


def table(section: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): one line for each algorithm and way."""
    metrics = [name for name in METRICS if name in section["algorithms"][0]["ways"][0]]
    header = ["algorithm", "way", "refined by", *(title for metric in metrics for title in (
        METRICS[metric], "to one-shot")), f"test of {METRICS[section['metric']]}",
        "epochs for each forget example", "seconds", "steps", "example gradients"]
    return header, [[
        algorithm["algorithm"], way["way"], way["spec"]["refinement"] or "-",
        *(text for metric in metrics for text in (interval(way[metric]), _change(way, metric))),
        way["verdict"]["word"] if way["to_one_shot"] else "-",
        "-" if way["epochs_of_example"] is None else f"{way['epochs_of_example']:.3g}",
        f"{way['seconds']:.2f}", f"{way['optimizer_steps']:,.0f}",
        f"{way['example_gradients']:,.0f}"]
        for algorithm in section["algorithms"] for way in algorithm["ways"]]


def _change(way: dict, metric: str) -> str:
    return interval(way["to_one_shot"][metric], sign=True) if way["to_one_shot"] else "-"


def figures(section: dict) -> dict[str, bytes]:
    """ToW and ToW-MIA of each way, plain and stratified, a panel for each algorithm."""
    ways = [way for algorithm in section["algorithms"] for way in algorithm["ways"]]
    return {f"chains{end}.svg": section_dots.chains(section["algorithms"], metrics)
            for end, metrics in PAIRS.items() if all(set(metrics) <= set(way) for way in ways)}
