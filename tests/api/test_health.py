"""Up, ready, and how busy."""

import pytest
from django.test import Client
from django.utils import timezone

from labeler import health
from labeler.work.models import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def working(monkeypatch):
    """A broker that answers and a worker that was just seen."""
    monkeypatch.setitem(health.CHECKS, "broker", lambda: True)
    now = timezone.now()
    return Worker.objects.create(name="rounds@here", started_at=now, seen_at=now)


def test_alive_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"status": "ok"}


def test_ready_when_all_four_are_there(working):
    told = Client().get("/readyz")
    assert told.status_code == 200
    assert told.json() == {
        "status": "ready", "database": True, "broker": True, "storage": True, "worker": True,
    }  # fmt: skip


def away():
    raise OSError("password in an address: amqp://guest:guest@broker")


@pytest.mark.parametrize("part", ["database", "broker", "storage"])
def test_what_is_missing_is_named_and_nothing_else(working, monkeypatch, part):
    monkeypatch.setitem(health.CHECKS, part, away)
    told = Client().get("/readyz")
    assert told.status_code == 503
    assert [name for name, holds in told.json().items() if holds is False] == [part]
    assert b"guest" not in told.content


def test_a_worker_that_was_not_seen_lately_does_not_count(working):
    Worker.objects.update(seen_at=timezone.now() - timezone.timedelta(minutes=6))
    told = Client().get("/readyz")
    assert told.status_code == 503
    assert told.json()["worker"] is False
