"""What people say together."""

import pytest

from labeler.labeling import annotations, consensus, queue, refill
from labeler.labeling.consensus import agree


@pytest.mark.parametrize(
    ("votes", "multi", "expected"),
    [
        ([{1}], False, [1]),
        ([{1}, {1}, {2}], False, [1]),
        ([{1}, {2}], False, None),
        ([], False, None),
        ([set()], True, []),
        ([{1, 2}, {2}], True, [2]),
        ([{1, 2}, {2, 1}, {3}], True, [1, 2]),
    ],
)
def test_agreement(votes, multi, expected):
    assert agree([frozenset(v) for v in votes], multi=multi) == expected


def test_audit_images_are_never_trained_on(project, images, annotator, answer, labels):
    for item in queue.claim(project=project, user=annotator, count=50):
        answer(annotator, item, "rust")
    assert [row for row, _ in consensus.training_answers(project)] == list(range(2, 10))
    assert [row for _, row, _ in consensus.audit_answers(project)] == [0, 1]
    assert consensus.answered_count(project) == 10


def test_skips_and_undone_answers_teach_nothing(ranked, annotator, answer):
    first, second = queue.claim(project=ranked, user=annotator, count=2)
    answer(annotator, first, skip="broken")
    outcome = answer(annotator, second, "rust")
    annotations.undo(project=ranked, user=annotator, uuid=outcome.annotation.uuid)
    assert consensus.training_answers(ranked) == []
    assert consensus.newest(ranked) > outcome.annotation.pk, "an undo is news for training"


def test_none_of_them_is_taught_in_a_multi_label_project(project, images, annotator, answer):
    project.kind = "multi"
    refill.top_up_random(project)
    project.audit_share = 0
    answer(annotator, queue.claim(project=project, user=annotator)[0])
    assert consensus.training_answers(project) == [(2, [])]


def test_answers_since(ranked, annotator, answer):
    ranked.audit_share = 0
    items = queue.claim(project=ranked, user=annotator, count=3)
    first = answer(annotator, items[0], "rust").annotation
    for item in items[1:]:
        answer(annotator, item, "rust")
    assert consensus.answers_since(ranked, 0) == 3
    assert consensus.answers_since(ranked, first.pk) == 2
