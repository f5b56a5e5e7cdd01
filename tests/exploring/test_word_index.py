"""The index of words finds what a look through every line would find."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeler.exploring import word_index
from labeler.exploring.word_index import END

SIGNS = "ab1.-_/ é\x1f "
LINES = st.lists(st.text(SIGNS, max_size=12), min_size=1, max_size=6)
ASKED = st.text("ab1.-_/é", min_size=1, max_size=5)


def found(lines, text):
    coded = [line.encode() + END for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        word_index.write(coded, Path(folder), lambda done, total: None)
        index = word_index.read(Path(folder))
        return index.having(text, np.ones(len(coded), dtype=bool)).tolist()


@pytest.mark.parametrize("many", [0.0, 1.0])
def test_it_finds_what_a_look_through_every_line_finds(many, monkeypatch):
    monkeypatch.setattr(word_index, "MANY", many)

    @settings(max_examples=60, deadline=None)
    @given(lines=LINES, text=ASKED)
    def check(lines, text):
        assert found(lines, text) == [text in line for line in lines]

    check()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ab-cd", [0]),
        ("b-c", [0]),
        ("--", [3]),
        ("ab-", [0, 1, 3]),
        ("-cd", [0, 1]),
        ("cd", [0, 1]),
    ],
)
def test_words_with_a_space_between_do_not_follow_each_other(text, rows):
    lines = ["ab-cd", "ab- -cd", "ab", "ab --ab-", ""]
    assert np.flatnonzero(found(lines, text)).tolist() == rows
