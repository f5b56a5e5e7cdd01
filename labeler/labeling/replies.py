"""What the label page and the API are answered; their doorways send these as they are."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from labeler.labeling import progress, questions, queue, tally
from labeler.labeling.answers import Refused, read_uuid
from labeler.labeling.history import Outcome
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.refill import SPOT_CHECK
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.labels import fingerprint
from labeler.projects.models import Project, User

STRIP = 50  # last answers shown, and undone with one key


def claimed(project: Project, user: User, items: Iterable[QueueItem]) -> dict[str, Any]:
    """The reply to a claim: {items, left, model_version, progress, labels_version, empty?}."""
    names = questions.names_of(project)
    rounds = progress.rounds(project)
    asked = [_question(item, project, user, names, rounds.thresholds) for item in items]
    now = progress.as_dict(project, rounds)
    reply = {
        "items": asked,
        "left": tally.of("left", project.pk, lambda: queue.left(project)),
        "model_version": now["model_version"],
        "progress": now,
        "labels_version": fingerprint(names),
    }
    if not asked:
        reply["empty"] = why_empty(project)
    return reply


def why_empty(project: Project) -> str:
    """Why there is nothing to ask.

    "archived", "no_labels", "no_images", "all_answered" or "waiting".
    """
    if project.archived_at:
        return "archived"
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
        names = questions.names_of(project)
        thresholds = progress.rounds(project).thresholds
        reply["question"] = _question(outcome.item, project, user, names, thresholds)
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
        # Nobody can tell them apart.
        "audit": row.audit or row.gold or row.strategy == SPOT_CHECK,
        "created_at": row.created_at.isoformat(),
    }


def strip(project: Project, user: User, count: int = STRIP) -> list[dict[str, Any]]:
    """The user's last answers that still stand, newest first, each with its question."""
    mine = Annotation.objects.filter(project=project, user=user, current=True)
    rows = mine.filter(source=Annotation.Source.QUEUE).order_by("-pk")
    return _with_questions(project, user, rows.exclude(item=None)[:count])


def answered(project: Project, user: User, uuid: str) -> dict[str, Any] | None:
    """One answer of the user's own that still stands, however old, with its question."""
    try:
        mine = Annotation.objects.filter(uuid=read_uuid(uuid), project=project, user=user)
    except Refused:
        return None
    rows = mine.filter(current=True).exclude(item=None)
    return next(iter(_with_questions(project, user, rows)), None)


def _with_questions(
    project: Project, user: User, rows: "QuerySet[Annotation]"
) -> list[dict[str, Any]]:
    names, thresholds = questions.names_of(project), progress.rounds(project).thresholds
    found = []
    for row in rows.select_related("item__image"):
        assert row.item is not None
        question = _question(row.item, project, user, names, thresholds)
        said = annotation(row) | {"question": question, "created_at": row.created_at}
        found.append(said)
    return _as_now(project, found, names)


def _as_now(
    project: Project, answers: list[dict[str, Any]], names: dict[int, str]
) -> list[dict[str, Any]]:
    """The answers with what became of their labels, where some were merged since."""
    if all(pk in names for answer in answers for pk in answer["label_ids"]):
        return answers
    pairs = merged.now(project.pk)
    for answer in answers:
        if pairs.keys() & set(answer["label_ids"]):
            ids = list(dict.fromkeys(pairs.get(pk, pk) for pk in answer["label_ids"]))
            given = dict(zip(answer["label_ids"], answer["labels"], strict=False))
            answer |= {"label_ids": ids, "labels": [names.get(i) or given.get(i, "") for i in ids]}
    return answers


def _question(
    item: QueueItem,
    project: Project,
    user: User,
    names: dict[int, str],
    thresholds: Mapping[int, float],
) -> dict[str, Any]:
    item.project = project
    shown = questions.suggestion_shown(item, project, user)
    return questions.as_dict(item, names, shown=shown, thresholds=thresholds)
