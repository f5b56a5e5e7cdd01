"""A worker that is really killed between sending and noting it down."""

import os
import signal
import threading
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from labeler.webhooks.models import Delivery
from tests import elsewhere
from tests.webhooks.conftest import send_all

WORKER = """
import django
django.setup()
from labeler.webhooks import sending
from labeler.webhooks.models import Delivery
from labeler.work import leases
sending.run(leases.claim(Delivery))
"""


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_after_it_sent_sends_again_with_the_same_id(delivery, receiver, tmp_path):
    came, over = threading.Event(), threading.Event()
    receiver.answers = [lambda it: (came.set(), over.wait(30))]
    env = elsewhere.environment(tmp_path) | {
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "LABELER_FETCH_ALLOW": f"127.0.0.1:{receiver.server_port}",
    }
    worker = elsewhere.python("-c", WORKER, env=env, own_group=True)
    assert came.wait(60), "nothing was sent"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    over.set()
    elsewhere.bring_back(tmp_path)
    row = Delivery.objects.get(pk=delivery.pk)
    assert (row.state, row.sent.get().outcome) == (Delivery.State.RUNNING, "")
    assert send_all() == 0, "the lease is the dead worker's until it runs out"
    Delivery.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert send_all() == 1
    ids = [headers["webhook-id"] for _path, headers, _body in receiver.seen]
    assert ids == [delivery.message_id] * 2
    row.refresh_from_db()
    assert row.state == Delivery.State.DONE
    assert sorted(row.sent.values_list("outcome", flat=True)) == ["", "ok"]
