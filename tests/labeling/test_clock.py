"""R18: what a process believes the time to be decides nothing; the database's clock does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.labeling import annotations, queue
from labeler.labeling.models import Annotation, QueueItem
from labeler.training.models import Shard
from labeler.work import leases

pytestmark = pytest.mark.django_db
HOURS = [-2, -1, 2]


@pytest.fixture
def goes_wrong(monkeypatch):
    """goes_wrong(hours): from now on this process's clock is wrong by so much."""
    real = timezone.now

    def by(hours):
        monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(hours=hours))

    return by


@pytest.mark.parametrize("hours", HOURS)
def test_nothing_is_held_by_two_and_no_claim_ends_early(
    ranked, annotator, reviewer, goes_wrong, hours
):
    """A clock that steps in the middle of a claim, either way, and one that was always wrong."""
    ranked.audit_share = 0
    mine = {item.pk for item in queue.claim(project=ranked, user=annotator, count=3)}
    goes_wrong(hours)
    others = {item.pk for item in queue.claim(project=ranked, user=reviewer, count=10)}
    assert len(mine) == 3
    assert not mine & others
    assert {item.pk for item in queue.held(ranked, annotator)} == mine
    goes_wrong(0)
    assert {item.pk for item in queue.held(ranked, reviewer)} == others
    assert not QueueItem.objects.filter(pk__in=mine).exclude(claimed_by=annotator).exists()


@pytest.mark.parametrize("hours", HOURS)
def test_a_lease_is_taken_once_and_kept(project, goes_wrong, hours):
    row = Shard.objects.create(project=project, features="pixels", number=0, rows_wanted=10)
    held = leases.claim(Shard, row.pk)
    goes_wrong(hours)
    assert leases.claim(Shard, row.pk) is None
    leases.renew(held, rows_done=5)
    leases.finish(held)
    assert Shard.objects.get(pk=row.pk).state == "done"


def test_the_later_answer_stands_although_its_time_is_earlier(
    ranked, annotator, goes_wrong, answer
):
    """The order is that of the rows, not of their times."""
    ranked.audit_share = 0
    (item,) = queue.claim(project=ranked, user=annotator, count=1)
    answer(annotator, item, "rust")
    goes_wrong(-1)
    answer(annotator, item, "mildew")
    standing = Annotation.objects.get(image=item.image, current=True)
    assert [label.name for label in standing.labels.all()] == ["mildew"]
    annotations.undo(project=ranked, user=annotator, uuid=standing.uuid)
    assert not Annotation.objects.filter(image=item.image, current=True).exists()
