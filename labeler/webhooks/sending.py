"""One attempt to deliver: sign, send, note what came of it, and decide when to try again.

At least once: the attempt is noted before it is made and ended after it, and a worker that dies in
between leaves a lease that runs out. The message's id stays the same.
"""

import io
import random
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from labeler.pools.remote import fetching
from labeler.pools.remote.connections import Clock
from labeler.pools.remote.fetching import Failed, Wish
from labeler.pools.remote.guard import Forbidden
from labeler.webhooks import events, signing
from labeler.webhooks.models import Attempt, Delivery, Webhook
from labeler.work import clock, leases

State = Delivery.State

SECONDS = 15.0  # that the other side has to answer
# Seconds after each failed attempt, as Standard Webhooks suggests: some two days in all.
DELAYS = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000)
JITTER = 0.2  # of each of them, either way
LONGEST_WISH = 86_400.0  # seconds that a Retry-After is heeded
BREATH = 60.0  # the others of a webhook wait so long after a failure: it is not called in a row
GIVEN_UP = timedelta(days=1)  # without a success: the webhook stops


class Result(NamedTuple):
    """What came of an attempt. outcome: "ok", or a key of addresses.WORDS."""

    outcome: str
    status: int | None = None
    again_in: float = 0.0  # seconds, as the other side wished


def run(row: Delivery) -> None:
    """Make one attempt with a claimed delivery. Raises LeaseLost."""
    webhook = Webhook.objects.get(pk=row.webhook_id)
    leases.renew(row, tries=row.tries + 1)
    attempt = Attempt.objects.create(delivery=row)
    began = time.monotonic()
    with leases.keeping(row):  # looking a name up has a time limit of its own
        result = send(webhook, row)
    attempt.outcome, attempt.status = result.outcome, result.status
    attempt.ms = round(1000 * (time.monotonic() - began))
    with transaction.atomic():
        attempt.save(update_fields=["outcome", "status", "ms"])
        _end(row, result)


def send(webhook: Webhook, row: Delivery) -> Result:
    """Post the delivery, once. No byte of the answer's body is read."""
    body = row.body.encode()
    said = {"Content-Type": "application/json"}
    said |= signing.headers(secrets(webhook), row.message_id, int(clock.now().timestamp()), body)
    wish = Wish("POST", said, body, reads=False)
    timer = Clock(min(SECONDS, settings.LEASE_SECONDS / 2))
    try:
        answer = fetching.ask(webhook.url, io.BytesIO(), wish=wish, clock=timer)
    except (Failed, Forbidden) as error:
        return Result(error.refused.code)
    return Result(
        _outcome(answer.status), answer.status, _wished(answer.headers.get("retry-after", ""))
    )


def secrets(webhook: Webhook) -> list[str]:
    """Those that are valid now: after a change both are for a while."""
    until = webhook.old_secret_until
    both = bool(until and until > timezone.now())
    return [webhook.secret, *([webhook.old_secret] if both else [])]


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return "ok"
    if status == 410:
        return "gone"
    return "redirect" if status in fetching.REDIRECTS else "status"


def _wished(text: str) -> float:
    """Seconds; dates are not heeded."""
    is_number = text.isascii() and text.isdigit() and len(text) < 8
    return min(float(text), LONGEST_WISH) if is_number else 0.0


# What follows -----------------------------------------------------------------------------


def _end(row: Delivery, result: Result) -> None:
    webhook = Webhook.objects.select_for_update(no_key=True).get(pk=row.webhook_id)
    is_test = row.event == events.TEST
    if result.outcome == "ok":
        if webhook.failing_since:
            Webhook.objects.filter(pk=webhook.pk).update(failing_since=None)
        leases.finish(row, error="")
        return
    now = clock.now()
    if not is_test and webhook.failing_since is None:
        webhook.failing_since = now
        webhook.save(update_fields=["failing_since"])
    if is_test or result.outcome == "gone" or row.tries > len(DELAYS):
        leases.finish(row, State.FAILED, error="")
    else:
        _again(row, webhook, result)
    if not is_test:
        _consider(webhook, row, result, now)


def _again(row: Delivery, webhook: Webhook, result: Result) -> None:
    """Later: the longer, the more often it failed."""
    seconds = DELAYS[row.tries - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    seconds = max(seconds, result.again_in)
    if not webhook.is_active:
        leases.rest(row, State.PAUSED)
        return
    leases.put_off(row, "", seconds=seconds)
    until = clock.now() + timedelta(seconds=min(seconds, BREATH))
    others = Delivery.objects.filter(webhook=webhook, state=State.DUE)
    others.filter(Q(not_before=None) | Q(not_before__lt=until)).update(not_before=until)


def _consider(webhook: Webhook, row: Delivery, result: Result, now: datetime) -> None:
    """Stop a webhook that wants no more, or that has failed for long."""
    if not webhook.is_active or webhook.failing_since is None:
        return
    if result.outcome == "gone":
        stop(webhook, "gone")
    elif row.state == State.FAILED and webhook.failing_since < now - GIVEN_UP:
        stop(webhook, "failing")


def stop(webhook: Webhook, why: str) -> None:
    """Call it no more until somebody lets it go on; what waits is kept."""
    webhook.state, webhook.why = Webhook.State.STOPPED, why
    webhook.save(update_fields=["state", "why"])
    hold_back(webhook)


def hold_back(webhook: Webhook) -> None:
    """Let what waits wait until the webhook goes on."""
    Delivery.objects.filter(webhook=webhook, state=State.DUE).update(
        state=State.PAUSED, not_before=None
    )
