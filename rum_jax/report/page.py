"""The reports: HTML files that need nothing else."""

import base64
import datetime
import re
from collections.abc import Mapping, Sequence

import jinja2
import markupsafe

from rum_jax.report import sections, tables
from rum_jax.report.labels import display_names, printable
from rum_jax.report.text import answer, findings, rows_by_set, set_table

_WIDTH = re.compile(rb'<svg[^>]* width="([\d.]+)pt"')
_BREAKS = re.compile(r"([:_/\]\[]|;(?= ))")
_NUMBERS = re.compile(r"[-+]?\d[\d.,]*%? [±(]")
_SPACES = re.compile(r"(?<=[±\w]) (?![±(])")
_DIGITS = re.compile(r"\d+\.\d{6,}(?:e[-+]?\d+)?")
PIXELS_PER_POINT = 96 / 72  # CSS pixels for a point of an SVG
MIN_SCALE = 0.86            # smallest scale of a figure at which its text can still be read


def _image(content: bytes) -> dict:
    """An SVG as a data URL, `data`, and its own and smallest width on the page, pixels."""
    match = _WIDTH.search(content[:2000])
    width = round(float(match[1]) * PIXELS_PER_POINT) if match else 0
    return {"data": "data:image/svg+xml;base64," + base64.b64encode(content).decode(),
            "width": width, "least": round(MIN_SCALE * width)}


def _breakable(name: object) -> markupsafe.Markup:
    """A name that may go on in the next line after punctuation."""
    return markupsafe.Markup(_BREAKS.sub(r"\1<wbr>", str(markupsafe.escape(name))))


def joined(text: object) -> markupsafe.Markup:
    """A cell in which a line may end before `±` and parentheses, and nowhere else."""
    kept = _SPACES.sub("\u00a0", str(text)) if _NUMBERS.match(str(text)) else text
    return markupsafe.escape(kept)


def _render(template: str, figures: Mapping[str, bytes], **values: object) -> str:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("rum_jax", "report"),
                                     autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    environment.filters["breakable"] = _breakable
    environment.filters["joined"] = joined
    images = {name: _image(content) for name, content in figures.items()}
    return environment.get_template(template).render(images=images, **values)


def origin(provenance: Mapping) -> str:
    """When, and with which version, in a line below the title."""
    parts = []
    try:
        started = datetime.datetime.fromisoformat(provenance["started"])
        parts.append(f"{started:%Y-%m-%d %H:%M} {started.tzname() or ''}".strip())
    except (KeyError, TypeError, ValueError):
        pass
    version = provenance.get("versions", {}).get("rum_jax")
    parts.append(f"rum_jax {version}" if version else "")
    commit = provenance.get("commit")
    parts.append(f"commit {commit[:10]}" if commit else "")
    return " · ".join(part for part in parts if part)


def _named(texts: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Texts with the names of functions in place of those of files."""
    long = sorted((name for name, text in names.items() if name != text), key=len, reverse=True)
    named = list(texts)
    for name in long:
        named = [text.replace(name, names[name]) for text in named]
    return named


def headline(sentences: Sequence[str]) -> list[str]:
    """The same sentences, the first of all in a paragraph of its own."""
    first, _, rest = sentences[0].partition(". ") if sentences else ("", "", "")
    return [f"{first}.", rest, *sentences[1:]] if rest else list(sentences)


def _rounded(value: object) -> object:
    """A text with five significant digits of each number that has more than five decimals."""
    return _DIGITS.sub(lambda match: f"{float(match[0]):.5g}", value) if isinstance(
        value, str) else value


def render(results: dict, figures: dict[str, bytes],
           section_figures: dict[str, dict[str, bytes]], config: dict, stages: list,
           files: Sequence[str]) -> str:
    """The report of a study.

    Args:
      results: see `results.assemble`.
      figures: file name -> SVG, `<picture>.svg` or `<picture>-<number of the set>.svg`.
      section_figures: title of a section -> {file name: SVG}.
      config: of the run, nested.
      stages: (stage, seconds) pairs, in the order of the run.
      files: names of the files beside the report.
    """
    pictures = {name: content for drawn in section_figures.values()
                for name, content in drawn.items()}
    names = display_names(name for row in results["rows"] for name in (
        row["name"], *filter(None, (row["spec"]["algorithm"], row["spec"]["refinement"]))))
    return _render("study.html", {**figures, **pictures}, results=results,
                   answer=headline(_named(answer(results), names)),
                   origin=origin(results["provenance"]),
                   table=tables.main(results), more=tables.more(results),
                   comparisons=tables.comparisons(results),
                   findings=_named(findings(results), names), config=config,
                   stages=stages, files=files,
                   sets=list(rows_by_set(results)), set_table=set_table(results["sets"]),
                   sections=[(title, _named(sentences, names), head,
                              [_named(line, names) for line in lines]) for
                             title, sentences, head, lines in sections.texts(results["sections"])],
                   pictures={title: list(drawn) for title, drawn in section_figures.items()},
                   full={text: name for name, text in names.items() if text != name})


def render_sweep(results: dict, answer: Sequence[str], figures: dict[str, bytes],
                 header: list[str], lines: list[list]) -> str:
    """The report of a sweep.

    Args:
      results: what sweep.json has.
      answer: what was chosen, in sentences.
      figures: row -> SVG.
      header, lines: the table of all points.
    """
    return _render("sweep.html", figures, results=results, answer=answer, header=header,
                   lines=[[*line[:1], *map(_rounded, line[1:])] for line in lines],
                   names=display_names(results["rows"]),
                   origin=origin(results["provenance"]))


def render_campaign(summary: dict, cost: dict, findings: list[str],
                    reliability: tuple[list[str], list[list[str]]], figures: dict[str, bytes],
                    config: dict, files: Sequence[str], provenance: dict) -> str:
    """The report of a campaign.

    Args:
      summary, cost: see `campaign.pipeline.Results`.
      findings: sentences about it.
      reliability: header and lines of that table.
      figures: file name -> SVG.
      config: of the run, nested.
      files: names of the files beside the report.
      provenance: of the process that writes the report.
    """
    return _render("campaign.html", figures, summary=summary, cost=cost, findings=findings,
                   reliability=reliability, config=config, files=files,
                   origin=origin(provenance))


def render_claims(results: dict, figures: dict[str, bytes], config: dict, files: Sequence[str],
                  **parts: object) -> str:
    """The report of a study over replicates.

    Args:
      results: see `replicates.results.assemble`.
      figures: file name -> SVG.
      config: of the run, nested.
      files: names of the files beside the report.
      parts: what claims.html shows: `counted`, `answers`, `scope`, `families`, `contrasts`,
        `sensitivity`, `tables`, `costs`, `searches`, `auto_rum`, `replicates`.
    """
    return _render("claims.html", figures, results=results, config=config, files=files,
                   origin=origin(results["provenance"]), **parts)
