"""What a worker stored in English reads well in another language."""

import pytest
from django.utils import translation

from labeler.pools import archive_refusals, decoder, decoding, sources
from labeler.pools.refusing import Refused
from labeler.projects.stored_words import SENTENCES, told

CONSTANTS = [
    *(each for each in vars(archive_refusals).values() if isinstance(each, Refused)),
    *sources.REFUSALS.values(),
    decoding.TOO_MUCH,
    Refused(**decoder.TOO_MUCH_MEMORY),
]


@pytest.mark.parametrize("refused", CONSTANTS, ids=lambda each: each.code)
def test_every_refusal_is_known_in_japanese(refused):
    with translation.override("ja"):
        assert told(refused.reason) != refused.reason
        assert told(refused.remedy) != refused.remedy


def test_what_differs_is_kept():
    stored = "The picture is 20000 × 31 pixels; 20000 is the longest side allowed."
    assert told(stored) == stored
    with translation.override("ja"):
        assert "20000" in told(stored)
        assert "31" in told(stored)
        assert told(stored) != stored


def test_a_known_word_inside_is_told_too():
    with translation.override("ja"):
        words = told("The file is a PDF document, which cannot be used here.")
        assert "PDF" in words
        assert "document" not in words


@pytest.mark.parametrize("words", ["", "Something nobody foresaw.", "100 %", "%(n)s", "%s %d"])
def test_what_is_not_known_stays(words):
    with translation.override("ja"):
        assert told(words) == words


def test_no_sentence_swallows_another():
    whole = [each for each in SENTENCES if "%(" not in each]
    assert [told(each) for each in whole] == whole
