"""Writes docs/studies.md from the workdirs of finished studies.

    python benchmarks/studies_page.py --runs=runs

`runs` has a folder for each study, called <data>_<study> (digits_entanglement, ...). The page keeps
what it says of those that are not there, so that one study can be done again without the others.
Pictures and tables are copied to docs/results/studies/. So are searches for hyper-parameters on
small CIFAR-10, `--search=runs/search_scrub/sweep.json` (once for each).
"""

import argparse
import pathlib
import re
import shlex
import shutil

from rum_jax.core import records
from rum_jax.report import sections, text
from rum_jax.report.answer import scope
from rum_jax.report.words import interval
from rum_jax.rum import row_spec

ROOT = pathlib.Path(__file__).parents[1]
PAGE, TARGET = ROOT / "docs" / "studies.md", ROOT / "docs" / "results" / "studies"
DATA = {"digits": "scikit-learn's digits", "cifar10_small": "five classes of CIFAR-10"}
STUDIES = {"entanglement": "Entanglement", "memorization_levels": "Memorization",
           "proxies": "Proxies of memorization",
           "sequential_vs_one_shot": "Sequential against one-shot"}
COPIED = ("results.csv", "forget_statistics.json")
HEAD = """# What makes unlearning hard: studies

Each study is one command; this page was written from their results by
`python benchmarks/studies_page.py --runs=runs`. It describes: means with 95% intervals over
training seeds, differences paired by seed. Each study has one split of the data, so that its
intervals are conditional on it, and no claim is decided here: [claims](claims.md) are, over
many splits, with hyper-parameters that were searched for each forget set.

Seconds are those of the machine as it was, with other jobs beside it for some of the studies.
Configs are written as they are called now, by study and data set.

Findings of the papers (arXiv 2406.01257 and 2410.16516) were made on CIFAR-10, CIFAR-100 and
Tiny-ImageNet with large networks; these data and networks are far smaller, and hyper-parameters
were chosen for one forget set, a mix of low, middle and high memorization: for the digits by
[a search](sweeps.md), for CIFAR-10 as the end of this page says.
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


def _markdown(header: list[str], lines: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(line).replace("*", "\\*") + " |"
            for line in (header, ["---"] * len(header), *lines)]


def _shorter(value: object) -> object:
    """JSON values without those of single seeds, which results.csv has."""
    if isinstance(value, dict):
        return {key: _shorter(item) for key, item in value.items() if key != "per_seed"}
    return [_shorter(item) for item in value] if isinstance(value, list) else value


def _time(results: dict) -> str:
    """How long it took; of a run that was resumed only the stages are known in all."""
    if not results["provenance"]["earlier_processes"]:
        return f"{results['provenance']['wall_seconds']:.0f} s"
    seconds = sum(stage["seconds"] for stage in results["stages"].values())
    trained = results["memorization"] and results["memorization"]["models"]
    apart = ", memorization models not counted" if trained else ""
    return f"{seconds:.0f} s in its stages{apart}"


def measured(origin: dict) -> str:
    """When, and with which commit, from a run's provenance."""
    commit = origin.get("commit")
    return f"Measured {origin['started'][:10]}" + (f" with commit {commit[:10]}" if commit else "")


def reader_command(command: list[str], name: str) -> list[str]:
    """The command of a run with the workdir runs/<name>, and configs as they are called now."""
    earlier = re.compile(rf"configs/({'|'.join(DATA)})_({'|'.join(STUDIES)})\.py")
    return [f"--workdir=runs/{name}" if flag.startswith("--workdir=")
            else earlier.sub(r"configs/\2.py:\1", flag) for flag in command]


def part(name: str, data: str, workdir: pathlib.Path) -> list[str]:
    """The part of the page that one study makes."""
    results, folder = records.read_json(workdir / "results.json"), TARGET / name
    folder.mkdir(parents=True, exist_ok=True)
    findings = results["sections"]
    origin = {**results["provenance"],
              "command": reader_command(results["provenance"]["command"], name)}
    for old in (*folder.glob("*.png"), *folder.glob("*.svg")):
        old.unlink()
    for file in COPIED:
        shutil.copyfile(workdir / file, folder / file)
    records.write_json(folder / "found.json", {"sections": _shorter(findings),
                                               "provenance": origin})
    lines = ["", f"### {DATA[data]}", "",
             f"    {shlex.join(origin['command'])}", "",
             f"{measured(origin)}: {len(origin['seeds'])} seeds, forget sets of "
             f"{results['sets'][0]['size']}; {origin['cpu_count']} {origin['cpu']} cores, jax "
             f"{origin['versions']['jax']}, {_time(results)}.", "",
             *_markdown(*text.set_table(results["sets"])), "", *scope(results)]
    pictures = sections.figures(findings)
    for title, _, header, table in sections.texts(findings):
        lines += ["", f"**{title}.**", ""]
        for file, content in pictures[title].items():
            records.write_bytes(folder / file, content)
            lines += [f"![{title}](results/studies/{name}/{file})", ""]
        lines += _markdown(*_described(header, table))
    return lines


def _described(header: list[str], table: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """A table without the columns of tests."""
    kept = [column for column, title in enumerate(header) if not title.startswith("test")]
    return [header[column] for column in kept], [[line[column] for column in kept]
                                                 for line in table]


def searched() -> list[str]:
    """The part of the page about searches: commands, and every point."""
    searches = [records.read_json(path) for path in sorted(TARGET.glob("search_*.json"))]
    if not searches:
        return []
    commands = [f"    {shlex.join(search['provenance']['command'])}" for search in searches]
    columns = ("epochs", "learning_rate", "alpha")
    lines = []
    for name, row in (pair for search in searches for pair in search["rows"].items()):
        for trial in row["trials"]:
            hparams, score = trial["steps"][0]["hparams"], trial["validation_tow"]
            best = row["chosen"] and trial["trial"] == row["chosen"]["trial"]
            lines.append([f"`{name}`", *(str(hparams.get(column, "")) for column in columns),
                          interval(score) if score else "diverged", "chosen" if best else ""])
    said = SEARCHED.format(commands="\n".join(commands), seeds=" and ".join(
        str(seed) for seed in searches[0]["sweep"]["seeds"]))
    return [*said.rstrip().split("\n"), "",
            *_markdown(["row", *columns, "validation ToW", ""], lines)]


def kept(page: str, title: str, data: str) -> list[str]:
    """What a page says of the study under that title on those data: its lines, if there are any."""
    for chapter in page.split("\n## ")[1:]:
        heading, *parts = chapter.split("\n### ")
        for section in parts:
            if heading.strip() == title and section.partition("\n")[0] == data:
                return ["", *f"### {section}".rstrip("\n").split("\n")]
    return []


def main() -> None:
    """Writes the page and the files it shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=pathlib.Path, required=True)
    parser.add_argument("--search", type=pathlib.Path, action="append", default=[])
    arguments = parser.parse_args()
    runs = arguments.runs
    for path in arguments.search:
        search = records.read_json(path)
        searched_row = row_spec.parse(next(iter(search["rows"])))
        records.write_json(TARGET / f"search_{searched_row.algorithm}.json", _shorter(search))
    lines, page = [HEAD.rstrip()], PAGE.read_text() if PAGE.is_file() else ""
    for study, title in STUDIES.items():
        body = []
        for data, words in DATA.items():
            workdir = runs / f"{data}_{study}"
            body += (part(workdir.name, data, workdir)
                     if (workdir / "results.json").is_file() else kept(page, title, words))
        lines += ["", f"## {title}", *body] if body else []
    lines += searched()
    records.write_bytes(PAGE, ("\n".join(lines).rstrip() + "\n").encode())


if __name__ == "__main__":
    main()
