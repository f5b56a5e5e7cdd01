"""What the label page and the API are answered; their doorways send these as they are."""

from collections.abc import Iterable
from typing import Any

from labeler.labeling import progress, questions, queue
from labeler.labeling.history import Outcome
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project, User

STRIP = 24  # last answers shown, and undone with one key


def claimed(project: Project, user: User, items: Iterable[QueueItem]) -> dict[str, Any]:
    """The reply to a claim: {items, left, model_version, progress, empty?}."""
    names = questions.names_of(project)
    shown = questions.suggestions_shown(project, user)
    asked = [_question(item, project, names, shown) for item in items]
    now = progress.as_dict(project)
    reply = {
        "items": asked,
        "left": queue.left(project),
        "model_version": now["model_version"],
        "progress": now,
    }
    if not asked:
        reply["empty"] = why_empty(project)
    return reply


def why_empty(project: Project) -> str:
    """Why there is nothing to ask: "no_labels", "no_images", "all_answered" or "waiting"."""
    if not project.labels.filter(retired=False).exists():
        return "no_labels"
    images = Image.objects.filter(project=project)
    if not images.exists():
        return "no_images"
    if images.filter(state=Image.State.OPEN).exists() or queue.left(project):
        return "waiting"
    return "all_answered"


def recorded(outcome: Outcome) -> dict[str, Any]:
    """What an answer or an undo is answered. A replay reads exactly like the first reply."""
    if outcome.annotation is None:
        return {"detail": outcome.detail, "code": outcome.code}
    return annotation(outcome.annotation)


def undone(project: Project, user: User, outcome: Outcome) -> dict[str, Any]:
    """The reply to an undo: the row, and under `question` the image that is asked again."""
    reply = recorded(outcome)
    if outcome.item and outcome.item.done_at is None:
        names, shown = questions.names_of(project), questions.suggestions_shown(project, user)
        reply["question"] = _question(outcome.item, project, names, shown)
    return reply


def annotation(row: Annotation) -> dict[str, Any]:
    """A stored answer as JSON, with the names the labels had when it was given."""
    return {
        "uuid": str(row.uuid),
        "kind": row.kind,
        "item": row.item_id,
        "image": row.image_id,
        "labels": row.body.get("labels", []),
        "label_ids": row.body.get("label_ids", []),
        "skip": row.skip or None,
        "elapsed_ms": row.elapsed_ms,
        "source": row.source,
        "audit": row.audit,
        "created_at": row.created_at.isoformat(),
    }


def strip(project: Project, user: User, count: int = STRIP) -> list[dict[str, Any]]:
    """The user's last answers that still stand, newest first, each with its question."""
    names = questions.names_of(project)
    shown = questions.suggestions_shown(project, user)
    rows = Annotation.objects.filter(
        project=project, user=user, current=True, source=Annotation.Source.QUEUE
    )
    rows = rows.exclude(item=None).select_related("item__image").order_by("-pk")[:count]
    found = []
    for row in rows:
        assert row.item is not None
        question = _question(row.item, project, names, shown)
        found.append(annotation(row) | {"question": question, "created_at": row.created_at})
    return found


def _question(
    item: QueueItem, project: Project, names: dict[int, str], shown: bool
) -> dict[str, Any]:
    item.project = project
    return questions.as_dict(item, names, shown=shown)
