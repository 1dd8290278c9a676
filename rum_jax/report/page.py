"""The reports: HTML files that need nothing else."""

import base64

import jinja2

from rum_jax.report import sections
from rum_jax.report.text import cells, findings, header, more_cells, of_sets, set_table


def _render(template: str, figures: dict[str, bytes], **values: object) -> str:
    environment = jinja2.Environment(loader=jinja2.PackageLoader("rum_jax", "report"),
                                     autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    images = {name: base64.b64encode(content).decode() for name, content in figures.items()}
    return environment.get_template(template).render(images=images, **values)


def render(results: dict, figures: dict[str, bytes], config: dict, stages: list) -> str:
    """The report of a study.

    Args:
      results: see `results.assemble`.
      figures: file name -> PNG, `<picture>.png` or `<picture>-<number of the set>.png`.
      config: of the run, nested.
      stages: (stage, seconds) pairs, in the order of the run.
    """
    own = sections.figures(results["sections"])
    pictures = {name: content for made in own.values() for name, content in made.items()}
    return _render("study.html", {**figures, **pictures}, results=results,
                   header=header(results), cells=cells(results), more=more_cells(results),
                   findings=findings(results), config=config, stages=stages,
                   sets=list(of_sets(results)), set_table=set_table(results["sets"]),
                   sections=list(sections.texts(results["sections"])),
                   pictures={title: list(made) for title, made in own.items()},
                   drawn=list(figures))


def render_sweep(results: dict, figures: dict[str, bytes], header: list[str],
                 lines: list[list]) -> str:
    """The report of a sweep.

    Args:
      results: what sweep.json has.
      figures: row -> PNG.
      header, lines: the table of all points.
    """
    return _render("sweep.html", figures, results=results, header=header, lines=lines)


def render_campaign(summary: dict, cost: dict, findings: list[str], figures: dict[str, bytes],
                    config: dict) -> str:
    """The report of a campaign.

    Args:
      summary, cost: see `stages/merge.py`.
      findings: sentences about it.
      figures: file name -> PNG.
      config: of the run, nested.
    """
    return _render("campaign.html", figures, summary=summary, cost=cost, findings=findings,
                   config=config)
