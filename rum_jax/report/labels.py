"""Names of rows, classes and files as texts that any figure or page can show."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

LINE, LINES = 28, 2     # letters of a line, and lines, that a label in a figure may have
SHORT = 12              # letters that fit above an image
_REFERENCE = re.compile(r"(^|by=)([^\[\];]*?\.py):(\w+)")
_KINDS = ("vanilla:", "rum_f:")
_BREAKS = ":;[/_- "     # a line may end after these


def printable(text: object) -> str:
    """A text on one line without control characters; `(blank)` where nothing is to be seen."""
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" and letter != "\u200d"
                   else letter for letter in str(text))
    return " ".join(kept.split()) or "(blank)"


def function_names(name: str) -> str:
    """A row with `function` in place of each `path/file.py:function`."""
    kind = next((kind for kind in _KINDS if name.startswith(kind)), "")
    return kind + _REFERENCE.sub(r"\1\3", name[len(kind):])


def display_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> what people read: functions in place of paths, where that keeps names apart."""
    names = list(dict.fromkeys(names))
    short = {name: printable(function_names(name)) for name in names}
    taken = list(short.values())
    return {name: text if taken.count(text) == 1 else printable(name)
            for name, text in short.items()}


def cut(text: str, letters: int) -> str:
    """A text of at most so many letters: the middle of a longer one becomes an ellipsis."""
    if len(text) <= letters:
        return text
    end = (letters - 1) // 2
    return f"{text[:letters - 1 - end]}…{text[len(text) - end:]}"


def label(name: str, line: int = LINE, lines: int = LINES) -> str:
    """A printable name in so many lines at most, each of so many letters."""
    rest, parts = cut(printable(name), line * lines - 2 * lines), []
    while len(rest) > line and len(parts) < lines - 1:
        at = max((rest.rfind(letter, line // 2, line) + 1 for letter in _BREAKS), default=0)
        parts.append(rest[:at or line])
        rest = rest[at or line:]
    return "\n".join([*parts, rest])


def labels(names: Sequence[str], line: int = LINE, lines: int = LINES) -> list[str]:
    """A label for each name of a figure; equal ones of different names get a number."""
    shown = display_names(names)
    short = {name: label(text, line, lines) for name, text in shown.items()}
    counts: dict[str, int] = {}
    for name, text in short.items():
        counts[text] = counts.get(text, 0) + 1
        if counts[text] > 1:
            short[name] = f"{text} ({counts[text]})"
    return [short[name] for name in names]
