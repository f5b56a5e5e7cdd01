"""Taking back: a new row, and the image is asked again, first."""

from uuid import uuid4

import pytest

from labeler.labeling import annotations, queue
from labeler.labeling.models import Annotation


@pytest.fixture
def undo(project):
    def take_back(user, outcome, **more):
        uuid = outcome.annotation.uuid
        return annotations.undo(project=project, user=user, uuid=uuid, **more)

    return take_back


@pytest.fixture(autouse=True)
def _no_audit(project):
    project.audit_share = 0
    project.save()


def test_undo_is_a_row_and_the_image_comes_back_first(ranked, annotator, answer, undo):
    first, second = queue.claim(project=ranked, user=annotator, count=2)
    outcome = answer(annotator, second, "rust")
    undone = undo(annotator, outcome)
    assert undone.code == "created"
    assert undone.item == second
    assert list(Annotation.objects.order_by("pk").values_list("kind", "current")) == [
        ("labels", False),
        ("undo", False),
    ]
    second.image.refresh_from_db()
    assert second.image.state == "open"
    assert [i.pk for i in queue.claim(project=ranked, user=annotator, count=2)] == [
        second.pk,
        first.pk,
    ]
    assert answer(annotator, second, "mildew").code == "created"


def test_ten_answers_can_be_taken_back_one_after_another(project, images, annotator, answer, undo):
    items = queue.claim(project=project, user=annotator, count=10)
    outcomes = [answer(annotator, item, "rust") for item in items]
    for outcome in reversed(outcomes):
        assert undo(annotator, outcome).code == "created"
    assert [i.pk for i in queue.claim(project=project, user=annotator, count=10)] == [
        i.pk for i in items
    ]


def test_undoing_twice_is_undoing_once(ranked, annotator, answer, undo):
    outcome = answer(annotator, queue.claim(project=ranked, user=annotator)[0], "rust")
    fresh = uuid4()
    first, again = (
        undo(annotator, outcome, new_uuid=fresh),
        undo(annotator, outcome, new_uuid=fresh),
    )
    other = undo(annotator, outcome)
    assert again.code == other.code == "replayed"
    assert first.annotation == again.annotation == other.annotation


def test_anothers_answer_cannot_be_undone(ranked, annotator, reviewer, answer, undo):
    outcome = answer(annotator, queue.claim(project=ranked, user=annotator)[0], "rust")
    assert undo(reviewer, outcome).status == 404
    assert Annotation.objects.get().current


@pytest.mark.parametrize("uuid", ["x", None, str(uuid4())])
def test_an_unknown_answer_cannot_be_undone(ranked, annotator, uuid):
    outcome = annotations.undo(project=ranked, user=annotator, uuid=uuid)
    assert outcome.status in (404, 422)


def test_an_answer_that_was_changed_is_undone_by_its_newer_self(ranked, annotator, answer, undo):
    item = queue.claim(project=ranked, user=annotator)[0]
    first, second = answer(annotator, item, "rust"), answer(annotator, item, "mildew")
    assert undo(annotator, first).code == "conflict"
    assert undo(annotator, second).code == "created"


def test_undo_of_a_skip(ranked, annotator, answer, undo):
    item = queue.claim(project=ranked, user=annotator)[0]
    undo(annotator, answer(annotator, item, skip="unsure"))
    item.image.refresh_from_db()
    assert item.image.state == "open"


def test_a_review_stands_alone_and_its_undo_brings_the_answers_back(
    ranked, annotator, reviewer, answer, labels, undo
):
    item = queue.claim(project=ranked, user=annotator)[0]
    answer(annotator, item, "rust")
    review = annotations.review(
        project=ranked, user=reviewer, image=item.image, label_ids=[labels["mildew"]], uuid=uuid4()
    )
    current = Annotation.objects.get(current=True)
    assert (current.source, current.user) == ("review", reviewer)
    assert answer(annotator, item, "healthy").code == "claim_lost", "the reviewer has settled it"
    undo(reviewer, review)
    assert Annotation.objects.get(current=True).user == annotator


def test_a_review_closes_the_question_for_everybody(ranked, annotator, reviewer, answer, labels):
    item = queue.claim(project=ranked, user=annotator)[0]
    uuid = uuid4()
    first, again = (
        annotations.review(
            project=ranked, user=reviewer, image=item.image, label_ids=[labels["rust"]], uuid=uuid
        )
        for _ in range(2)
    )
    assert (first.code, again.code) == ("created", "replayed")
    assert answer(annotator, item, "rust").code == "claim_lost"
    assert item.image_id not in {
        i.image_id for i in queue.claim(project=ranked, user=annotator, count=50)
    }


def test_an_image_of_another_project_cannot_be_reviewed(ranked, outsider, images):
    own = outsider.projects.get()
    outcome = annotations.review(
        project=own, user=outsider, image=images[0], skip="broken", uuid=uuid4()
    )
    assert outcome.status == 404
