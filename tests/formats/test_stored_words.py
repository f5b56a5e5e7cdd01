"""What a format says of a file or a row is known to the pages, which translate it."""

import ast
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

from labeler import formats
from labeler.projects.stored_words import knows, told

TO_PROGRAMS = "label_studio_config"  # what it says goes to Label Studio, never to a page
FILES = sorted(
    file for file in Path(formats.__file__).parent.glob("*.py") if file.stem != TO_PROGRAMS
)


def sentences(file):
    """What stands in the code and reads like a sentence; "7" for what differs."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)  # a docstring
    inside = {id(part) for f in ast.walk(tree) if isinstance(f, ast.JoinedStr) for part in f.values}
    for node in ast.walk(tree):
        words = ""
        if isinstance(node, ast.JoinedStr):
            words = "".join(getattr(part, "value", "") if isinstance(part, ast.Constant) else "7"
                            for part in node.values)  # fmt: skip
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = "" if id(node) in inside else node.value
        begins = words[:1].isupper() or words.startswith("7 ")
        if " " in words and begins and words.endswith("."):
            yield words


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_page_knows_each_sentence(file):
    assert [words for words in sentences(file) if not knows(words)] == []


def test_there_are_sentences():
    found = [words for file in FILES for words in sentences(file)]
    assert len(found) > 60
    assert "The row names no file." in found
    assert {"The row has 7 of 7 cells.", "The row is no CSV: 7."} <= set(found)


def test_a_reason_is_read_behind_the_name_of_its_file():
    with override("ja"):
        empty = gettext("The file is empty.")
        assert empty != "The file is empty."
        assert told("a: b.csv: The file is empty.") == "a: b.csv: The file is empty."
        assert told("l.csv: The file is empty.") == f"l.csv: {empty}"
