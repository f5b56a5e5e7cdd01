"""The thread beside the work: finds what is due, shows that the worker lives, ends a deaf one."""

import time

import pytest

from labeler.training.models import Shard
from labeler.work import health, kinds, sweep
from labeler.work.kinds import CHORES, Kind
from labeler.work.presence import presence

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(monkeypatch):
    """This process as a worker, with a broker that takes everything; what was sent to whom."""
    from labeler.work import tasks

    monkeypatch.setattr(presence, "name", "chores@test")
    monkeypatch.setattr(presence, "queues", frozenset({CHORES}))
    monkeypatch.setattr(presence, "heard_at", time.monotonic())
    sent = []
    monkeypatch.setattr(tasks.beat, "apply_async", lambda **options: sent.append(options["queue"]))
    return sent


@pytest.fixture
def ended(monkeypatch):
    """With which status the process would have ended itself."""
    statuses = []
    monkeypatch.setattr(sweep.os, "_exit", statuses.append)
    return statuses


def with_kinds(monkeypatch, *known):
    monkeypatch.setattr(sweep, "KINDS", {kind.name: kind for kind in known})


def hints(monkeypatch):
    sent = []
    monkeypatch.setattr(sweep, "nudge", sent.append)
    return sent


def test_due_rows_are_hinted_at_once_per_kind(me, project, monkeypatch):
    sent = hints(monkeypatch)
    for number in range(3):
        Shard.objects.create(project=project, features="pixels", number=number, rows_wanted=1)
    with_kinds(monkeypatch, kinds.KINDS["embedding"])
    sweep._tick()
    assert sent == ["embedding"]


def test_one_kind_s_trouble_does_not_stop_the_others(me, monkeypatch):
    looked = []

    def broken():
        raise RuntimeError("no")

    with_kinds(
        monkeypatch,
        Kind("a", Shard, CHORES, run=print, find=broken),
        Kind("b", Shard, CHORES, run=print, find=lambda: looked.append("b")),
    )
    sweep._tick()
    assert looked == ["b"]


def test_a_worker_sweeps_for_its_own_queues(me, monkeypatch):
    looked = []
    with_kinds(monkeypatch, Kind("a", Shard, "rounds", run=print, find=lambda: looked.append("a")))
    sweep._tick()
    assert not looked


def test_an_idle_worker_is_seen_once_it_hears_its_beat(me, monkeypatch):
    with_kinds(monkeypatch)
    sweep._tick()
    assert me == ["beat.chores@test"]
    assert not health.workers()
    presence.heard()
    assert [worker.name for worker in health.workers()] == ["chores@test"]


def test_a_busy_worker_says_what_it_does(me, monkeypatch):
    with_kinds(monkeypatch)
    with presence.working_on("import 3"):
        sweep._tick()
    assert [worker.doing for worker in health.workers()] == ["import 3"]
    assert not me


def test_a_deaf_worker_ends_itself(me, ended, monkeypatch):
    with_kinds(monkeypatch)
    monkeypatch.setattr(presence, "heard_at", time.monotonic() - sweep.DEAF_SECONDS - 1)
    sweep._tick()
    assert ended == [75]


def test_a_worker_whose_broker_is_away_waits_for_it(me, ended, monkeypatch):
    from labeler.work import tasks

    def away(**options):
        raise ConnectionError

    with_kinds(monkeypatch)
    monkeypatch.setattr(tasks.beat, "apply_async", away)
    monkeypatch.setattr(presence, "heard_at", time.monotonic() - sweep.DEAF_SECONDS - 1)
    sweep._tick()
    assert not ended


def test_a_hung_worker_ends_itself(me, ended, monkeypatch):
    with_kinds(monkeypatch)
    with presence.working_on("round 1"):
        monkeypatch.setattr(presence, "doing_since", time.monotonic() - sweep.HUNG_SECONDS - 1)
        sweep._tick()
    assert ended == [75]
