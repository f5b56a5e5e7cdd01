"""Promises 3, 4 and 5: nobody holds what another holds, the rank stays, items say why."""

import pytest

from labeler.labeling import queue, refill
from labeler.labeling.models import QueueItem
from labeler.pools.models import Image


@pytest.fixture(autouse=True)
def _no_audit(project):
    project.audit_share = 0
    project.save()


def rows(items):
    return [item.image.row for item in items]


def test_the_best_come_first_and_each_person_gets_others(ranked, people):
    first, second, third = people(3)
    assert rows(queue.claim(project=ranked, user=first, count=2)) == [9, 8]
    assert rows(queue.claim(project=ranked, user=second, count=3)) == [7, 6, 5]
    assert rows(queue.claim(project=ranked, user=third, count=1)) == [4]


def test_what_i_hold_comes_first(ranked, annotator):
    held = queue.claim(project=ranked, user=annotator, count=2)
    again = queue.claim(project=ranked, user=annotator, count=3)
    assert rows(again) == [9, 8, 7]
    assert [i.pk for i in again[:2]] == [i.pk for i in held]


def test_an_expired_claim_returns_to_the_queue(ranked, people, expire):
    first, second = people(2)
    queue.claim(project=ranked, user=first, count=3)
    expire(first)
    assert rows(queue.claim(project=ranked, user=second, count=2)) == [9, 8]


def test_a_released_image_is_free_at_once(ranked, people):
    first, second = people(2)
    items = queue.claim(project=ranked, user=first, count=3)
    assert queue.release(project=ranked, user=first, item_ids=[items[0].pk]) == 1
    assert queue.release(project=ranked, user=second, item_ids=[items[1].pk]) == 0
    assert rows(queue.claim(project=ranked, user=second, count=2)) == [9, 6]


def test_an_item_says_why_it_was_asked(ranked, annotator):
    item = queue.claim(project=ranked, user=annotator, count=1)[0]
    assert (item.strategy, item.score, item.rank, item.version) == ("margin", 0.9, 0, 3)
    assert not item.audit
    assert max(item.beliefs.values()) == 0.5


def test_overlap_asks_two_people_and_never_one_person_twice(project, images, people, answer):
    project.overlap = 2
    project.save()
    refill.replace(
        project, [refill.Ranked(image.pk) for image in images[2:5]], strategy="margin", version=1
    )
    first, second, third = people(3)
    assert rows(queue.claim(project=project, user=first, count=3)) == [2, 3, 4]
    assert rows(queue.claim(project=project, user=second, count=2)) == [2, 3]
    assert rows(queue.claim(project=project, user=third, count=1)) == [4]
    item = queue.claim(project=project, user=first, count=1)[0]
    assert answer(first, item, "rust").stored
    assert item.image_id not in {
        i.image_id for i in queue.claim(project=project, user=first, count=5)
    }


def test_a_queue_that_ran_dry_fills_itself_without_any_worker(project, images, annotator):
    assert not QueueItem.objects.exists()
    items = queue.claim(project=project, user=annotator, count=5)
    assert len(items) == 5
    assert {item.strategy for item in items} == {"random"}
    assert rows(items) == [2, 3, 4, 5, 6], "random order is the order of the images' keys"


def test_audit_images_come_in_key_order_whatever_their_number(project, images, people):
    project.audit_share = 1
    project.save()
    Image.objects.filter(row__lt=6).update(audit=True)
    refill.top_up(project)
    first, second = people(2)
    a = queue.claim(project=project, user=first, count=2)
    b = queue.claim(project=project, user=second, count=2)
    assert all(item.audit for item in [*a, *b])
    assert sorted(rows(a)) == [0, 1]
    assert sorted(rows(b)) == [2, 3]


def test_an_audit_item_carries_no_belief(project, images, annotator):
    project.audit_share = 1
    refill.top_up(project)
    item = queue.claim(project=project, user=annotator, count=1)[0]
    assert item.audit
    assert item.beliefs == {}


def test_the_audit_share_is_a_probability(project, images, people, monkeypatch):
    """With a share of one half, about half of many single claims are audit images."""
    project.audit_share = 0.5
    draws = iter([0.4, 0.6, 0.1])
    monkeypatch.setattr(queue.CHANCE, "random", lambda: next(draws))
    refill.top_up(project)
    kinds = [queue.claim(project=project, user=user)[0].audit for user in people(3)]
    assert kinds == [True, False, True]


def test_when_one_kind_runs_out_the_other_fills_up(project, images, annotator):
    project.audit_share = 0
    refill.top_up(project)
    items = queue.claim(project=project, user=annotator, count=50)
    assert len(items) == 10
    assert sum(item.audit for item in items) == 2


def test_what_was_answered_is_not_asked_again(ranked, annotator, answer):
    item = queue.claim(project=ranked, user=annotator)[0]
    answer(annotator, item, "rust")
    assert item.image_id not in {
        i.image_id for i in queue.claim(project=ranked, user=annotator, count=50)
    }


def test_the_last_questions_are_given_and_then_nothing(ranked, annotator, answer):
    for item in queue.claim(project=ranked, user=annotator, count=50):
        answer(annotator, item, "rust")
    assert queue.claim(project=ranked, user=annotator, count=5) == []
    assert queue.left(ranked) == 0


@pytest.mark.parametrize("count", [0, -1, 51, 10**9])
def test_an_odd_count_gives_a_sane_number(ranked, annotator, count):
    assert 1 <= len(queue.claim(project=ranked, user=annotator, count=count)) <= 50


def test_another_projects_images_are_never_given(ranked, outsider):
    own = outsider.projects.get()
    assert queue.claim(project=own, user=outsider, count=50) == []


def test_a_claim_takes_few_queries(ranked, annotator, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):  # held, ranked, update, and three for the savepoint
        queue.claim(project=ranked, user=annotator, count=5)
