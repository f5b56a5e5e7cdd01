"""Deciding about groups of look-alikes, and taking it back."""

import uuid

import pytest

from labeler.exploring import decisions, look_alikes
from labeler.exploring.models import GroupDecision
from labeler.labeling import refill
from labeler.labeling.answers import Refused
from labeler.labeling.models import QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label
from tests.exploring.drawn_pool import bring_in, jpeg, shapes
from tests.exploring.test_duplicates import compared

LEVEL = 3


@pytest.fixture
def pool(project):
    """Six pictures; the first twice more, the second once more; one of the first is audit."""
    files = [jpeg(shapes(seed)) for seed in range(6)]
    files += [jpeg(shapes(0), 60), jpeg(shapes(0), 70), jpeg(shapes(1), 60), jpeg(shapes(0), 65)]
    bring_in(project, files, audit=(9,))
    compared(project)
    refill.top_up(project)
    return project


def ids(project, *rows):
    found = dict(Image.objects.filter(project=project).values_list("row", "pk"))
    return [found[row] for row in rows]


def shown(project):
    found = look_alikes.newest(project, LEVEL)
    groups = look_alikes.page(project, found, look_alikes.undecided(project, found), 10)
    rows = dict(Image.objects.filter(project=project).values_list("pk", "row"))
    return sorted(sorted(rows[pk] for pk in group.ids) for group in groups)


def asked(project):
    items = QueueItem.objects.filter(project=project, done_at=None, audit=False)
    return set(items.values_list("image__row", flat=True))


def test_groups_are_shown_without_audit_images(pool):
    assert shown(pool) == [[0, 6, 7], [1, 8]]
    found = look_alikes.newest(pool, LEVEL)
    groups = look_alikes.page(pool, found, look_alikes.undecided(pool, found), 10)
    assert [group.audit for group in groups] == [1, 0]


def test_an_image_that_looks_like_audit_images_alone_is_no_group_to_decide_about(pool):
    Image.objects.filter(project=pool, row=8).update(audit=True)
    found = look_alikes.newest(pool, LEVEL)
    assert len(look_alikes.undecided(pool, found)) == 1
    assert shown(pool) == [[0, 6, 7]]


def test_the_others_leave_the_queue_and_come_back(pool):
    group = ids(pool, 0, 6, 7)
    made = decisions.keep_one(pool, pool.created_by, group, group[1])
    assert asked(pool) == {1, 2, 3, 4, 5, 6, 8}
    refill.top_up(pool)
    assert asked(pool) == {1, 2, 3, 4, 5, 6, 8}
    assert shown(pool) == [[1, 8]]
    assert decisions.take_back(pool, pool.created_by, made.pk) == 2
    refill.top_up(pool)
    assert asked(pool) == {0, 1, 2, 3, 4, 5, 6, 7, 8}
    assert shown(pool) == [[0, 6, 7], [1, 8]]
    assert decisions.take_back(pool, pool.created_by, made.pk) == 0


def test_what_another_group_sets_aside_stays_so(pool):
    first = decisions.keep_one(pool, pool.created_by, ids(pool, 0, 6, 7), ids(pool, 0)[0])
    decisions.keep_one(pool, pool.created_by, ids(pool, 2, 7), ids(pool, 2)[0])
    decisions.take_back(pool, pool.created_by, first.pk)
    states = dict(Image.objects.filter(project=pool).values_list("row", "state"))
    assert (states[6], states[7]) == ("open", "aside")


def test_labeled_together_and_taken_back(pool):
    batch, label = uuid.uuid4(), Label.objects.filter(project=pool).first()
    group = ids(pool, 1, 8)
    made, done = decisions.label(pool, pool.created_by, group, [label.pk], batch)
    assert done.labeled == 2
    assert shown(pool) == [[0, 6, 7]]
    assert decisions.take_back(pool, pool.created_by, made.pk, batch) == 2
    assert shown(pool) == [[0, 6, 7], [1, 8]]


def test_ignored_is_shown_no_more_and_changes_nothing_else(pool):
    before = asked(pool)
    decisions.ignore(pool, pool.created_by, ids(pool, 0, 6, 7))
    assert (shown(pool), asked(pool)) == ([[1, 8]], before)


def test_another_decision_replaces_the_first(pool):
    group = ids(pool, 1, 8)
    decisions.ignore(pool, pool.created_by, group)
    decisions.keep_one(pool, pool.created_by, group[::-1], group[0])
    assert [made.verdict for made in GroupDecision.objects.all()] == ["keep_one"]
    decisions.keep_one(pool, pool.created_by, group, group[1])
    states = dict(Image.objects.filter(pk__in=group).values_list("pk", "state"))
    assert states == {group[0]: "aside", group[1]: "open"}


def test_an_audit_image_is_never_set_aside(pool):
    decisions.keep_one(pool, pool.created_by, ids(pool, 0, 9), ids(pool, 0)[0])
    assert Image.objects.get(project=pool, row=9).state == Image.State.OPEN
    assert QueueItem.objects.filter(image__row=9, done_at=None, audit=True).exists()


@pytest.mark.parametrize("case", ["one image", "not among them", "of no project"])
def test_what_is_no_group_is_refused(pool, case):
    group = ids(pool, 1, 8)
    wanted, kept = {
        "one image": (group[:1], group[0]),
        "not among them": (group, ids(pool, 3)[0]),
        "of no project": ([*group, 10**9], group[0]),
    }[case]
    with pytest.raises(Refused):
        decisions.keep_one(pool, pool.created_by, wanted, kept)
    assert not GroupDecision.objects.exists()
