"""What somebody has on screen stays theirs while the page says so."""

import pytest

from labeler.labeling import queue
from labeler.labeling.models import QueueItem
from labeler.pools.models import Image


@pytest.fixture(autouse=True)
def _no_audit(project):
    project.audit_share = 0
    project.save()


def keep(project, user, *items):
    return queue.keep(project=project, user=user, item_ids=[item.pk for item in items])


def test_a_kept_item_is_held_for_ten_more_minutes(ranked, annotator):
    first, second = queue.claim(project=ranked, user=annotator, count=2)
    QueueItem.objects.filter(claimed_by=annotator).update(claimed_until="2040-01-01T00:00:00Z")
    assert keep(ranked, annotator, second) == [second.pk]
    until = QueueItem.objects.in_bulk()
    assert until[second.pk].claimed_until < until[first.pk].claimed_until


def test_what_is_kept_is_told_in_the_order_it_was_asked(ranked, annotator):
    first, second, third = queue.claim(project=ranked, user=annotator, count=3)
    assert keep(ranked, annotator, third, first, third) == [third.pk, first.pk]
    assert keep(ranked, annotator) == []
    assert queue.keep(project=ranked, user=annotator, item_ids=[second.pk, 2**62]) == [second.pk]


def test_a_claim_that_ran_out_is_kept_unless_somebody_took_it(ranked, people, expire):
    first, second = people(2)
    items = queue.claim(project=ranked, user=first, count=2)
    expire(first)
    (taken,) = queue.claim(project=ranked, user=second)
    assert taken.pk == items[0].pk
    assert keep(ranked, first, *items) == [items[1].pk]
    assert [i.pk for i in queue.held(ranked, first)] == [items[1].pk]


def test_what_is_answered_released_or_not_mine_is_not_kept(ranked, people, answer):
    first, second = people(2)
    answered, given_back, labeled, mine = queue.claim(project=ranked, user=first, count=4)
    answer(first, answered, "rust")
    queue.release(project=ranked, user=first, item_ids=[given_back.pk])
    Image.objects.filter(pk=labeled.image_id).update(state="labeled")
    theirs = queue.claim(project=ranked, user=second)[0]
    kept = keep(ranked, first, answered, given_back, labeled, mine, theirs)
    assert kept == [mine.pk]
    assert QueueItem.objects.get(pk=theirs.pk).claimed_by == second


def test_an_item_of_another_project_is_not_kept(ranked, annotator, outsider):
    (item,) = queue.claim(project=ranked, user=annotator)
    assert keep(outsider.projects.get(), annotator, item) == []
