"""What is told of each event. docs/reference/webhooks.md shows one of each; a test compares."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.urls import reverse

from labeler.evaluation.measures import Measure
from labeler.labeling.models import Annotation
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.training.models import Round
from labeler.webhooks.models import Delivery, Target, Webhook

Json = dict[str, Any]


def envelope(event: str, project: Project, happened: datetime, data: Any) -> str:
    """The body of a delivery: type, timestamp of the event, project, data."""
    told = {
        "type": event,
        "timestamp": time(happened),
        "project": {"id": project.pk, "name": project.name},
        "data": data,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def delivery(
    webhook: Webhook, event: str, happened: datetime, data: Any, key: str = ""
) -> Delivery:
    """What the webhook is to be told, not stored yet. key: names the event; it is told once."""
    return Delivery(
        project_id=webhook.project_id,
        webhook=webhook,
        event=event,
        key=key or f"{event}:{uuid4()}",
        body=envelope(event, webhook.project, happened, data),
    )


def time(when: datetime | None) -> str | None:
    """ISO 8601 in UTC, with microseconds and Z."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z" if when else None


def annotation(row: Annotation) -> Json:
    """A row of the history. Needs image, user, supersedes and labels at hand."""
    return {
        "uuid": str(row.uuid),
        "kind": row.kind,
        "image": {"id": row.image_id, "name": row.image.name, "sha256": row.image.sha256},
        "labels": sorted(label.name for label in row.labels.all()),
        "skip": row.skip or None,
        "user": row.user.username,
        "source": row.source,
        "audit": row.audit,
        "supersedes": str(row.supersedes.uuid) if row.supersedes else None,
        "created_at": time(row.created_at),
    }


def round_(row: Round, version: int | None) -> Json:
    """A round that is over. version: of the model that it left, if any."""
    return {
        "number": row.number,
        "state": row.state,
        "reason": row.reason,
        "model_version": version,
        "n_labels": row.n_labels,
        "images": row.total,
        "seconds": (row.timings or {}).get("all"),
        "error": row.error,
        "started_at": time(row.started_at),
        "finished_at": time(row.finished_at),
    }


def import_(row: Import) -> Json:
    """An import that is over."""
    return {
        "id": row.number,
        "state": row.state,
        "source": row.source,
        "title": row.title,
        "total": row.total,
        "added": row.added,
        "duplicates": row.duplicates,
        "refused": row.refused,
        "labels_added": row.labels_added,
        "error": row.error,
        "report_url": reverse("import_report_json", args=[row.project_id, row.number]),
        "started_at": time(row.started_at),
        "finished_at": time(row.finished_at),
    }


def crossing(target: Target, figure: Measure, version: int | None, audit_labels: int) -> Json:
    """A figure that crossed its target."""
    label = target.label
    return {
        "metric": target.metric,
        "label": {"id": label.pk, "name": label.name} if label else None,
        "target": target.value,
        "direction": target.direction,
        **figure.as_dict(),
        "model_version": version,
        "audit_labels": audit_labels,
    }
