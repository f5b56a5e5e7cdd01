"""Images on which people disagree: noticed, shown, settled."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeler.labeling import annotations, disputes, queue, refill
from labeler.labeling.models import Dispute
from labeler.projects.models import Project


@pytest.fixture
def two(project, images, people):
    """A project that asks two people about each image; no audit images."""
    Project.objects.filter(pk=project.pk).update(overlap=2, audit_share=0)
    project.refresh_from_db()
    refill.top_up(project)
    return people(3)


def same_image(project, *users):
    """One item of the same image for each user."""
    mine = queue.claim(project=project, user=users[0])[0]
    items = [mine]
    for user in users[1:]:
        item = queue.claim(project=project, user=user)[0]
        assert item.image_id == mine.image_id
        items.append(item)
    return items


def waiting(project):
    return list(disputes.waiting(project))


def test_two_different_answers_open_a_dispute(project, two, answer):
    ann, ben, _ = two
    first, second = same_image(project, ann, ben)
    answer(ann, first, "rust")
    assert waiting(project) == []
    answer(ben, second, "mildew")
    assert [each.image_id for each in waiting(project)] == [first.image_id]
    assert disputes.count(project) == 1


def test_equal_answers_and_skips_are_no_dispute(project, two, answer):
    ann, ben, _ = two
    for theirs in ({"skip": "unsure"}, None):
        first, second = same_image(project, ann, ben)
        answer(ann, first, "rust")
        answer(ben, second, **theirs) if theirs else answer(ben, second, "rust")
    assert not Dispute.objects.exists()


def test_a_change_of_mind_closes_it_and_opens_it_again(project, two, answer):
    ann, ben, _ = two
    first, second = same_image(project, ann, ben)
    answer(ann, first, "rust")
    answer(ben, second, "mildew")
    answer(ben, second, "rust")
    assert waiting(project) == []
    answer(ann, first, "healthy")
    assert [each.image_id for each in waiting(project)] == [first.image_id]
    assert Dispute.objects.count() == 1


def test_an_undo_closes_it(project, two, answer):
    ann, ben, _ = two
    first, second = same_image(project, ann, ben)
    answer(ann, first, "rust")
    given = answer(ben, second, "mildew").annotation
    annotations.undo(project=project, user=ben, uuid=given.uuid)
    assert waiting(project) == []


def test_a_review_settles_it_and_its_undo_brings_it_back(
    project, two, answer, reviewer, labels, images
):
    ann, ben, _ = two
    first, second = same_image(project, ann, ben)
    answer(ann, first, "rust")
    answer(ben, second, "mildew")
    uuid = "123e4567-e89b-42d3-a456-426614174000"
    annotations.review(
        project=project, user=reviewer, image=first.image, uuid=uuid, label_ids=[labels["rust"]]
    )
    assert waiting(project) == []
    annotations.undo(project=project, user=reviewer, uuid=uuid)
    assert len(waiting(project)) == 1


def test_a_case_shows_the_sides_most_frequent_first(project, images, people, answer, labels):
    Project.objects.filter(pk=project.pk).update(overlap=3, audit_share=0)
    project.refresh_from_db()
    refill.top_up(project)
    users = people(3)
    items = same_image(project, *users)
    for user, item, label in zip(users, items, ("mildew", "rust", "rust"), strict=True):
        answer(user, item, label)
    (case,) = disputes.cases(list(disputes.waiting(project).select_related("image")))
    assert [side.labels for side in case.sides] == [(labels["rust"],), (labels["mildew"],)]
    assert case.sides[0].people == ("person1", "person2")
    assert case.people == 3


def test_only_blind_answers_make_a_dispute_of_an_audit_image(project, two, answer, images):
    ann, ben, _ = two
    first, second = same_image(project, ann, ben)
    answer(ann, first, "rust")
    first.image.audit = True
    first.image.save()
    answer(ben, second, "mildew")
    assert not Dispute.objects.exists(), "both were given before the image was drawn"


def test_the_first_answer_costs_no_further_query(project, images, annotator, answer, labels):
    project.audit_share = 0
    refill.top_up(project)
    item = queue.claim(project=project, user=annotator)[0]
    with CaptureQueriesContext(connection) as queries:
        answer(annotator, item, "rust")
    assert not [q for q in queries if "labeling_dispute" in q["sql"]]
