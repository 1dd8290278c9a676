"""Links, paths and names of tests in README and documentation lead to what is there."""

import re

import pytest
from toy import ROOT

from docs.pages import DOCS, PAGES, name_of, prose

_LINK = re.compile(r"\]\((?P<target>[^)\s]*)\)")
_PATH = re.compile(r"`((?:rum_jax|docs|tests|benchmarks|launch)/[\w./*-]*)(?::[\w,]+)?`")
BUILT = ("docs/_build",)  # what `make docs` makes


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page) -> set[str]:
    """Of all headings of a page, and those that are written out."""
    text = prose(page)
    return {*(slug(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")),
            *re.findall(r'<a id="([\w-]+)"></a>', text)}


def faults(page) -> list[str]:
    """Links of a page that lead nowhere; those to other sites are not looked at."""
    messages = []
    for match in _LINK.finditer(prose(page)):
        path, _, anchor = match["target"].partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT):
            messages.append(f"{match['target']}: there is no such file in the repository")
        elif anchor and anchor not in anchors(target):
            messages.append(f"{match['target']}: there is no such heading")
    return messages


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page):
    assert not faults(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_of_the_repository_are_there(page):
    named = {path for path in _PATH.findall(prose(page)) if not path.startswith(BUILT)}
    assert not [path for path in named if not list(ROOT.glob(path))]


def test_tests_that_show_parity_are_there():
    defined = {name for path in (ROOT / "tests").rglob("*_test.py")
               for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)}
    named = set(re.findall(r"`(test_\w+)`", prose(DOCS / "parity.md")))
    assert len(named) > 20 and not named - defined


def test_what_docstrings_cite_of_the_parity_page_is_there():
    cited = {anchor for path in (ROOT / "rum_jax").rglob("*.py")
             for anchor in re.findall(r"docs/parity\.md#([\w-]+)", path.read_text())}
    assert len(cited) > 20 and not cited - anchors(DOCS / "parity.md")


def test_every_page_is_in_the_table_of_contents():
    entries = set(re.findall(r"^[\w/]+$", (DOCS / "index.md").read_text(), re.MULTILINE))
    assert {path.stem for path in DOCS.glob("*.md")} - {"index"} <= entries


def test_a_link_that_leads_nowhere_is_found(monkeypatch):
    page = DOCS / "index.md"
    monkeypatch.setattr("docs.links_test.prose", lambda _: "# A `b` (c)\n[x](nothing.md) "
                        "[y](concepts.md#no-such-heading) [z](concepts.md) [w](#a-b-c)")
    assert faults(page) == ["nothing.md: there is no such file in the repository",
                            "concepts.md#no-such-heading: there is no such heading"]
