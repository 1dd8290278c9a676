"""Writes docs/studies.md from the workdirs of finished studies.

    python benchmarks/studies_page.py --runs=runs

`runs` has a folder for each study, called as its config (digits_entanglement, ...). The page keeps
what it says of those that are not there, so that one study can be done again without the others.
Pictures and tables are copied to docs/results/studies/. So are searches for hyper-parameters on
small CIFAR-10, `--search=runs/search_scrub/sweep.json` (once for each).
"""

import argparse
import functools
import pathlib
import shlex
import shutil
from collections.abc import Callable

from rum_jax import records, rows
from rum_jax.report import levels, sections, text
from rum_jax.report.words import certain, interval

ROOT = pathlib.Path(__file__).parents[1]
PAGE, TARGET = ROOT / "docs" / "studies.md", ROOT / "docs" / "results" / "studies"
DATA = {"digits": "scikit-learn's digits", "cifar10_small": "five classes of CIFAR-10"}
STUDIES = {"entanglement": "Entanglement", "memorization_levels": "Memorization",
           "proxies": "Proxies of memorization",
           "sequential_vs_one_shot": "Sequential against one-shot"}
COPIED = ("results.csv", "forget_statistics.json")
HEAD = """# What makes unlearning hard: studies

Each study is one command; this page was written from their results by
`python benchmarks/studies_page.py --runs=runs`. Differences are paired by seed; "at 95%" means
that the 95% t-interval of the difference excludes 0, without correction for how many are looked
at, so one in twenty is expected by chance alone. "Agrees" means so at 95% for more than half of
what is looked at, "agrees in part" for more than the other way round.

Seconds are those of the machine as it was, with other jobs beside it for some of the studies.

Findings of the papers (arXiv 2406.01257 and 2410.16516) were made on CIFAR-10, CIFAR-100 and
Tiny-ImageNet with large networks; these data and networks are far smaller, and hyper-parameters
were chosen for one forget set, a mix of low, middle and high memorization: for the digits as the
README says, for CIFAR-10 as the end of this page does.
"""
SEARCHED = """
## Hyper-parameters on five classes of CIFAR-10

Of `vanilla:finetune`, `vanilla:neggrad_plus` and `vanilla:salun` see
[the RUM study](cifar10_small.md). The others were searched in the same way, with seeds that the
studies do not use, {seeds}, and memorization of an earlier run of the proxies' study. Some choices
are at the edge of what was tried (`vanilla:neggrad`) or on a plateau (`vanilla:fisher`, which does
next to nothing with any of these values):

{commands}
"""


def counted(changes: list[dict], sign: int) -> str:
    """How many differences have that sign at 95%, how many the other, and a word for it."""
    sure = [change["mean"] * sign > 0 for change in changes if certain(change)]
    total = len(changes)
    with_it, against = sum(sure), len(sure) - sum(sure)
    word = ("agrees" if 2 * with_it > total else "agrees in part" if with_it > against else
            "the opposite" if against > with_it else "not seen")
    return (f"{word}: so at 95% for {with_it} of {total}, the other way for {against}, not "
            f"distinguishable for {total - with_it - against}")


def alike(changes: list[dict]) -> str:
    """How many differences are not distinguishable from 0, and how small an effect that is."""
    same = [change for change in changes if not certain(change)]
    widest = max((change["ci95"] for change in changes), default=0.0)
    return (f"not distinguishable at 95% for {len(same)} of {len(changes)}; differences of up to "
            f"{widest:.3f} would not be seen")


def _levels(found: dict, which: str) -> list[dict]:
    """Changes of ToW of all rows, or of those that relabel, or of the others."""
    keep = {"all": lambda row: True, "relabelling": levels.is_relabelling,
            "other": lambda row: not levels.is_relabelling(row)}[which]
    return [row["change"]["tow"] for row in levels.unlearning(found) if keep(row["row"])]


def _onion(found: dict, measure: str, role: str) -> list[dict]:
    """Changes of subsets of that role by steps that do something, one after another."""
    return [one["change"] for row in found["rows"] if "merged" not in row["row"]
            for one in row["changes"] if one["measure"] == measure and one["role"] == role
            and one["algorithm"] != "none"]


def _sequences(found: dict, metric: str) -> list[dict]:
    return [way["to_one_shot"][metric] for one in found["algorithms"] for way in one["ways"]
            if way["way"] not in ("one-shot", "shuffled", "merged")]


# Study -> (finding of the papers, section, function of what it found -> how it is here).
CLAIMS: dict[str, list[tuple[str, str, Callable[[dict], str]]]] = {
    "entanglement": [
        ("The more entangled forget and retain set, the harder unlearning: ToW falls.", "levels",
         lambda found: counted(_levels(found, "all"), -1)),
        ("Relabelling methods suffer from entanglement.", "levels",
         lambda found: counted(_levels(found, "relabelling"), -1))],
    "memorization_levels": [
        ("The more strongly memorized, the harder, by methods that do not relabel: ToW falls.",
         "levels", lambda found: counted(_levels(found, "other"), -1)),
        ("Relabelling methods do better on what is strongly memorized: ToW rises.", "levels",
         lambda found: counted(_levels(found, "relabelling"), 1))],
    "proxies": [
        ("Proxies rank examples as memorization does: Spearman's correlation is above 0.",
         "proxies", lambda found: counted(
             [one["spearman"] for one in found["proxies"] if one["spearman"]], 1)),
        ("RUM refined by a proxy is as good as refined by memorization: no difference.",
         "proxies", lambda found: alike(
             [one["to_memorization"] for one in found["proxies"] if one["to_memorization"]])),
        ("RUM on refined subsets is better than on random ones.", "proxies",
         lambda found: counted([one["to_shuffled"] for one in found["proxies"]
                                if one["to_shuffled"]], 1))],
    "sequential_vs_one_shot": [
        ("An algorithm is better on refined subsets, one after another, than at once: ToW.",
         "chains", lambda found: counted(_sequences(found, "tow"), 1)),
        ("The same: ToW-MIA.", "chains", lambda found: counted(_sequences(found, "tow_mia"), 1)),
        *[(f"The onion effect: a step uncovers subsets that {whom}; {words}.", "onion",
           functools.partial(lambda measure, role, found: counted(
               _onion(found, measure, role), 1), measure, role))
          for role, whom in (("waiting", "have yet to be unlearned"),
                             ("unlearned", "were unlearned before"))
          for measure, words in (("called_member", "the attack calls more of them members"),
                                 ("residual_memorization", "residual memorization rises"))],
        ("Request after request: ToW falls as more and more is to be forgotten.", "streams",
         lambda found: counted([row["change"]["tow"] for row in levels.unlearning(found)], -1)),
        ("A request uncovers what was unlearned before: the attack calls more of it members.",
         "streams", lambda found: counted(
             _onion(found["onion"], "called_member", "unlearned"), 1))]}


def _markdown(header: list[str], lines: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(line).replace("*", "\\*") + " |"
            for line in (header, ["---"] * len(header), *lines)]


def _shorter(value: object) -> object:
    """JSON values without those of single seeds, which results.csv has."""
    if isinstance(value, dict):
        return {key: _shorter(one) for key, one in value.items() if key != "per_seed"}
    return [_shorter(one) for one in value] if isinstance(value, list) else value


def _time(results: dict) -> str:
    """How long it took; of a run that was resumed only the stages are known in all."""
    if not results["provenance"]["earlier_processes"]:
        return f"{results['provenance']['wall_seconds']:.0f} s"
    seconds = sum(stage["seconds"] for stage in results["stages"].values())
    trained = results["memorization"] and results["memorization"]["models"]
    apart = ", memorization models not counted" if trained else ""
    return f"{seconds:.0f} s in its stages{apart}"


def part(name: str, study: str, data: str, workdir: pathlib.Path) -> list[str]:
    """The part of the page that one study makes."""
    results, folder = records.read_json(workdir / "results.json"), TARGET / name
    folder.mkdir(parents=True, exist_ok=True)
    origin, found = results["provenance"], results["sections"]
    for file in COPIED:
        shutil.copyfile(workdir / file, folder / file)
    records.write_json(folder / "found.json", {"sections": _shorter(found),
                                               "provenance": origin})
    lines = ["", f"### {DATA[data]}", "",
             f"    {shlex.join(origin['command'])}", "",
             f"{len(origin['seeds'])} seeds, forget sets of {results['sets'][0]['size']}; "
             f"{origin['cpu_count']} {origin['cpu']} cores, jax {origin['versions']['jax']}, "
             f"{_time(results)}.", "",
             *_markdown(*text.set_table(results["sets"])), "",
             "| finding of the papers, or question they ask | here |", "|---|---|"]
    lines += [f"| {claim} | {said(found[section])} |" for claim, section, said in CLAIMS[study]
              if section in found]
    pictures = sections.figures(found)
    for title, sentences, header, table in sections.texts(found):
        lines += ["", f"**{title}.**", "", *(f"- {sentence}" for sentence in sentences), ""]
        for file, content in pictures[title].items():
            records.write_bytes(folder / file, content)
            lines += [f"![{title}](results/studies/{name}/{file})", ""]
        if title != sections.SECTIONS["onion"].TITLE:  # hundreds of lines, in found.json
            lines += _markdown(header, table)
    return lines


def searched() -> list[str]:
    """The part of the page about searches: commands, and every point."""
    found = [records.read_json(path) for path in sorted(TARGET.glob("search_*.json"))]
    if not found:
        return []
    commands = [f"    {shlex.join(one['provenance']['command'])}" for one in found]
    columns = ("epochs", "learning_rate", "alpha")
    lines = []
    for name, row in (pair for one in found for pair in one["rows"].items()):
        for trial in row["trials"]:
            hparams, score = trial["steps"][0]["hparams"], trial["validation_tow"]
            best = row["chosen"] and trial["trial"] == row["chosen"]["trial"]
            lines.append([f"`{name}`", *(str(hparams.get(column, "")) for column in columns),
                          interval(score) if score else "diverged", "chosen" if best else ""])
    said = SEARCHED.format(commands="\n".join(commands), seeds=" and ".join(
        str(seed) for seed in found[0]["sweep"]["seeds"]))
    return [*said.rstrip().split("\n"), "",
            *_markdown(["row", *columns, "validation ToW", ""], lines)]


def kept(page: str, title: str, data: str) -> list[str]:
    """What a page says of the study under that title on those data: its lines, if there are any."""
    for chapter in page.split("\n## ")[1:]:
        own, *parts = chapter.split("\n### ")
        for one in parts:
            if own.strip() == title and one.partition("\n")[0] == data:
                return ["", *f"### {one}".rstrip("\n").split("\n")]
    return []


def main() -> None:
    """Writes the page and the files it shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=pathlib.Path, required=True)
    parser.add_argument("--search", type=pathlib.Path, action="append", default=[])
    arguments = parser.parse_args()
    runs = arguments.runs
    for path in arguments.search:
        one = records.read_json(path)
        records.write_json(TARGET / f"search_{rows.parse(next(iter(one['rows']))).algorithm}.json",
                           _shorter(one))
    lines, page = [HEAD.rstrip()], PAGE.read_text() if PAGE.is_file() else ""
    for study, title in STUDIES.items():
        own = []
        for data, words in DATA.items():
            workdir = runs / f"{data}_{study}"
            own += (part(workdir.name, study, data, workdir)
                    if (workdir / "results.json").is_file() else kept(page, title, words))
        lines += ["", f"## {title}", *own] if own else []
    lines += searched()
    records.write_bytes(PAGE, ("\n".join(lines).rstrip() + "\n").encode())


if __name__ == "__main__":
    main()
