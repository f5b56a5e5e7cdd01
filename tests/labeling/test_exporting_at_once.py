"""Exports that run beside each other, and beside the end of their project."""

import itertools

import pytest

from labeler.labeling import exporting, queue
from labeler.projects import removal

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(ranked, annotator, answer):
    ranked.audit_share = 0
    for item in queue.claim(project=ranked, user=annotator, count=4):
        answer(annotator, item, "rust")
    return ranked


def test_two_at_once_are_two_of_the_same(answered):
    """97: read in turns, line by line."""
    one, two = exporting.csv_lines(answered), exporting.csv_lines(answered)
    lines = list(itertools.zip_longest(one, two))
    assert [a for a, _ in lines] == [b for _, b in lines]
    assert len("".join(a for a, _ in lines).splitlines()) == 5


def test_one_that_runs_while_its_project_goes_ends(answered):
    """78: what was read stays what it was; then the rows are gone, and that is no error."""
    lines = exporting.csv_lines(answered)
    assert next(lines).startswith("image,labels,")
    removal.delete(answered)
    assert len(list(lines)) <= 4
