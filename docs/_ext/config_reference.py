"""Tables of all fields of a config, made from the code and the comments of `config/base.py`.

    ```{config-fields}
    ```

makes a section for each part of the config, with a line for each field: name, default, comment.
A field without a comment is a warning, which `make docs` treats as an error.

    ```{hyperparameters}
    ```

makes a table of the hyper-parameters of every unlearning algorithm.
"""

import re

from config_comments import sections
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from rum_jax.config import base
from rum_jax.unlearn import ALGORITHMS

_LOG = logging.getLogger(__name__)


def shown(value: object) -> str:
    """A default as it is written on the command line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:text.find(',')]}, ...)"


def _cell(text: str) -> str:
    return re.sub(r"([|<>])", r"\\\1", text)


class ConfigFields(SphinxDirective):
    """The sections, as tables."""

    def run(self) -> list[nodes.Node]:
        """Headings and tables."""
        self.env.note_dependency(base.__file__)
        lines = []
        for section in sections():
            lines += [f"### {f'`config.{section.name}`' if section.name else 'The study'}", "",
                      _sentence(section.about), "", "| field | default | meaning |",
                      "|---|---|---|"]
            for field in section.fields:
                if not field.comment:
                    _LOG.warning("config.%s has no comment in %s", field.name, base.__file__,
                                 location=self.get_location())
                lines.append(f"| `{field.name}` | `{_cell(shown(field.default))}` | "
                             f"{_cell(field.comment)} |")
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _sentence(text: str) -> str:
    text = text.strip().rstrip(":.,;")
    return f"{text[:1].upper()}{text[1:]}." if text else ""


class HyperParameters(SphinxDirective):
    """Defaults of every algorithm, and what the released code has where it differs."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        lines = ["| algorithm | hyper-parameters and defaults | of the released code |",
                 "|---|---|---|"]
        for name, algorithm in ALGORITHMS.items():
            defaults, other = (", ".join(f"`{key}={shown(value)}`" for key, value in table.items())
                               for table in (algorithm.hparams(), algorithm.reference))
            lines.append(f"| `{name}` | {defaults or 'none'} | {other or 'the same'} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict:
    """Registers the directives."""
    app.add_directive("config-fields", ConfigFields)
    app.add_directive("hyperparameters", HyperParameters)
    return {"parallel_read_safe": True}
