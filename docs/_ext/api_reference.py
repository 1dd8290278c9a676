"""A page for each package of rum_jax: every module with its public functions and classes.

    ```{package} rum_jax.unlearn
    ```

A package without a page, and a public name without a docstring, are warnings, which `make docs`
treats as errors.
"""

import importlib
import inspect
import pathlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import rum_jax

API = pathlib.Path(__file__).parents[1] / "api"
_LOG = logging.getLogger(__name__)
_MARKED = re.compile(r"(`+[^`]+`+|(?<!\S)\*\w+\*(?=[\s.,;:]|$))")  # code, and emphasis of a word
_SPECIAL = re.compile(r"(?<!^)([*|])|(?<=\w)(_)(?!\w)")


def packages() -> list[str]:
    """Names of the packages and single modules of rum_jax."""
    return [f"rum_jax.{info.name}" for info in pkgutil.iter_modules(rum_jax.__path__)]


def modules(package: str) -> list[ModuleType]:
    """A package and the modules below it, in alphabetical order."""
    top = importlib.import_module(package)
    below = pkgutil.walk_packages(getattr(top, "__path__", []), f"{package}.")
    return [top, *(importlib.import_module(info.name) for info in below)]


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Name and value of all public functions, classes and their methods of a module."""
    for name, value in vars(module).items():
        defined_here = getattr(value, "__module__", None) == module.__name__
        named = inspect.isclass(value) or (
            inspect.isfunction(value) and "<locals>" not in value.__qualname__)
        if name.startswith("_") or not defined_here or not named:
            continue
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for method, function in vars(value).items():
                if not method.startswith("_") and inspect.isfunction(function):
                    yield f"{module.__name__}.{name}.{method}", function


def undocumented(package: str) -> list[str]:
    """Modules and public names of a package that have no docstring."""
    return [name for module in modules(package)
            for name, value in ((module.__name__, module), *public(module))
            if not inspect.getdoc(value)]


def restructured(lines: list[str]) -> list[str]:
    """A docstring as reStructuredText: stars and bars are themselves, indented text is as it is.

    Args:
      lines: of the docstring, in the project's style: Google sections, code between backticks.
    """
    if lines[:1] == ["Attributes:"]:  # the rest has lost its indent
        lines = [lines[0], *(f"  {line}" if line else "" for line in lines[1:])]
    rst, before = [], ""
    for line in lines:
        block = line.startswith("    ") and not before.strip() and rst
        if block and not _in_block(rst):
            rst += ["::", ""]
        text = "".join(part if number % 2 else _SPECIAL.sub(r"\\\1\2", part)
                       for number, part in enumerate(_MARKED.split(line)))
        rst.append(line if _in_block([*rst, line]) else text)
        before = line
    return rst


def _in_block(lines: list[str]) -> bool:
    """Whether the last line that is not empty belongs to a literal block."""
    for line in reversed(lines):
        if line == "::":
            return True
        if line.strip() and not line.startswith("    "):
            return False
    return False


class Package(SphinxDirective):
    """All modules of a package, each under a heading of its own."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The sections."""
        package = self.arguments[0]
        for name in undocumented(package):
            _LOG.warning("%s has no docstring", name, location=self.get_location())
        lines = []
        for module in modules(package):
            heading = f"## {module.__name__}" if module.__name__ != package else ""
            lines += [heading, "", "```{eval-rst}",
                      f".. automodule:: {module.__name__}", "   :members:", "```", ""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _check_pages(app: Sphinx) -> None:
    for package in packages():
        if not (API / f"{package.removeprefix('rum_jax.')}.md").is_file():
            _LOG.warning("%s has no page in docs/api", package)


def _docstring(app, kind, name, value, options, lines: list[str]) -> None:
    lines[:] = restructured(lines)


def _skip(app, kind, name, value, skip, options) -> bool | None:
    """Leaves out fields of named tuples, which the docstring of the class describes."""
    return True if type(value).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> dict:
    """Registers the directive."""
    app.add_directive("package", Package)
    app.connect("builder-inited", _check_pages)
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon's
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
