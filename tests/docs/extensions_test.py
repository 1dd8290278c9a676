"""What the documentation is built with: links to the repository, pages of the API, and faults."""

import pathlib
import shutil
import subprocess
import sys
import types

import pytest
from toy import ROOT

pytest.importorskip("sphinx", reason="needs the extra docs, as in `make docs`")
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import api_reference  # noqa: E402
import repository_links  # noqa: E402


def test_links_of_a_file_in_the_root_start_from_the_folder_of_the_documentation():
    text = "[a](docs/metrics.md#x) [b](rum_jax/main.py) [c](#here) [d](https://x.org/docs/y)"
    assert repository_links.moved(text) == (
        "[a](metrics.md#x) [b](../rum_jax/main.py) [c](#here) [d](https://x.org/docs/y)")


def test_links_out_of_the_documentation_lead_to_what_a_site_has():
    text = ("[a](metrics.md) [b](../rum_jax/unlearn/) [c](../CONTRIBUTING.md) "
            "[d](../tests/golden/README.md) [e](../configs/digits_rum.py)")
    assert repository_links.shown(text, ROOT / "docs" / "index.md") == (
        "[a](metrics.md) b [c](contributing.md) [d](path:../tests/golden/README.md) "
        "[e](../configs/digits_rum.py)")


def test_a_mean_keeps_its_interval_in_tables_alone():
    assert repository_links.unbroken("1 ± 2\n| 1 ± 2 |") == "1 ± 2\n| 1\u00a0±\u00a02 |"


def test_docstrings_become_restructured_text():
    lines = ["A *sum* of |a| * b, `x * y`.", "", "    python -m x", "    --all=*", "",
             "Done by map_."]
    assert api_reference.restructured(lines) == [
        r"A *sum* of \|a\| \* b, `x * y`.", "", "::", "", "    python -m x", "    --all=*", "",
        r"Done by map\_."]
    assert api_reference.restructured(["Attributes:", "a: one", "  more", ""]) == [
        "Attributes:", "  a: one", "    more", ""]


def test_public_names_without_a_docstring_are_found(monkeypatch):
    module = types.ModuleType("rum_jax.thing", "A thing.")
    exec("def told():\n    'Yes.'\ndef untold(): pass\ndef _own(): pass\n"
         "class Kind:\n    'Kind.'\n    def method(self): pass", vars(module))
    for value in (module.told, module.untold, module._own, module.Kind, module.Kind.method):
        value.__module__ = module.__name__
    monkeypatch.setattr(api_reference, "modules", lambda package: [module])
    assert api_reference.undocumented("rum_jax.thing") == [
        "rum_jax.thing.untold", "rum_jax.thing.Kind.method"]


def test_every_package_has_a_page():
    pages = {path.stem for path in api_reference.API.glob("*.md")} - {"index"}
    assert {name.removeprefix("rum_jax.") for name in api_reference.packages()} == pages


@pytest.fixture
def site(tmp_path):
    """A documentation of one page, with the settings and extensions of the real one."""
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copytree(ROOT / "docs" / "_ext", docs / "_ext")
    shutil.copytree(ROOT / "docs" / "_static", docs / "_static")
    shutil.copytree(ROOT / "docs" / "api", docs / "api")
    for page in (docs / "api").glob("*.md"):
        page.write_text("---\norphan: true\n---\n\n# Page\n")
    shutil.copy(ROOT / "docs" / "conf.py", docs)
    return docs


def build(docs: pathlib.Path) -> subprocess.CompletedProcess:
    """As in the Makefile."""
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html", str(docs),
         str(docs / "_build")], capture_output=True, text=True, cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("text, message", [
    ("A [sound](#page) page.", ""),
    ("A [page](nothing.md) that is not there.", "nothing.md"),
    ("A [file](../configs/nothing.py) that is not there.", "nothing.py"),
    ("A [folder](../nothing/) that is not there.", "there is no folder ../nothing/"),
    ("A [heading](#nothing) that is not there.", "nothing")])
def test_a_dead_link_fails_the_build(site, text, message):
    (site / "index.md").write_text(f"# Page\n\n{text}\n")
    done = build(site)
    assert (done.returncode == 0) == (not message), done.stderr
    assert message in done.stderr
