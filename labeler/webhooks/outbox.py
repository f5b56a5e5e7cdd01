"""What happened and was not told yet becomes deliveries.

The rows of the lower floors are the outbox: an answer, a round or an import that is committed
cannot be forgotten, and nobody who labels or trains pays for a webhook or waits for it. A sweep of
the chores workers reads on from where each webhook was told to, and moves that place in the
transaction that stores the deliveries.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from labeler.labeling.models import Annotation
from labeler.pools.models import Import
from labeler.training.models import ModelVersion, Round
from labeler.webhooks import events, payloads, settled, targets
from labeler.webhooks.models import Delivery, Webhook
from labeler.work import clock, leases
from labeler.work.messages import nudge
from labeler.work.models import OPEN_WORK, LeasedWork

log = logging.getLogger(__name__)
State = LeasedWork.State

IN_ONE = 100  # answers in one delivery: about 30 KB
MOST_OPEN = 10  # deliveries of answers that wait: more wait as the answers they are
BACK = timedelta(days=7)  # after a pause, what is older is not told
LATE = timedelta(minutes=10)  # by which the end of a round can be seen after its time stamp
KEPT = timedelta(days=30)  # deliveries that are over
TIDY_SECONDS = 3600.0
_tidied = 0.0


def find() -> None:
    """Make the deliveries that are due, of every active webhook; forget the oldest."""
    for webhook in Webhook.objects.filter(
        state=Webhook.State.ACTIVE, project__leaving_at=None
    ).select_related("project"):
        try:
            collect(webhook)
            if events.METRIC in webhook.events:
                targets.judge(webhook)
        except Exception:  # one webhook's trouble must not stop the others
            log.exception("What webhook %s is to be told was not found out.", webhook.pk)
    _tidy()


def collect(webhook: Webhook) -> None:
    """Store what the webhook was not told yet, each event once."""
    if not _is_behind(webhook):
        return
    top = settled.newest() if events.ANNOTATIONS in webhook.events else None
    with transaction.atomic():
        mine = leases.lock(Webhook.objects.filter(pk=webhook.pk, state=Webhook.State.ACTIVE))
        held = mine.select_related("project").first()
        if held is None:
            return
        now = clock.now()
        made = [*_rounds(held, now), *_imports(held, now)]
        if top is not None:
            made += _answers(held, top, now)
        held.since = max(held.since, now - LATE)
        held.save(update_fields=["since", "seen_annotation"])
        Delivery.objects.bulk_create(made)
        for delivery in made:
            nudge("delivery", delivery.pk)


def _is_behind(webhook: Webhook) -> bool:
    """Whether there may be something to tell, or the place to read on from is long ago. Cheap."""
    now = timezone.now()
    if webhook.since < now - 2 * LATE:
        return True
    if events.ANNOTATIONS in webhook.events and _newer(webhook, now).exists():
        return True
    return any(_over(model, webhook, now).exists() for model in (Round, Import))


# Answers ----------------------------------------------------------------------------------


def _newer(webhook: Webhook, now: datetime) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(
        project=webhook.project_id, pk__gt=webhook.seen_annotation, created_at__gt=now - BACK
    )


def _answers(webhook: Webhook, top: int, now: datetime) -> Iterator[Delivery]:
    """Up to MOST_OPEN deliveries; `seen_annotation` moves on with them."""
    open_ = Delivery.objects.filter(OPEN_WORK, webhook=webhook, event=events.ANNOTATIONS)
    room = max(0, MOST_OPEN - open_.count()) * IN_ONE
    rows = _newer(webhook, now).filter(pk__lte=top).order_by("pk")
    rows = rows.select_related("image", "user", "supersedes").prefetch_related("labels")
    found = list(rows[:room])
    webhook.seen_annotation = found[-1].pk if found else webhook.seen_annotation
    for start in range(0, len(found), IN_ONE):
        some = found[start : start + IN_ONE]
        data = [payloads.annotation(row) for row in some]
        key = f"annotations:{some[0].pk}"
        yield payloads.delivery(webhook, events.ANNOTATIONS, some[-1].created_at, data, key)


# Rounds and imports -----------------------------------------------------------------------


def _over(model: Any, webhook: Webhook, now: datetime) -> "QuerySet[Any]":
    """Rows that ended lately; what was told before is among them."""
    rows: QuerySet[Any] = model._default_manager.filter(
        project=webhook.project_id,
        state__in=(State.DONE, State.FAILED),
        finished_at__gt=max(webhook.since, now - BACK),
    )
    return rows.order_by("finished_at", "pk")


def _untold(webhook: Webhook, kind: str, rows: Iterable[Any]) -> list[tuple[str, Any]]:
    """(key, row) of those that were not told. A row that was tried again ends again."""
    by_key = {f"{kind}:{row.pk}:{row.lease_no}": row for row in rows}
    told = Delivery.objects.filter(webhook=webhook, key__in=by_key)
    known = set(told.values_list("key", flat=True))
    return [(key, row) for key, row in by_key.items() if key not in known]


def _rounds(webhook: Webhook, now: datetime) -> Iterator[Delivery]:
    wanted = {State.DONE: events.ROUND_FINISHED, State.FAILED: events.ROUND_FAILED}
    untold = _untold(webhook, "round", _over(Round, webhook, now))
    rounds = [row.pk for _key, row in untold]
    versions = dict(ModelVersion.objects.filter(round__in=rounds).values_list("round", F("number")))
    for key, row in untold:
        if (event := wanted[row.state]) in webhook.events:
            data = payloads.round_(row, versions.get(row.pk))
            yield payloads.delivery(webhook, event, row.finished_at, data, key)


def _imports(webhook: Webhook, now: datetime) -> Iterator[Delivery]:
    wanted = {State.DONE: events.IMPORT_FINISHED, State.FAILED: events.IMPORT_FAILED}
    for key, row in _untold(webhook, "import", _over(Import, webhook, now)):
        if (event := wanted[row.state]) in webhook.events:
            yield payloads.delivery(webhook, event, row.finished_at, payloads.import_(row), key)


# The log ----------------------------------------------------------------------------------


def _tidy() -> None:
    """Forget what was delivered, or given up, long ago."""
    global _tidied
    if time.monotonic() - _tidied < TIDY_SECONDS and _tidied:
        return
    _tidied = time.monotonic()
    over = Delivery.objects.filter(state__in=Delivery.OVER, created_at__lt=timezone.now() - KEPT)
    while pks := list(over.order_by("pk").values_list("pk", flat=True)[:500]):
        Delivery.objects.filter(pk__in=pks).delete()
