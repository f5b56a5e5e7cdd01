"""What was sent, how it went, and what comes next: the log as the page shows it."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from labeler.projects.stored_words import told
from labeler.webhooks import addresses, events
from labeler.webhooks.models import Attempt, Delivery, Webhook

SHOWN = 50  # deliveries on the page; the API has them all
LONGEST_BODY = 4_000  # characters that the page shows
State = Delivery.State
STATES = {
    State.DUE: (pgettext_lazy("a delivery", "waiting"), ""),
    State.RUNNING: (pgettext_lazy("a delivery", "being sent"), ""),
    State.PAUSED: (pgettext_lazy("a delivery", "paused"), "warn"),
    State.DONE: (pgettext_lazy("a delivery", "delivered"), "good"),
    State.FAILED: (pgettext_lazy("a delivery", "given up"), "bad"),
    State.CANCELLED: (pgettext_lazy("a delivery", "cancelled"), ""),
}
TEST = gettext_lazy("A test")


@dataclass(frozen=True)
class Try:
    """One attempt in words."""

    at: datetime
    words: str
    ms: int | None


@dataclass(frozen=True)
class Line:
    """One delivery in words. `next`: when it is tried again, if it is."""

    delivery: Delivery
    event: str
    state: str
    tone: str
    trouble: str
    tries: tuple[Try, ...]
    next: datetime | None

    @property
    def may_be_sent(self) -> bool:
        """Whether `Send again` does anything."""
        return self.delivery.state != State.RUNNING

    @property
    def body(self) -> str:
        """What is sent, laid out for the eye, and no more of it than fits."""
        text = json.dumps(json.loads(self.delivery.body), ensure_ascii=False, indent=2)
        return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}\n…"


def of(webhook: Webhook) -> list[Line]:
    """The newest deliveries."""
    rows = webhook.deliveries.order_by("-pk").prefetch_related("sent")[:SHOWN]
    return [_line(row) for row in rows]


def _line(row: Delivery) -> Line:
    sent = sorted(row.sent.all(), key=lambda each: each.pk)
    words, tone = STATES[State(row.state)]
    waits_again = row.state == State.DUE and row.tries
    if waits_again:
        words, tone = pgettext_lazy("a delivery", "waiting after a failure"), "warn"
    last = sent[-1] if sent else None
    return Line(
        delivery=row,
        event=str(events.WORDS[row.event][0] if row.event in events.WORDS else TEST),
        state=str(words),
        tone=tone,
        trouble="" if row.state == State.DONE or not last else _said(last, row),
        tries=tuple(Try(each.at, _said(each, row), each.ms) for each in sent),
        next=row.not_before if waits_again else None,
    )


def _said(attempt: Attempt, row: Delivery) -> str:
    """What came of an attempt: the status, or why there is none."""
    if not attempt.outcome:
        words = _("It is under way, or was broken off.")
        return f"{words} {told(row.error)}" if row.error else words
    if attempt.outcome == "ok":
        return f"{attempt.status}"
    words = str(addresses.WORDS.get(attempt.outcome, attempt.outcome))
    return f"{attempt.status}: {words}" if attempt.status else words
