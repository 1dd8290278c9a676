"""README and documentation as text: pages, blocks, commands."""

import pathlib
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from toy import ROOT

DOCS = ROOT / "docs"
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in ROOT_PAGES), *sorted(DOCS.glob("*.md"))]
# Indented blocks of Markdown that are no commands begin so.
NOT_COMMANDS = ("FROM ",)
_FENCE = re.compile(r"^```(?P<kind>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("python", "make", "pip", "pytest", "bash")


class Command(NamedTuple):
    """A command of a page: the page's name, and the words of the command."""

    page: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        """The words in one line."""
        return shlex.join(self.words)


def name_of(page: pathlib.Path) -> str:
    """The path from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: pathlib.Path) -> list[tuple[str, str]]:
    """(kind, body) of every fenced block."""
    return [(match["kind"].strip(), match["body"]) for match in _FENCE.finditer(page.read_text())]


def prose(page: pathlib.Path) -> str:
    """The text without fenced blocks."""
    return _FENCE.sub("", page.read_text())


def indented(page: pathlib.Path) -> list[str]:
    """Indented code blocks: paragraphs of indented lines that do not go on with a list."""
    code_blocks, before = [], ""
    for paragraph in re.split(r"\n\s*\n", prose(page).strip("\n")):
        lines = paragraph.splitlines()
        if all(line.startswith("    ") for line in lines) and not before.startswith(("- ", "  ")):
            code_blocks.append("\n".join(line[4:] for line in lines))
        before = paragraph
    return code_blocks


def python_files() -> dict[str, str]:
    """Name -> source of every Python block that begins with the name of its file."""
    return {match[1]: body for page in PAGES for kind, body in blocks(page)
            if kind == "python" and (match := re.match(r"# (\w+\.py)\n", body))}


def commands(page: pathlib.Path) -> Iterator[Command]:
    """All commands of blocks, and of code in the text that begins with a program's name."""
    scripts = [body for kind, body in blocks(page) if kind == "sh"]
    scripts += [block for block in indented(page) if not block.startswith(NOT_COMMANDS)]
    scripts += [span for span in re.findall(r"`([^`\n]+)`", prose(page))
                if span.split()[0] in _PROGRAMS and " " in span]
    for script in scripts:
        for line in script.replace("\\\n", " ").splitlines():
            yield from _split(name_of(page), shlex.split(line, comments=True))


def _split(page: str, words: list[str]) -> Iterator[Command]:
    """Commands of a line, without variables before them and redirections behind them."""
    while words:
        end = words.index("&&") if "&&" in words else len(words)
        command = words[:end]
        command = command[:command.index(">")] if ">" in command else command
        while command and re.match(r"[A-Z_]+=", command[0]):
            command = command[1:]
        if command:
            yield Command(page, tuple(command))
        words = words[end + 1:]
