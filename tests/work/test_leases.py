"""One worker at a time holds a row, and only the holder may write to it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from labeler.training.models import Shard
from labeler.work import leases

State = Shard.State


@pytest.fixture
def row(project):
    return Shard.objects.create(project=project, features="pixels", number=0, rows_wanted=10)


def let_the_lease_run_out(row):
    Shard.objects.filter(pk=row.pk).update(lease_until=Now() - timedelta(seconds=1))


def stored(row) -> Shard:
    return Shard.objects.get(pk=row.pk)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_the_row(row):
    together = threading.Barrier(12)

    def worker(_: int) -> bool:
        try:
            together.wait(10)
            return leases.claim(Shard) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(worker, range(12))) == 1


def test_a_held_row_is_not_due_until_its_lease_runs_out(row):
    assert leases.claim(Shard).pk == row.pk
    assert leases.claim(Shard) is None
    let_the_lease_run_out(row)
    assert leases.claim(Shard).pk == row.pk


def test_a_lease_by_a_clock_that_was_ahead_has_run_out(row):
    ahead = leases.claim(Shard)
    Shard.objects.filter(pk=row.pk).update(lease_until=Now() + timedelta(hours=1))
    assert leases.claim(Shard).pk == row.pk  # not in an hour
    with pytest.raises(leases.LeaseLost):
        leases.finish(ahead)


def test_whoever_wakes_up_too_late_may_not_write(row):
    slow = leases.claim(Shard)
    let_the_lease_run_out(row)
    quick = leases.claim(Shard)
    for late in (
        lambda: leases.renew(slow, rows_done=9),
        lambda: leases.finish(slow),
        lambda: leases.retry(slow, "late", seconds=1),
        lambda: leases.yield_back(slow),
    ):
        with pytest.raises(leases.LeaseLost):
            late()
    with pytest.raises(leases.LeaseLost), leases.publishing(slow):
        Shard.objects.filter(pk=row.pk).update(rows_done=9)
    leases.finish(quick)
    assert (stored(row).state, stored(row).rows_done) == (State.DONE, 0)


def test_what_is_published_under_a_lost_lease_is_undone(row):
    mine = leases.claim(Shard)

    def publish():
        with leases.publishing(mine):
            Shard.objects.filter(pk=row.pk).update(rows_done=9)
            leases.finish(mine)
            raise leases.LeaseLost

    with pytest.raises(leases.LeaseLost):
        publish()
    assert (stored(row).state, stored(row).rows_done) == (State.RUNNING, 0)


def test_a_row_that_kills_its_workers_fails_after_the_third(row):
    for _ in range(3):
        assert leases.claim(Shard)
        let_the_lease_run_out(row)
    assert leases.claim(Shard) is None
    assert stored(row).state == State.FAILED
    assert "died 3 times" in stored(row).error


def test_an_error_is_tried_again_later_and_then_given_up(row):
    for attempt in (1, 2):
        leases.retry(leases.claim(Shard), f"no {attempt}", seconds=60)
        assert leases.claim(Shard) is None  # not before the pause is over
        Shard.objects.filter(pk=row.pk).update(not_before=None)
    leases.retry(leases.claim(Shard), "no 3", seconds=60)
    assert (stored(row).state, stored(row).error) == (State.FAILED, "no 3")


def test_giving_a_row_back_after_progress_is_no_attempt(row):
    for _ in range(5):
        leases.yield_back(leases.claim(Shard), rows_done=3)
    assert (stored(row).attempts, stored(row).rows_done) == (0, 3)


@pytest.mark.django_db(transaction=True)
def test_a_long_step_keeps_its_lease(row, settings):
    settings.LEASE_SECONDS = 2
    mine = leases.claim(Shard)
    let_the_lease_run_out(row)
    renewed = threading.Event()
    with leases.keeping(mine):
        for _ in range(100):
            if Shard.objects.filter(pk=row.pk, lease_until__gt=Now()).exists():
                renewed.set()
                break
            renewed.wait(0.1)
    assert renewed.is_set()
