"""The report: one HTML file that needs nothing else."""

import base64
import importlib.resources

import jinja2

from rum_jax.report.text import HEADER, cells, findings


def render(results: dict, figures: dict[str, bytes], config: dict, fields: list) -> str:
    """The page.

    Args:
      results: see `results.assemble`.
      figures: file name -> PNG.
      config: of the run, nested.
      fields: (stage, seconds) pairs, in the order of the run.
    """
    source = (importlib.resources.files("rum_jax.report") / "template.html").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    images = {name: base64.b64encode(content).decode() for name, content in figures.items()}
    return environment.from_string(source).render(
        results=results, header=HEADER, cells=cells(results), findings=findings(results),
        images=images, config=config, stages=fields)
