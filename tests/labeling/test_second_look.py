"""A reviewer sends an image to another person, who answers it blind."""

from uuid import uuid4

import pytest

from labeler.labeling import annotations, disputes, queue, refill, second_look
from labeler.labeling.answers import Refused
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.questions import as_dict, suggestion_shown
from labeler.pools.models import Image
from labeler.projects.models import Project


@pytest.fixture
def labeled(ranked, people, answer):
    """Two people and a reviewer; the first has answered the image in row 9 and an audit image."""
    Project.objects.filter(pk=ranked.pk).update(audit_share=0)
    ranked.refresh_from_db()
    ann, ben = people(2)
    item = queue.claim(project=ranked, user=ann)[0]
    answer(ann, item, "rust")
    return ranked, ann, ben, item.image


def audit_answered(project, user, answer):
    refill.top_up_audit(project)
    item = QueueItem.objects.filter(project=project, audit=True).order_by("rank").first()
    answer(user, item, "rust")
    return item.image


def send(project, user, *images):
    return second_look.send(project=project, user=user, image_ids=[image.pk for image in images])


def first_for(project, user):
    found = queue.claim(project=project, user=user)
    return found[0] if found else None


def test_it_comes_first_to_who_has_not_answered_it_and_is_blind(labeled, reviewer):
    project, ann, ben, image = labeled
    assert send(project, reviewer, image).images == (image.pk,)
    assert first_for(project, reviewer).image_id != image.pk
    assert first_for(project, ann).image_id != image.pk
    item = first_for(project, ben)
    assert (item.image_id, item.strategy) == (image.pk, "second_look")
    asked = as_dict(item, {}, shown=suggestion_shown(item, project, ben))
    assert "suggestion" not in asked
    assert asked["why"]["words"] == "A reviewer wants another person's answer."


def test_it_survives_a_refill_and_is_sent_once(labeled, reviewer):
    project, _, ben, image = labeled
    send(project, reviewer, image)
    assert send(project, reviewer, image).images == (image.pk,)
    refill.replace(project, [], strategy="margin", version=4)
    assert QueueItem.objects.filter(image=image, done_at=None).count() == 1
    assert first_for(project, ben).image_id == image.pk


@pytest.mark.parametrize(("label", "open_disputes"), [("rust", 0), ("mildew", 1)])
def test_another_answer_opens_a_dispute(labeled, reviewer, answer, label, open_disputes):
    project, _, ben, image = labeled
    send(project, reviewer, image)
    assert answer(ben, first_for(project, ben), label).code == "created"
    assert disputes.count(project) == open_disputes
    assert Annotation.objects.filter(image=image, current=True).count() == 2


def test_what_a_reviewer_said_is_looked_at_by_a_third_person(labeled, reviewer, answer):
    project, _, ben, image = labeled
    annotations.review(
        project=project, user=reviewer, image=image, uuid=uuid4(), label_ids=["mildew"]
    )
    send(project, reviewer, image)
    assert answer(ben, first_for(project, ben), "rust").code == "created"
    assert disputes.count(project) == 1


def test_an_audit_image_stays_blind(labeled, reviewer, answer):
    project, ann, ben, _ = labeled
    image = audit_answered(project, ann, answer)
    send(project, reviewer, image)
    Project.objects.filter(pk=project.pk).update(audit_share=1)
    project.refresh_from_db()
    item = first_for(project, ben)
    assert (item.image_id, item.audit) == (image.pk, True)
    asked = as_dict(item, {}, shown=False)
    assert (asked["why"]["strategy"], asked["why"]["audit"]) == ("audit", True)
    assert answer(ben, item, "mildew").annotation.audit is True
    assert disputes.count(project) == 1


def test_an_image_that_nobody_answered_moves_to_the_front(labeled, reviewer):
    project, ann, ben, _ = labeled
    last = Image.objects.get(project=project, row=2)
    assert send(project, reviewer, last).images == (last.pk,)
    item = first_for(project, ben)
    assert (item.image_id, item.beliefs, item.slot) == (last.pk, {}, 0)
    assert send(project, reviewer, last).held == 1
    assert first_for(project, ann).image_id != last.pk


def test_it_can_be_taken_back_until_somebody_has_it(labeled, reviewer):
    project, _, ben, image = labeled
    send(project, reviewer, image)
    mine = {"project": project, "user": reviewer, "image_ids": [image.pk]}
    assert second_look.take_back(**{**mine, "user": ben}) == 0
    assert second_look.take_back(**mine) == 1
    assert first_for(project, ben).image_id != image.pk
    queue.release(project=project, user=ben, item_ids=[i.pk for i in queue.held(project, ben)])
    send(project, reviewer, image)
    assert first_for(project, ben).image_id == image.pk
    assert second_look.take_back(**mine) == 0


def test_where_nobody_else_is_it_says_so(labeled, answer, reviewer):
    project, _, ben, image = labeled
    send(project, reviewer, image)
    answer(ben, first_for(project, ben), "rust")
    assert send(project, reviewer, image).nobody == 1
    project.memberships.exclude(user=reviewer).delete()
    with pytest.raises(Refused, match="Nobody else is in this project"):
        send(project, reviewer, image)


def test_an_open_audit_image_waits_for_its_first_answer(labeled, reviewer, images):
    project = labeled[0]
    assert send(project, reviewer, images[0]).held == 1
    assert not QueueItem.objects.filter(image=images[0], strategy="second_look").exists()


def test_a_random_share_tells_how_often_people_differ(labeled, reviewer, answer):
    project, ann, ben, _ = labeled
    image = audit_answered(project, ann, answer)
    done = second_look.draw(project=project, user=reviewer, count=50)
    assert done.images == (image.pk,)
    assert second_look.draw(project=project, user=reviewer, count=50).images == ()
    assert second_look.told(project) == second_look.Told(1, 0, 0)
    Project.objects.filter(pk=project.pk).update(audit_share=1)
    project.refresh_from_db()
    answer(ben, first_for(project, ben), "mildew")
    assert second_look.told(project) == second_look.Told(0, 1, 1)
    annotations.review(
        project=project, user=reviewer, image=image, uuid=uuid4(), label_ids=["rust"]
    )
    assert second_look.told(project).otherwise == 1
