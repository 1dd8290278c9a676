"""Links from the documentation to files of the repository, and pages that are files of its root.

CONTRIBUTING.md and CHANGELOG.md stand in the root, where GitHub looks for them. Their pages here
have the same text, with links that are right from the folder of the documentation. A link to a
folder of the repository becomes the folder's name, as a built page cannot show a folder, and a
link to a file a download. What is not there is a warning.
"""

import pathlib
import re

from sphinx.application import Sphinx
from sphinx.util import logging

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)\s:]+)\)")
_LOG = logging.getLogger(__name__)


def moved(text: str) -> str:
    """Text of a file in the root, with links from the folder `docs` in place of the root."""
    def link(match: re.Match) -> str:
        target = match["target"]
        if target.startswith("#"):
            return match[0]
        inside = target.removeprefix("docs/")
        return f"[{match['text']}]({inside if inside != target else f'../{target}'})"

    return _LINK.sub(link, text)


def shown(text: str, page: pathlib.Path) -> str:
    """Text whose links outside of the documentation lead to what a built site can show.

    A folder becomes its name, a page of PAGES that page, and other Markdown a download; MyST does
    that by itself with files of other kinds. Warns of folders that are not there.

    Args:
      text: of the page, in Markdown.
      page: its path, which links start from.
    """
    def link(match: re.Match) -> str:
        target = match["target"]
        path = (page.parent / target).resolve()
        pages = {(ROOT / file).resolve(): name for name, file in PAGES.items()}
        if target.endswith("/"):
            if not path.is_dir():
                _LOG.warning("there is no folder %s", target, location=str(page))
            return match["text"]
        if path in pages:
            return f"[{match['text']}]({pages[path]}.md)"
        if path.suffix == ".md" and DOCS not in path.parents:
            return f"[{match['text']}](path:{target})"
        return match[0]

    return _LINK.sub(link, text)


def unbroken(text: str) -> str:
    """Text in which a mean and its interval stay on one line of a table's cell."""
    return re.sub(r"^\|.*$", lambda line: line[0].replace(" ± ", "\u00a0±\u00a0"), text,
                  flags=re.MULTILINE)


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    page = pathlib.Path(app.env.doc2path(name))
    if name in PAGES:
        source[0] = moved((ROOT / PAGES[name]).read_text())
        app.env.note_dependency(str(ROOT / PAGES[name]))
    source[0] = unbroken(shown(source[0], page))


def setup(app: Sphinx) -> dict:
    """Registers the extension."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
