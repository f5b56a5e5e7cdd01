"""Webhooks: addresses that are told what happens, and the log of what they were told."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User
from labeler.webhooks import events, hooks
from labeler.webhooks.finding import delivery_of, webhook_for
from labeler.webhooks.hooks import Rule
from labeler.webhooks.models import Delivery, Webhook

router = Router(tags=["webhooks"])
PATH = "/projects/{int:project_id}/webhooks"
ONE = f"{PATH}/{{int:webhook_id}}"

Url = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(max_length=100)]
Event = Literal[
    "annotation.created", "round.finished", "round.failed", "import.finished", "import.failed",
    "metric.crossed",
]  # fmt: skip
Events = Annotated[list[Event], Field(min_length=1, max_length=len(events.ALL))]


class TargetIn(BodySchema):
    """A figure of the audit sample to be told about when it crosses `target`, in (0, 1).

    `label`: a label's name; null for the macro average of all labels.
    """

    metric: Literal["precision", "recall", "f1", "average_precision", "accuracy"]
    label: Annotated[str, Field(max_length=100)] | None = None
    target: Annotated[float, Field(gt=0, lt=1)]
    direction: Literal["above", "below"] = "above"


Targets = Annotated[list[TargetIn], Field(max_length=hooks.MOST_TARGETS)]


class TargetOut(Schema):
    """A target; `met` is null until it was judged first."""

    metric: str
    label: str | None
    target: float
    direction: str
    met: bool | None


class WebhookIn(BodySchema):
    """A new webhook."""

    url: Url
    name: Name = ""
    events: Events
    targets: Targets = []

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "url": "https://example.org/hook",
                    "events": ["round.finished", "metric.crossed"],
                    "targets": [{"metric": "recall", "label": "rust", "target": 0.9}],
                }
            ]
        }
    }


class WebhookPatch(BodySchema):
    """What is to change; the rest stays. `active` pauses it, or lets it go on."""

    url: Url | None = None
    name: Name | None = None
    events: Events | None = None
    targets: Targets | None = None
    active: bool | None = None


class WebhookOut(Schema):
    """A webhook, without its secret. `state`: active, paused or stopped (`why`: failing, gone)."""

    id: int
    name: str
    url: str
    events: list[str]
    targets: list[TargetOut]
    state: str
    why: str
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_by: str
    created_at: datetime


class WebhookMade(WebhookOut):
    """A webhook with its secret, which no other answer holds."""

    secret: str


class WebhookList(Schema):
    """All webhooks of the project."""

    items: list[WebhookOut]
    next: str | None = None


class AttemptOut(Schema):
    """One sending. `outcome` is "ok", a reason, or "" while it is under way or if it broke off."""

    at: datetime
    outcome: str
    status: int | None
    ms: int | None


class DeliveryOut(Schema):
    """What was told, or is to be. `webhook_id` is the header of this name."""

    id: int
    webhook_id: str
    event: str
    state: str
    attempts: list[AttemptOut]
    next_attempt: datetime | None
    created_at: datetime
    body: str


class DeliveryList(Schema):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class Replayed(Schema):
    """How many deliveries are sent again."""

    replayed: int


@router.get(PATH, response={200: WebhookList, **ERRORS})
def list_webhooks(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """The webhooks of the project."""
    project = project_for(request.user, project_id, "set")
    found = Webhook.objects.filter(project=project).order_by("pk")
    return {"items": [_told(webhook) for webhook in found]}


@router.post(PATH, response={201: WebhookMade, **ERRORS})
def create_webhook(request: HttpRequest, project_id: int, body: WebhookIn) -> Status[Any]:
    """Make a webhook. The answer holds its secret, this once."""
    project = project_for(request.user, project_id, "set")
    made = hooks.create(
        project, cast(User, request.user), url=body.url, name=body.name, told=body.events,
        rules=_rules(project, body.targets),
    )  # fmt: skip
    return Status(201, {**_told(made), "secret": made.secret})


@router.get(ONE, response={200: WebhookOut, **ERRORS})
def get_webhook(request: HttpRequest, project_id: int, webhook_id: int) -> dict[str, Any]:
    """One webhook."""
    return _told(webhook_for(request.user, project_id, webhook_id))


@router.patch(ONE, response={200: WebhookOut, **ERRORS})
def change_webhook(
    request: HttpRequest, project_id: int, webhook_id: int, body: WebhookPatch
) -> dict[str, Any]:
    """Change address, name, events or targets; pause it or let it go on."""
    webhook = webhook_for(request.user, project_id, webhook_id)
    if body.dict(exclude_none=True).keys() - {"active"}:
        hooks.change(
            webhook,
            url=webhook.url if body.url is None else body.url,
            name=webhook.name if body.name is None else body.name,
            told=webhook.events if body.events is None else body.events,
            rules=None if body.targets is None else _rules(webhook.project, body.targets),
        )
    if body.active is not None:
        (hooks.go_on if body.active else hooks.pause)(webhook)
    return _told(webhook)


@router.delete(ONE, response={204: None, **ERRORS})
def delete_webhook(request: HttpRequest, project_id: int, webhook_id: int) -> Status[Any]:
    """Delete it with its log."""
    hooks.delete(webhook_for(request.user, project_id, webhook_id))
    return Status(204, None)


@router.post(f"{ONE}/secret", response={200: WebhookMade, **ERRORS})
def change_webhook_secret(request: HttpRequest, project_id: int, webhook_id: int) -> dict[str, Any]:
    """Make another secret. For a day deliveries carry the signatures of both."""
    webhook = webhook_for(request.user, project_id, webhook_id)
    return {"secret": hooks.new_secret(webhook), **_told(webhook)}


@router.post(f"{ONE}/test", response={202: DeliveryOut, **ERRORS})
def test_webhook(request: HttpRequest, project_id: int, webhook_id: int) -> Status[Any]:
    """Send an event that means nothing, once, also while it is paused."""
    return Status(202, _sent(hooks.test(webhook_for(request.user, project_id, webhook_id))))


@router.get(f"{ONE}/deliveries", response={200: DeliveryList, **ERRORS})
def list_deliveries(
    request: HttpRequest, project_id: int, webhook_id: int, page: Query[Page]
) -> dict[str, Any]:
    """What was told and how that went, newest first; kept for 30 days."""
    webhook = webhook_for(request.user, project_id, webhook_id)
    rows = webhook.deliveries.prefetch_related("sent")
    found, more = by_pk(request, rows, page, newest=True)
    return {"items": [_sent(row) for row in found], "next": more}


@router.post(f"{ONE}/deliveries/{{int:delivery_id}}/replay", response={202: DeliveryOut, **ERRORS})
def replay_delivery(
    request: HttpRequest, project_id: int, webhook_id: int, delivery_id: int
) -> Status[Any]:
    """Send it again, with the same webhook-id and body."""
    webhook = webhook_for(request.user, project_id, webhook_id)
    delivery = delivery_of(webhook, delivery_id)
    if not hooks.replay(delivery):
        raise Refused(409, "being_sent", "It is being sent at this moment. Look again in a minute.")
    return Status(202, _sent(delivery))


@router.post(f"{ONE}/replay", response={202: Replayed, **ERRORS})
def replay_failed_deliveries(request: HttpRequest, project_id: int, webhook_id: int) -> Status[Any]:
    """Send again all that was given up."""
    n = hooks.replay_failed(webhook_for(request.user, project_id, webhook_id))
    return Status(202, {"replayed": n})


def _rules(project: Project, wished: list[TargetIn]) -> list[Rule]:
    by_name = dict(Label.objects.filter(project=project).values_list("name", "pk"))
    unknown = next((each.label for each in wished if each.label not in {None, *by_name}), None)
    if unknown is not None:
        raise Refused(422, "unknown_label", f"This project has no label {unknown[:60]!r}.")
    return [
        Rule(each.metric, by_name.get(each.label or ""), each.target, each.direction)
        for each in wished
    ]


def _told(webhook: Webhook) -> dict[str, Any]:
    names = (
        "name", "url", "events", "state", "why", "failing_since", "old_secret_until", "created_at",
    )  # fmt: skip
    return {
        "id": webhook.pk,
        "created_by": webhook.created_by.username,
        "targets": [
            {
                "metric": target.metric,
                "label": target.label.name if target.label else None,
                "target": target.value,
                "direction": target.direction,
                "met": target.met,
            }
            for target in webhook.targets.select_related("label").order_by("pk")
        ],
        **{name: getattr(webhook, name) for name in names},
    }


def _sent(row: Delivery) -> dict[str, Any]:
    names = ("at", "outcome", "status", "ms")
    tries = sorted(row.sent.all(), key=lambda each: each.pk)
    return {
        "id": row.pk,
        "webhook_id": row.message_id,
        "event": row.event,
        "state": "queued" if row.state == Delivery.State.DUE else row.state,
        "attempts": [{name: getattr(each, name) for name in names} for each in tries],
        "next_attempt": row.not_before if row.state == Delivery.State.DUE else None,
        "created_at": row.created_at,
        "body": row.body,
    }
