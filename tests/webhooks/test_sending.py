"""One attempt and what follows from it: signed, at least once, less and less often, and guarded."""

import base64
import hashlib
import hmac
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from labeler.pools.remote import guard
from labeler.webhooks import events, hooks, log, sending, signing
from labeler.webhooks.models import Attempt, Delivery, Webhook
from labeler.work import leases
from tests.webhooks.conftest import hurry, send_all, told

pytestmark = pytest.mark.django_db
State = Delivery.State


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def verified(secret, headers, body):
    """Whether one of the signatures is the secret's, worked out by hand."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split(" ")


# ---- What must not go out ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", "data:text/plain,x",
        "http://example.org/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/",
        "https://0.0.0.0/", "https://169.254.169.254/", "https://10.0.0.1/", "https://172.16.0.1/",
        "https://192.168.0.1/", "https://[fc00::1]/", "https://100.64.0.1/",
        "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/",
        "https://0177.0.0.1/", "https://user@example.org/", "https://8.8.8.8:22/", "", "hook",
        "https://" + "a" * 1990, "https://example.org/\r\nX: y",
    ],
)  # fmt: skip
def test_an_address_inside_is_neither_kept_nor_called(address, webhook, settings, owner):
    settings.FETCH_ALLOW = []
    with pytest.raises(hooks.WebhookRefused) as refused:
        hooks.create(webhook.project, owner, url=address, told=[events.METRIC])
    assert set(refused.value.problems) == {"url"}
    Webhook.objects.filter(pk=webhook.pk).update(url=address)  # as if it had been kept before
    row = told(webhook)
    send_all()
    assert row.sent.get().status is None
    assert row.sent.get().outcome in {"bad_address", "not_https", "odd_port", "private_address"}


def test_a_name_that_leads_inside_is_neither_kept_nor_called(
    webhook, delivery, receiver, settings, owner, monkeypatch
):
    settings.FETCH_ALLOW = []
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: inside)
    with pytest.raises(hooks.WebhookRefused):
        hooks.create(webhook.project, owner, url="https://inside.example/", told=[events.METRIC])
    Webhook.objects.filter(pk=webhook.pk).update(url="https://inside.example/")
    send_all()
    assert (receiver.seen, delivery.sent.get().outcome) == ([], "private_address")


def test_a_name_that_changes_its_mind_is_called_where_it_was_judged(
    webhook, delivery, receiver, settings, monkeypatch
):
    """The resolver says a harmless address first and ours from then on."""
    port = receiver.server_port
    settings.FETCH_ALLOW = ["127.0.0.2/32"]
    monkeypatch.setitem(guard.PORTS, "http", port)
    asked, real = [], socket.getaddrinfo

    def changing(host, *rest, **more):
        if host != "rebound.example":
            return real(host, *rest, **more)
        asked.append(host)
        number = "127.0.0.2" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    Webhook.objects.filter(pk=webhook.pk).update(url=f"http://rebound.example:{port}/")
    send_all()
    assert delivery.sent.get().outcome == "unreachable"  # nobody listens at 127.0.0.2
    hurry(delivery)
    send_all()
    assert delivery.sent.last().outcome == "private_address"
    assert (receiver.seen, len(asked)) == ([], 2)


def test_a_redirect_is_a_failure_wherever_it_leads(webhook, delivery, receiver):
    inside = ("http://169.254.169.254/", "file:///etc/passwd", receiver.url)
    for status, where in zip((301, 307, 308), inside, strict=True):
        receiver.answers = [lambda it, s=status, w=where: it.say(s, Location=w)]
        hurry(delivery)
        send_all()
        attempt = delivery.sent.last()
        assert (attempt.outcome, attempt.status) == ("redirect", status)
    assert len(receiver.seen) == 3
    assert fresh(delivery).state == State.DUE


def test_what_the_other_side_says_is_not_kept_or_shown(webhook, delivery, receiver):
    def says(it):
        it.send_response(500, "CANARY")
        it.send_header("X-Canary", "CANARY")
        it.send_header("Content-Length", "6")
        it.end_headers()
        it.wfile.write(b"CANARY")

    receiver.answers = [says]
    send_all()
    rows = [*Attempt.objects.values(), *Delivery.objects.values(), *Webhook.objects.values()]
    assert "CANARY" not in f"{rows}{log.of(webhook)}"
    assert delivery.sent.get().status == 500


def test_a_body_without_end_is_not_read(webhook, delivery, receiver):
    written = []

    def endless(it):
        it.send_response(200)
        it.end_headers()
        while True:
            written.append(it.wfile.write(b"x" * 65_536))

    receiver.answers = [endless]
    assert send_all() == 1
    assert fresh(delivery).state == State.DONE
    assert sum(written) < 64 << 20


@pytest.mark.parametrize("how", ["silent", "drips"])
def test_a_receiver_that_hangs_is_left_in_time(webhook, delivery, receiver, monkeypatch, how):
    monkeypatch.setattr(sending, "SECONDS", 0.4)
    over = threading.Event()

    def hang(it):
        while not over.wait(0.05):
            if how == "drips":
                it.wfile.write(b"HTTP/1.1 2")

    receiver.answers = [hang]
    began = time.monotonic()
    send_all()
    assert time.monotonic() - began < 5
    over.set()
    assert delivery.sent.get().outcome == "timed_out"
    assert fresh(delivery).state == State.DUE


# ---- Signed -----------------------------------------------------------------------------------


def test_a_delivery_is_signed_as_standard_webhooks_has_it(webhook, delivery, receiver):
    send_all()
    [(path, headers, body)] = receiver.seen
    assert (path, headers["content-type"]) == ("/hook", "application/json")
    assert headers["webhook-id"] == f"msg_{delivery.uuid.hex}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert verified(webhook.secret, headers, body)
    assert not verified("whsec_" + base64.b64encode(b"y" * 32).decode(), headers, body)
    assert not verified(webhook.secret, headers, body + b" ")


def test_the_known_example_of_the_specification_verifies():
    """From the reference libraries' tests: secret, id, time and body with their signature."""
    signed = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_after_a_change_both_secrets_are_good_for_a_day(webhook, receiver):
    old, new = webhook.secret, hooks.new_secret(webhook)
    told(webhook)
    send_all()
    [(_path, headers, body)] = receiver.seen
    assert verified(old, headers, body)
    assert verified(new, headers, body)
    late = timezone.now() - timedelta(seconds=1)
    Webhook.objects.filter(pk=webhook.pk).update(old_secret_until=late)
    told(webhook)
    send_all()
    _path, headers, body = receiver.seen[-1]
    assert verified(new, headers, body)
    assert not verified(old, headers, body)


# ---- Again and again --------------------------------------------------------------------------


def test_it_is_tried_until_it_is_accepted_with_the_same_id(webhook, delivery, receiver):
    receiver.answers = [500, 404, 503]
    for n in range(4):
        hurry(delivery)
        assert send_all() == 1
        assert fresh(delivery).tries == n + 1
    assert fresh(delivery).state == State.DONE
    assert len({headers["webhook-id"] for _path, headers, _body in receiver.seen}) == 1
    assert [a.status for a in delivery.sent.order_by("pk")] == [500, 404, 503, 204]
    assert fresh(webhook).failing_since is None


def test_the_pauses_grow_and_differ(webhook, receiver):
    receiver.answers = [500] * 12
    waits = []
    for tries in (0, 1, 4, 8):
        row = told(webhook, tries=tries)
        began = timezone.now()
        send_all()
        waits.append((fresh(row).not_before - began).total_seconds())
        row.delete()
    for wait, middle in zip(waits, (5, 60, 7200, 72_000), strict=True):
        assert 0.8 * middle - 1 <= wait <= 1.2 * middle + 5
    assert all(wait != round(wait) for wait in waits)


def test_the_wish_of_the_other_side_is_heeded_within_a_day(webhook, delivery, receiver):
    for wish, least, most in (("600", 590, 660), ("99999999", 0, 90_000), ("later", 0, 90_000)):
        receiver.answers = [lambda it, wish=wish: it.say(429, Retry_After=wish)]
        hurry(delivery)
        send_all()
        wait = (fresh(delivery).not_before - timezone.now()).total_seconds()
        assert least <= wait <= most


def test_the_others_of_a_dead_receiver_wait_too(webhook, delivery, receiver):
    receiver.answers = [500]
    more = [told(webhook) for _ in range(3)]
    assert send_all() == 1, "one failure, and the rest is held back for a moment"
    assert all(fresh(row).not_before for row in more)
    hurry(delivery, *more)
    assert send_all() == 4


def test_after_ten_attempts_and_a_day_the_webhook_stops(webhook, receiver):
    receiver.answers = [500, 500]
    row = told(webhook, tries=len(sending.DELAYS))
    send_all()
    assert fresh(row).state == State.FAILED
    assert fresh(webhook).state == Webhook.State.ACTIVE, "it has failed for a moment only"
    since = timezone.now() - timedelta(days=2)
    Webhook.objects.filter(pk=webhook.pk).update(failing_since=since)
    last, waiting = told(webhook, tries=len(sending.DELAYS)), told(webhook)
    send_all()
    assert (fresh(webhook).state, fresh(webhook).why) == (Webhook.State.STOPPED, "failing")
    assert (fresh(last).state, fresh(waiting).state) == (State.FAILED, State.PAUSED)
    hooks.go_on(webhook)
    assert send_all() == 1
    assert (fresh(waiting).state, fresh(webhook).failing_since) == (State.DONE, None)


def test_who_answers_gone_is_called_no_more(webhook, delivery, receiver):
    receiver.answers = [410]
    waiting = told(webhook)
    assert send_all() == 1
    assert (fresh(webhook).state, fresh(webhook).why) == (Webhook.State.STOPPED, "gone")
    assert (fresh(delivery).state, fresh(waiting).state) == (State.FAILED, State.PAUSED)


def test_paused_sends_nothing_but_tests(webhook, delivery, receiver):
    hooks.pause(webhook)
    assert send_all() == 0
    assert hooks.test(webhook).event == events.TEST
    assert send_all() == 1
    assert receiver.bodies()[0]["type"] == "webhook.test"
    hooks.go_on(webhook)
    assert send_all() == 1


def test_a_failure_while_it_is_paused_waits_for_its_word(webhook, delivery, receiver):
    row = leases.claim(Delivery)
    hooks.pause(webhook)
    receiver.answers = [500]
    sending.run(row)
    assert fresh(delivery).state == State.PAUSED


def test_a_failed_test_is_one_attempt_and_no_failure(webhook, receiver):
    receiver.answers = [500]
    row = hooks.test(webhook)
    send_all()
    assert (fresh(row).state, fresh(webhook).failing_since) == (State.FAILED, None)
    assert hooks.replay_failed(webhook) == 0


def test_replay_sends_the_same_again(webhook, delivery, receiver):
    send_all()
    assert hooks.replay(fresh(delivery))
    assert send_all() == 1
    (_p, one, first), (_q, two, second) = receiver.seen
    assert (one["webhook-id"], first) == (two["webhook-id"], second)
    assert delivery.sent.count() == 2
    hooks.replay(fresh(delivery))
    held = leases.claim(Delivery)
    assert not hooks.replay(held), "it is being sent"
    sending.run(held)
    assert hooks.replay_failed(webhook) == 0


def test_all_that_was_given_up_is_sent_again(webhook, delivery, receiver):
    Delivery.objects.update(state=State.FAILED)
    assert hooks.replay_failed(webhook) == 1
    assert send_all() == 1


# ---- Workers ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_at_once(webhook, receiver):
    rows = [told(webhook) for _ in range(12)]
    together = threading.Barrier(4)

    def worker(_n):
        try:
            together.wait(10)
            return send_all()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(worker, range(4))) == 12
    ids = [headers["webhook-id"] for _path, headers, _body in receiver.seen]
    assert sorted(ids) == sorted(row.message_id for row in rows)


@pytest.mark.django_db(transaction=True)
def test_an_attempt_holds_no_transaction(webhook, delivery, receiver):
    """While the other side takes its time, anybody can write, that very webhook too."""
    free = []

    def slow(it):
        free.append(Webhook.objects.filter(pk=webhook.pk).update(name="written meanwhile"))
        connection.close()
        it.say(204)

    receiver.answers = [slow]
    send_all()
    assert free == [1]
    assert fresh(delivery).state == State.DONE
