"""The pages about webhooks tell the truth: the receiver runs, the payloads are as shown."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labeler.evaluation.measures import Measure
from labeler.training.models import ModelVersion
from labeler.webhooks import events, hooks, outbox, payloads, signing
from labeler.webhooks.models import Delivery, Target, Webhook
from labeler.work import clock
from tests.webhooks.conftest import send_all
from tests.webhooks.test_outbox import a_round, an_import, press

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)


@pytest.fixture
def running(webhook, settings):
    """The program of the how-to, with the webhook's secret."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    [program] = blocks("how-to/webhooks.md", "python")
    env = {**os.environ, "PORT": str(port), "WEBHOOK_SECRET": webhook.secret}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    end = time.monotonic() + 30
    while not listens(port):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "it does not listen"
        time.sleep(0.02)
    settings.FETCH_ALLOW = [f"127.0.0.1:{port}"]
    Webhook.objects.filter(pk=webhook.pk).update(url=f"http://127.0.0.1:{port}/")
    process.port = port
    yield process
    process.kill()
    process.communicate()


def listens(port):
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def test_the_receiver_of_the_how_to_accepts_a_real_delivery_and_nothing_forged(webhook, running):
    delivery = hooks.test(webhook)
    assert send_all() == 1
    assert delivery.sent.get().status == 204
    heard = running.stdout.readline()
    assert heard == f"{delivery.message_id} {delivery.body}\n"
    body = delivery.body.encode()
    late, now = int(time.time()) - 600, int(time.time())
    for secret, at in ((signing.new_secret(), now), (webhook.secret, late)):
        assert posted(running.port, body, signing.headers([secret], "msg_1", at, body)) == 401
    assert posted(running.port, body, {}) == 401
    good = signing.headers([signing.new_secret(), webhook.secret], "msg_1", now, body)
    assert posted(running.port, body + b" ", good) == 401
    assert posted(running.port, body, good) == 204


def posted(port, body, headers):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.request("POST", "/", body, headers)
    return line.getresponse().status


def shape(value):
    """What kind of thing it is, deep down; null stands for anything."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    if isinstance(value, str):
        stamp = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value)
        return "time" if stamp else "text"
    return "any" if value is None else type(value).__name__


def fits(shown, real):
    if isinstance(shown, dict):
        return shown.keys() == real.keys() and all(fits(shown[k], real[k]) for k in shown)
    if isinstance(shown, list):
        return len(shown) == len(real) and all(map(fits, shown, real))
    return "any" in (shown, real) or shown == real


def test_every_payload_is_as_the_reference_shows_it(webhook, project, admin, images):
    done = a_round(project)
    ModelVersion.objects.create(
        project=project, number=1, round=done, head="logistic", features="f", label_ids=[],
        strategy="margin", n_labels=5, seen_annotation=0, sha256="",
    )  # fmt: skip
    an_import(project, admin)
    press(project, admin, [images[2].pk])
    outbox.find()
    target = Target(webhook=webhook, metric="recall", value=0.9, label=project.labels.first())
    crossed = payloads.crossing(target, Measure(0.95, 0.91, 0.98), 11, 240)
    payloads.delivery(webhook, events.METRIC, clock.now(), crossed).save()
    hooks.test(webhook)
    real = {row.event: json.loads(row.body) for row in Delivery.objects.all()}
    shown = {
        body["type"]: body for body in map(json.loads, blocks("reference/webhooks.md", "json"))
    }
    assert shown.keys() == real.keys()
    for event in shown:
        assert fits(shape(shown[event]), shape(real[event])), event


def test_every_event_has_its_words():
    page = (DOCS / "reference" / "webhooks.md").read_text()
    for event in (*events.ALL, events.TEST):
        assert re.search(rf"^### .*{re.escape(event)}", page, re.M)
