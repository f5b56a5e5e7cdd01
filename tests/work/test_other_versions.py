"""R29: a worker hears messages of another version: it says so, does nothing, and lives on."""

import threading

import kombu.pools
import pytest
from celery.contrib.testing.worker import start_worker

from labeler import celery as roof
from labeler.work.presence import presence


def _publish_to(address):
    roof.app.conf.broker_url = address
    roof.app.pool.force_close_all()
    roof.app._pool = None
    roof.app.amqp._producer_pool = None
    kombu.pools.reset()


@pytest.fixture
def worker(monkeypatch):
    """A worker in a thread of this process on a broker in memory; an event for its own beat."""
    before, heard = roof.app.conf.broker_url, threading.Event()
    _publish_to("memory://")
    monkeypatch.setattr(presence, "heard", heard.set)
    with start_worker(roof.app, perform_ping_check=False, pool="solo", queues=["chores"]):
        yield heard
    _publish_to(before)


def test_what_is_not_known_is_told_and_the_next_message_is_heard(worker, caplog):
    send = roof.app.send_task
    send("labeler.of_another_version", args=[1], queue="chores")
    send("labeler.run", args=["a kind of another version", 1], queue="chores")
    send("labeler.run", args=["round", 1, "one more"], kwargs={"and": "another"}, queue="chores")
    send("labeler.run", queue="chores")
    send("labeler.beat", queue="chores")
    assert worker.wait(60)
    for told in ("labeler.of_another_version", "a kind of another version", "unexpected keyword"):
        assert told in caplog.text
