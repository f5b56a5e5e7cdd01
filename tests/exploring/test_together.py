"""Many images labeled in one press, and asked next in one press."""

from uuid import UUID, uuid4

import pytest

from labeler.labeling import annotations, asking, disputes, queue, refill, together
from labeler.labeling.answers import Refused
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def rust(project):
    return project.labels.get(name="rust")


def give(project, user, images, label, batch=None):
    return together.label_together(
        project, user, [image.pk for image in images], [label.pk], batch or uuid4()
    )


def state_of(image):
    return Image.objects.get(pk=image.pk).state


def test_all_get_the_label_and_leave_the_queue(project, reviewer, images, rust):
    refill.top_up(project)
    done = give(project, reviewer, images[2:6], rust)
    assert (done.labeled, done.left_out) == (4, 0)
    rows = Annotation.objects.filter(image__in=images[2:6], current=True)
    assert {row.source for row in rows} == {"explore"}
    assert {label.name for row in rows for label in row.labels.all()} == {"rust"}
    assert {state_of(image) for image in images[2:6]} == {"labeled"}
    assert not QueueItem.objects.filter(image__in=images[2:6], done_at=None).exists()


def test_audit_images_are_left_out(project, reviewer, images, rust):
    done = give(project, reviewer, images, rust)
    assert (done.labeled, done.audit) == (8, 2)
    assert {state_of(image) for image in images[:2]} == {"open"}


def test_the_same_press_again_changes_nothing(project, reviewer, images, rust):
    batch = uuid4()
    give(project, reviewer, images[2:6], rust, batch)
    before = Annotation.objects.count()
    assert give(project, reviewer, images[2:6], rust, batch).labeled == 4
    assert Annotation.objects.count() == before


def test_what_was_answered_stays(project, reviewer, annotator, images, rust):
    healthy = project.labels.get(name="healthy")
    give(project, annotator, images[2:4], healthy)
    done = give(project, reviewer, images[2:6], rust)
    assert (done.labeled, done.answered) == (2, 2)
    kept = Annotation.objects.get(image=images[2], current=True)
    assert kept.labels.get() == healthy


def test_what_somebody_holds_stays_theirs(project, reviewer, annotator, images, rust):
    refill.top_up(project)
    Project.objects.filter(pk=project.pk).update(audit_share=0)
    project.refresh_from_db()
    held = queue.claim(project=project, user=annotator, count=1)[0]
    done = give(project, reviewer, images[2:], rust)
    assert (done.labeled, done.held) == (7, 1)
    outcome = annotations.record(
        project=project, user=annotator,
        answers=[{"uuid": str(uuid4()), "item": held.pk, "labels": [rust.pk]}],
    )[0]  # fmt: skip
    assert outcome.code == "created"


def test_undo_takes_back_the_whole_press(project, reviewer, images, rust):
    refill.top_up(project)
    asked = set(QueueItem.objects.filter(done_at=None, audit=False).values_list("image", flat=True))
    batch = uuid4()
    give(project, reviewer, images[2:6], rust, batch)
    assert together.undo_together(project, reviewer, batch) == 4
    assert together.undo_together(project, reviewer, batch) == 0
    assert {state_of(image) for image in images[2:6]} == {"open"}
    again = QueueItem.objects.filter(done_at=None, audit=False, claimed_by=None)
    assert set(again.values_list("image", flat=True)) == asked
    refill.replace(project, [], strategy="margin", version=None)  # the next round clears the queue


def test_only_ones_own_press_is_undone(project, reviewer, admin, images, rust):
    batch = uuid4()
    give(project, reviewer, images[2:6], rust, batch)
    assert together.undo_together(project, admin, batch) == 0


def test_one_label_is_due_where_images_have_one(project, reviewer, images):
    labels = [label.pk for label in project.labels.all()]
    with pytest.raises(Refused):
        together.label_together(project, reviewer, [images[3].pk], labels, uuid4())


def test_several_labels_in_a_project_of_several(project, reviewer, images):
    Project.objects.filter(pk=project.pk).update(kind="multi")
    project.refresh_from_db()
    labels = [label.pk for label in project.labels.all()[:2]]
    done = together.label_together(project, reviewer, [images[3].pk], labels, uuid4())
    assert done.labeled == 1
    kept = Annotation.objects.get(image=images[3], current=True)
    assert {label.pk for label in kept.labels.all()} == set(labels)


def test_two_people_may_answer_where_two_answers_are_wished(project, reviewer, admin, images, rust):
    Project.objects.filter(pk=project.pk).update(overlap=2)
    project.refresh_from_db()
    healthy = project.labels.get(name="healthy")
    give(project, reviewer, images[2:4], rust)
    assert give(project, admin, images[2:4], healthy).labeled == 2
    assert disputes.is_open(images[2])


def test_asked_for_comes_first_and_survives_a_refill(project, annotator, images):
    Project.objects.filter(pk=project.pk).update(audit_share=0)
    project.refresh_from_db()
    ranked = [refill.Ranked(image.pk) for image in images[2:8]]
    refill.replace(project, ranked, strategy="margin", version=1)
    done = asking.ask_next(project, [images[7].pk, images[9].pk, images[0].pk])
    assert (done.asked, done.audit) == (2, 1)
    refill.replace(project, ranked[:4], strategy="margin", version=2)
    first = queue.claim(project=project, user=annotator, count=2)
    assert {item.image_id for item in first} == {images[7].pk, images[9].pk}
    assert {item.strategy for item in first} == {"asked_for"}


def test_asking_twice_is_asking_once(project, images):
    asking.ask_next(project, [images[7].pk])
    asking.ask_next(project, [images[7].pk])
    assert QueueItem.objects.filter(image=images[7], done_at=None).count() == 1


def test_answered_images_and_the_test_split_are_not_asked(project, reviewer, images, rust):
    give(project, reviewer, images[2:3], rust)
    Image.objects.filter(pk=images[3].pk).update(split="test")
    done = asking.ask_next(project, [image.pk for image in images[2:5]] + [10**9])
    assert (done.asked, done.answered, done.held_out, done.unknown) == (1, 1, 1, 1)


def test_uuids_of_a_press_are_its_own(project, reviewer, images, rust):
    batch = UUID("123e4567-e89b-42d3-a456-426614174000")
    give(project, reviewer, images[2:4], rust, batch)
    assert Annotation.objects.filter(batch=batch).count() == 2
