"""Answers of a deleted account: kept under a name that says nothing, or taken out."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from labeler.accounts import leaving as accounts_leaving
from labeler.accounts.models import Leaving
from labeler.labeling import leaving, refill
from labeler.labeling.models import Annotation, Comment, Dispute, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project, User
from labeler.work import leases

pytestmark = pytest.mark.django_db


def answer(image, user, label, **fields):
    made = Annotation.objects.create(
        uuid=uuid4(), project=image.project, image=image, user=user, body={"label_ids": [label.pk]},
        **fields,
    )  # fmt: skip
    made.labels.add(label)
    Image.objects.filter(pk=image.pk).update(state="labeled")
    return made


def work():
    row = leases.claim(Leaving)
    leaving.run(row)
    row.refresh_from_db()
    return row


def state(image):
    image.refresh_from_db()
    return image.state


@pytest.fixture
def labels(project):
    return list(project.labels.order_by("place"))


def test_kept_answers_stay_as_they_are(project, images, annotator, labels):
    answer(images[3], annotator, labels[0])
    accounts_leaving.delete(annotator)
    assert not Leaving.objects.exists()
    assert Annotation.objects.get().user.username == f"someone-{annotator.pk}"
    assert state(images[3]) == "labeled"


def test_deleted_answers_are_gone_and_their_images_are_asked_again(
    project, images, annotator, reviewer, labels
):
    refill.top_up(project)
    QueueItem.objects.update(done_at="2026-01-01T00:00:00Z")
    for image in (images[0], images[3], images[4]):
        answer(image, annotator, labels[0], audit=image.audit)
    answer(images[4], reviewer, labels[0])
    Comment.objects.create(
        project=project, image=images[3], user=annotator, uuid=uuid4(), text="mine"
    )
    Comment.objects.create(
        project=project, image=images[3], user=reviewer, uuid=uuid4(), text="theirs"
    )
    accounts_leaving.delete(annotator, answers="delete")
    row = work()
    assert (row.state, row.answers, row.comments) == ("done", 3, 1)
    assert not Annotation.objects.filter(user=annotator).exists()
    assert [comment.text for comment in Comment.objects.all()] == ["theirs"]
    assert [state(image) for image in (images[0], images[3], images[4])] == [
        "open", "open", "labeled",
    ]  # fmt: skip
    asked = QueueItem.objects.filter(done_at=None).values_list("image", "audit")
    assert (images[0].pk, True) in asked
    assert (images[3].pk, False) in asked
    assert images[4].pk not in [image for image, _ in asked]


def test_what_others_said_stays(project, images, annotator, reviewer, admin, labels):
    """A review of theirs goes, and what it replaced counts again; reviews by others stand."""
    mended = answer(images[3], annotator, labels[0], current=False)
    review = answer(images[3], reviewer, labels[1], source="review", supersedes=mended)
    first = answer(images[4], admin, labels[0], current=False)
    own = answer(images[4], annotator, labels[1], source="review", supersedes=first)
    Annotation.objects.filter(pk=own.pk).update(body={"replaced": [first.pk]})
    accounts_leaving.delete(annotator, answers="delete")
    work()
    left = {row.pk: row for row in Annotation.objects.all()}
    assert set(left) == {review.pk, first.pk}
    assert left[review.pk].current
    assert left[review.pk].supersedes is None
    assert left[first.pk].current
    assert state(images[4]) == "labeled"


def test_a_disagreement_with_them_is_over(project, images, annotator, reviewer, labels):
    answer(images[3], annotator, labels[0])
    answer(images[3], reviewer, labels[1])
    Dispute.objects.create(project=project, image=images[3])
    accounts_leaving.delete(annotator, answers="delete")
    work()
    assert Dispute.objects.get().closed_at is not None


def test_it_goes_on_where_a_worker_died(project, images, annotator, labels, monkeypatch):
    monkeypatch.setattr(leaving, "AT_ONCE", 2)
    for image in images[2:8]:
        answer(image, annotator, labels[0])
    accounts_leaving.delete(annotator, answers="delete")
    row = leases.claim(Leaving)
    assert leaving._piece(row, project.pk)
    Leaving.objects.update(state="due", attempts=0)  # as when its lease ran out
    with pytest.raises(leases.LeaseLost):
        leaving._piece(row, project.pk)
    assert Annotation.objects.count() == 4
    assert work().answers == 6


def test_in_all_projects_and_of_nobody_else(project, images, annotator, reviewer, labels, owner):
    other = Project.objects.create(name="Elsewhere", audit_seed=1, created_by=owner)
    there = Image.objects.create(
        project=other, row=0, sha256="f" * 64, name="x.png", width=3, height=3, format="PNG",
        bytes=9, key=0.5,
    )  # fmt: skip
    answer(there, annotator, labels[0])
    answer(images[3], annotator, labels[0])
    kept = answer(images[5], reviewer, labels[0])
    accounts_leaving.delete(annotator, answers="delete")
    work()
    assert list(Annotation.objects.all()) == [kept]


def test_a_piece_asks_as_much_for_few_as_for_many(project, images, annotator, labels):
    for image in images[2:4]:
        answer(image, annotator, labels[0])
    accounts_leaving.delete(annotator, answers="delete")
    row = leases.claim(Leaving)
    with CaptureQueriesContext(connection) as few:
        leaving._piece(row, project.pk)
    for image in images[4:10]:
        answer(image, User.objects.get(pk=annotator.pk), labels[0])
    with CaptureQueriesContext(connection) as many:
        leaving._piece(row, project.pk)
    assert len(many) <= len(few) + 4  # a look at the dispute of each image
