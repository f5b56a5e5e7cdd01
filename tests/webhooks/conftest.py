"""A receiver on this machine that does as it is told, and a webhook that calls it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from labeler.webhooks import events, outbox, sending, signing
from labeler.webhooks.models import Delivery, Webhook
from labeler.work import leases


class Receiver(BaseHTTPRequestHandler):
    """Notes each delivery; answers with the next of `server.answers`, 204 when there is none.

    An answer is a status, or a function of the handler.
    """

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, body))
        answer = self.server.answers.pop(0) if self.server.answers else 204
        try:
            answer(self) if callable(answer) else self.say(answer)
        except OSError:  # the caller had enough
            self.close_connection = True

    def say(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": "0"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def receiver(settings):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.seen, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    server.bodies = lambda: [json.loads(body) for _path, _headers, body in server.seen]
    settings.FETCH_ALLOW = [f"127.0.0.1:{server.server_port}"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook(project, admin, receiver):
    """It is told everything."""
    return Webhook.objects.create(
        project=project, url=receiver.url, events=list(events.ALL), created_by=admin,
        secret=signing.new_secret(), since=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def delivery(webhook):
    return told(webhook)


def told(webhook, event=events.ROUND_FAILED, **fields):
    """A delivery that waits."""
    return Delivery.objects.create(
        project=webhook.project, webhook=webhook, event=event, key=f"k{time.monotonic_ns()}",
        body='{"type":"round.failed","data":{}}', **fields,
    )  # fmt: skip


def send_all(most=50):
    """What a worker does with everything that is due; how many attempts that were."""
    for n in range(most):
        row = leases.claim(Delivery)
        if row is None:
            return n
        sending.run(row)
    raise AssertionError("there is no end to it")


def hurry(*rows):
    """Let the pause of these deliveries be over."""
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(not_before=None)


def tell(webhook):
    """Collect and send; how many attempts that were."""
    outbox.find()
    return send_all()
