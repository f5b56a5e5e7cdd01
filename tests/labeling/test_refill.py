"""A new ranking comes in whole; what people hold stays; audit images are asked blind."""

import pytest

from labeler.labeling import annotations, consensus, imported, queue, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.pools.signals import images_added, labels_came


@pytest.fixture(autouse=True)
def _no_audit(project):
    project.audit_share = 0
    project.save()


def replace(project, images, **more):
    rows = [refill.Ranked(image.pk, 0.5) for image in images]
    return refill.replace(project, rows, **{"strategy": "entropy", "version": 4} | more)


def test_a_new_ranking_replaces_the_old_one(ranked, images, annotator):
    assert replace(ranked, images[2:5]) == 3
    items = queue.claim(project=ranked, user=annotator, count=50)[:3]
    assert [(i.image.row, i.rank, i.version) for i in items] == [(2, 0, 4), (3, 1, 4), (4, 2, 4)]


def test_what_somebody_holds_stays(ranked, images, annotator, reviewer):
    held = queue.claim(project=ranked, user=annotator, count=2)
    replace(ranked, list(reversed(images)))
    assert [i.pk for i in queue.claim(project=ranked, user=annotator, count=2)] == [
        i.pk for i in held
    ]
    others = queue.claim(project=ranked, user=reviewer, count=50)
    assert not {i.image_id for i in others} & {i.image_id for i in held}


def test_answered_and_audit_images_are_left_out(ranked, images, annotator, answer):
    item = queue.claim(project=ranked, user=annotator)[0]
    answer(annotator, item, "rust")
    assert replace(ranked, images) == 7  # ten, less two audit images, less one answered


def test_an_undone_image_is_asked_by_one_item_only(ranked, images, annotator, answer, expire):
    item = queue.claim(project=ranked, user=annotator)[0]
    outcome = answer(annotator, item, "rust")
    annotations.undo(project=ranked, user=annotator, uuid=outcome.annotation.uuid)
    expire()
    replace(ranked, images[2:])
    assert QueueItem.objects.filter(image=item.image, done_at=None).count() == 1
    assert Annotation.objects.filter(item=item).exists(), "the history keeps its item"


def test_with_overlap_a_begun_image_stays_until_it_is_finished(
    project, images, annotator, reviewer, answer
):
    project.overlap = 2
    project.save()
    replace(project, images[2:4], version=1)
    item = queue.claim(project=project, user=annotator)[0]
    answer(annotator, item, "rust")
    replace(project, images[4:6], version=2)
    second = queue.claim(project=project, user=reviewer)[0]
    assert second.image == item.image
    assert answer(reviewer, second, "rust").code == "created"


def test_random_order_only_while_no_round_has_ranked(ranked):
    assert refill.top_up_random(ranked) == 0


def test_new_images_can_be_asked_at_once(project, images):
    images_added.send(sender=None, project_id=project.pk, count=10)
    assert QueueItem.objects.filter(audit=True).count() == 2
    assert QueueItem.objects.filter(strategy="random").count() == 8
    images_added.send(sender=None, project_id=project.pk, count=10)
    assert QueueItem.objects.count() == 10


def test_an_image_drawn_late_leaves_the_ranked_queue(ranked, images):
    Image.objects.filter(pk=images[5].pk).update(audit=True)
    refill.top_up_audit(ranked)
    item = QueueItem.objects.get(image=images[5], done_at=None)
    assert item.audit


def send(project, user, pairs):
    labels_came.send(sender=None, project=project, pairs=pairs, user=user, **{"import": None})


def test_imported_labels_are_answers_of_who_imported_them(ranked, images, admin, labels):
    send(ranked, admin, [(images[5].pk, labels["rust"])])
    stored = Annotation.objects.get()
    assert (stored.source, stored.user, stored.audit) == ("import", admin, False)
    assert consensus.training_answers(ranked) == [(5, [labels["rust"]])]
    images[5].refresh_from_db()
    assert images[5].state == "labeled"
    send(ranked, admin, [(images[5].pk, labels["mildew"])])
    assert Annotation.objects.count() == 1, "an image that has an answer keeps it"


def test_an_imported_label_on_an_audit_image_is_kept_but_asked_blind(
    project, images, admin, answer, labels
):
    project.audit_share = 1
    project.save()
    send(project, admin, [(images[0].pk, labels["rust"])])
    assert consensus.audit_answers(project) == []
    assert consensus.training_answers(project) == []
    item = queue.claim(project=project, user=admin)[0]
    assert item.image_id == images[0].pk
    assert answer(admin, item, "mildew").code == "created"
    assert consensus.audit_answers(project) == [(images[0].pk, 0, [labels["mildew"]])]


def test_two_labels_for_one_image_leave_it_open_in_a_single_label_project(
    project, images, admin, labels
):
    pairs = [(images[5].pk, labels["rust"]), (images[5].pk, labels["mildew"])]
    assert imported.take(project, admin, pairs) == 0
    project.kind = "multi"
    assert imported.take(project, admin, pairs) == 1


def test_a_refill_of_two_thousand_takes_few_queries(project, django_assert_max_num_queries, images):
    more = [
        Image(
            project=project, row=row, sha256=f"{row:064x}", name="x", width=1, height=1,
            format="PNG", bytes=9, key=0.5,
        )
        for row in range(100, 2_100)
    ]  # fmt: skip
    made = Image.objects.bulk_create(more)
    with django_assert_max_num_queries(60):
        assert replace(project, made) == 2_000
