"""CONTRIBUTING.md answers its ten questions with files and names that are there."""

import re

import pytest
from toy import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
QUESTIONS = re.findall(r"^\| (.*\?) \| (.*) \|$", TEXT, re.MULTILINE)


def test_there_are_ten_questions():
    assert len(QUESTIONS) == 10


@pytest.mark.parametrize("question, answer", QUESTIONS, ids=lambda text: text[:40])
def test_an_answer_names_at_most_three_files_and_what_is_in_them(question, answer):
    parts = re.split(r"\[`[^`]+`\]\(([^)]+)\)", answer)[1:]
    files, texts = parts[::2], parts[1::2]
    assert 1 <= len(files) <= 3
    for file, text in zip(files, texts, strict=True):
        source = (ROOT / file).read_text()
        names = re.findall(r"`([^`]+)`", text)
        assert names, f"{file}: what to look for"
        for name in names:
            if name != "done.json":
                assert re.search(rf"\b{re.escape(name)}\b", source), f"{file}: {name}"


def test_what_a_place_is_called_is_in_the_file_that_is_named_for_it():
    """Of each paragraph under "Where to add things": names in capitals are in one of its files."""
    part = TEXT.partition("## Where to add things")[2].partition("## Ten questions")[0]
    paragraphs = [paragraph for paragraph in part.split("\n\n") if paragraph.startswith("**")]
    assert len(paragraphs) == 11
    for paragraph in paragraphs:
        sources = "".join((ROOT / path).read_text() for path in re.findall(
            r"`((?:rum_jax|tests|benchmarks)/[\w/]+\.\w+)`", paragraph))
        for name in re.findall(r"`([A-Z]{5,})`", paragraph):
            assert re.search(rf"\b{name}\b", sources), f"{paragraph.splitlines()[0]}: {name}"
