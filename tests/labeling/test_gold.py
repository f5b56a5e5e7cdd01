"""Gold images: asked like any other, of each person once, and kept apart from everything else."""

import json

import pytest

from labeler.labeling import annotations, consensus, gold, questions, queue, refill, tables
from labeler.labeling.answers import Refused
from labeler.labeling.models import Annotation, Gold, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project

REVIEW = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def known(project, images, reviewer, labels):
    """Three images reviewed and marked: rows 2, 3 and 4 show rust, rust and mildew."""
    Project.objects.filter(pk=project.pk).update(audit_share=0, gold_share=1.0)
    project.refresh_from_db()
    refill.top_up(project)
    for at, name in ((2, "rust"), (3, "rust"), (4, "mildew")):
        uuid = REVIEW[:-1] + str(at)
        annotations.review(
            project=project, user=reviewer, image=images[at], uuid=uuid, label_ids=[labels[name]]
        )
        gold.mark(project=project, user=reviewer, image=images[at])
    return project


def gold_items(project, user, count=50):
    return [item for item in queue.claim(project=project, user=user, count=count) if item.gold]


def test_everybody_is_asked_about_each_gold_image_once(known, people, answer):
    ann, ben = people(2)
    hers, his = gold_items(known, ann), gold_items(known, ben)
    assert {i.image.row for i in hers} == {i.image.row for i in his} == {2, 3, 4}
    for item in hers:
        assert answer(ann, item, "rust").code == "created"
    assert gold_items(known, ann) == []
    assert {i.pk for i in gold_items(known, ben)} == {i.pk for i in his}, "he holds his own"


def test_a_taken_back_gold_answer_returns_to_the_same_hands(known, people, answer):
    (ann, ben) = people(2)
    item = gold_items(known, ann)[0]
    gold_items(known, ben)
    given = answer(ann, item, "rust").annotation
    undone = annotations.undo(project=known, user=ann, uuid=given.uuid)
    assert undone.item.pk == item.pk
    assert undone.item.claimed_by == ann
    assert gold.of_person(known, ann).answered == 0
    assert answer(ann, item, "mildew").code == "created"


def test_who_marked_an_image_is_not_asked(known, reviewer):
    assert gold_items(known, reviewer) == []


def test_the_share_is_drawn_by_lot(known, people):
    (ann,) = people(1)
    known.gold_share = 1e-9
    assert gold_items(known, ann) == []


def test_no_query_is_spent_where_no_share_is_gold(
    project, images, annotator, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert gold.due_for(project, annotator, 50) == []


def test_it_reads_like_an_audit_question(known, people, images):
    (ann,) = people(1)
    known.audit_share = 0.5
    items = queue.claim(project=known, user=ann, count=50)
    names = questions.names_of(known)
    told = {
        kind: [
            questions.as_dict(item, names, shown=questions.suggestion_shown(item, known, ann))
            for item in items
            if getattr(item, kind)
        ]
        for kind in ("audit", "gold")
    }
    assert len(told["audit"]) == 2
    assert len(told["gold"]) == 3
    whys = {json.dumps(each["why"], default=str) for kind in told.values() for each in kind}
    assert len(whys) == 1, "nobody can tell which is which"
    assert {frozenset(each) for kind in told.values() for each in kind} == {
        frozenset(told["audit"][0])
    }


def test_gold_answers_teach_and_measure_nothing(known, people, answer):
    (ann,) = people(1)
    before = consensus.training_answers(known)
    since = consensus.answers_since(known, 0)
    exported = list(tables.rows(known))
    for item in gold_items(known, ann):
        answer(ann, item, "healthy")
    assert consensus.training_answers(known) == before
    assert consensus.answers_since(known, 0) == since
    assert list(tables.rows(known)) == exported
    states = Image.objects.filter(gold__isnull=False).values_list("state", flat=True)
    assert set(states) == {Image.State.LABELED}


def test_people_are_checked_against_the_known_answer(known, people, answer):
    ann, ben = people(2)
    for item in gold_items(known, ann):
        answer(ann, item, "rust")
    first, second, third = gold_items(known, ben)
    answer(ben, first, skip="unsure")
    for item in (second, third):
        answer(ben, item, "rust" if item.image.row < 4 else "mildew")
    found = gold.by_person(known)
    assert (found[ann.pk].right, found[ann.pk].answered) == (2, 3)
    assert (found[ben.pk].right, found[ben.pk].answered, found[ben.pk].skipped) == (2, 2, 1)
    assert gold.by_person(known, ann).keys() == {ann.pk}
    mildew = Image.objects.get(row=4)
    assert gold.by_image(known, [mildew.pk])[mildew.pk].answered >= 1


def test_a_review_keeps_what_people_said_to_gold_questions(
    known, people, answer, admin, labels, images
):
    (ann,) = people(1)
    for item in gold_items(known, ann):
        answer(ann, item, "rust")
    for at, user in enumerate((admin, ann)):
        outcome = annotations.review(
            project=known, user=user, image=images[2], uuid=REVIEW[:-2] + f"f{at}",
            label_ids=[labels["rust"]],
        )  # fmt: skip
        assert outcome.code == "created"
        assert gold.of_person(known, ann).answered == 3 - at, "her own review replaces her answer"


def test_gold_questions_stand_in_nobodys_queue(known, people, expire):
    ann, ben = people(2)
    left = queue.left(known)
    items = gold_items(known, ann)
    assert queue.left(known) == left
    queue.release(project=known, user=ann, item_ids=[item.pk for item in items])
    known.gold_share = 0
    assert not any(item.gold for item in queue.claim(project=known, user=ben, count=50))
    known.gold_share = 1
    assert {i.pk for i in gold_items(known, ann)} == {i.pk for i in items}, "the same, again"
    expire(ann)
    refill.replace(known, [], strategy="margin", version=1)
    assert not QueueItem.objects.filter(gold=True, done_at=None).exists()


def test_what_cannot_be_gold_is_refused(known, images, reviewer, labels):
    def refused(image, **more):
        with pytest.raises(Refused) as raised:
            gold.mark(project=known, user=reviewer, image=image, **more)
        return raised.value.code

    assert refused(images[0], label_ids=[labels["rust"]]) == "audit_image"
    assert refused(images[5]) == "not_agreed"
    assert refused(images[5], label_ids=["nothing"]) == "unknown_label"
    assert refused(images[5], label_ids=list(labels.values())) == "one_label"
    assert Gold.objects.count() == 3


def test_marking_again_mends_and_unmarking_forgets(known, images, reviewer, labels, people, answer):
    (ann,) = people(1)
    items = {item.image.row: item for item in gold_items(known, ann)}
    answer(ann, items[2], "healthy")
    gold.mark(project=known, user=reviewer, image=images[2], label_ids=[labels["healthy"]])
    assert gold.of_person(known, ann).right == 1
    assert gold.unmark(project=known, image_ids=[images[2].pk, images[3].pk]) == 2
    assert gold.of_person(known, ann).answered == 0
    assert {i.image.row for i in gold_items(known, ann)} == {4}
    assert Annotation.objects.filter(gold=True).count() == 1, "what was said is kept"


def test_candidates_are_images_that_people_labeled(known, images, answer, people):
    (ann,) = people(1)
    known.gold_share = 0
    item = queue.claim(project=known, user=ann)[0]
    answer(ann, item, "rust")
    assert [image.pk for image in gold.candidates(known)] == [item.image_id]


def test_the_image_itself_does_not_give_it_away(known, people, answer, client, images):
    """Through the API an annotator reads the same of a gold image as of an audit image."""
    (ann,) = people(1)
    gold_item = gold_items(known, ann)[0]
    client.force_login(ann)

    def read(pk):
        told = client.get(f"/api/v1/images/{pk}").json()
        return {name: told[name] for name in ("state", "audit", "annotations", "predictions")}

    assert read(gold_item.image_id) == read(images[0].pk)
    answer(ann, gold_item, "rust")
    told = read(gold_item.image_id)
    assert (told["state"], told["audit"]) == ("labeled", True)
