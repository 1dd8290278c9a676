"""Imports point one way, and nothing grows too large to be read at once."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "rum_jax"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# A module may import from its own layer and from those above it in this list.
LAYERS = [
    {"core"},
    {"runtime"},
    {"data"},
    {"models"},
    {"train"},
    {"memorization", "refine", "unlearn", "evaluate", "proxies", "forget"},
    {"rum", "claims"},
    {"config"},
    {"storage"},
    {"experiment"},
    {"campaign"},
    {"study"},
    {"api"},
    {"replicates", "tuning"},
    {"report"},
    {"cli"},
    {"main", "export", "forget_sets"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def part_of(path: pathlib.Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "rum_jax":
            names |= {alias.name for alias in node.names} - {"__version__"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rum_jax."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("rum_jax.")}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_to_lower_layers(path):
    if path == PACKAGE / "__init__.py":
        return
    layer = part_of(path)
    above = {name for name in imported(ast.parse(path.read_text())) if RANK[name] > RANK[layer]}
    assert not above, f"{layer} must not import {sorted(above)}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_size_and_documentation(path):
    text = path.read_text()
    tree = ast.parse(text)
    most = 300 if path.name == "base.py" and part_of(path) == "config" else 250  # all fields
    assert len(text.splitlines()) <= most
    assert ast.get_docstring(tree), "a module says what it is"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno - node.lineno < 60, node.name
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def nesting(node: ast.AST) -> int:
    """How deep functions stand in functions below a node."""
    return max((nesting(child) + isinstance(child, ast.FunctionDef)
                for child in ast.iter_child_nodes(node)), default=0)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_functions_are_nested_at_most_three_deep(path):
    assert nesting(ast.parse(path.read_text())) <= 3


def test_no_hidden_defaults():
    """A config shows the whole run: the library reads fields, it never falls back."""
    for path in SOURCES:
        assert "config.get(" not in path.read_text(), path
