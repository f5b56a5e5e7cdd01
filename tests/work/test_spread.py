"""Hints go round: every idle worker gets one at once, and they never pile up."""

import pytest

from labeler.training.models import Shard
from labeler.work import leases, tasks
from labeler.work.kinds import KINDS


@pytest.fixture
def shards(project):
    """Three shards that are due."""
    return [
        Shard.objects.create(project=project, features="pixels", number=n, rows_wanted=10)
        for n in range(3)
    ]


@pytest.fixture
def hints(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "nudge", sent.append)
    return sent


def worked_on(monkeypatch, work):
    """Let `work` stand for what the workers do with a shard."""
    kind = KINDS["embedding"]
    monkeypatch.setitem(KINDS, "embedding", type(kind)(kind.name, kind.model, kind.queue, work))


def test_the_next_row_is_hinted_at_before_the_work_begins(shards, hints, monkeypatch):
    seen = []

    def work(row):
        seen.append((row.number, list(hints)))
        leases.finish(row)

    worked_on(monkeypatch, work)
    for _ in shards:
        tasks.run("embedding")
    assert seen == [(0, ["embedding"]), (1, ["embedding"] * 2), (2, ["embedding"] * 2)]
    assert len(hints) == 2  # one for each row but the first: who worked sent no second one


def test_a_row_that_is_given_back_is_hinted_at_again(shards, hints, monkeypatch):
    Shard.objects.exclude(pk=shards[0].pk).delete()
    worked_on(monkeypatch, leases.yield_back)
    tasks.run("embedding")
    assert hints == ["embedding"]
    tasks.run("embedding")
    assert hints == ["embedding"] * 2
