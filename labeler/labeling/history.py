"""What recording, undoing and reviewing share: outcomes, replays, rows that supersede rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Model, QuerySet

from labeler.labeling.answers import Answer, Chosen, Refused, retired
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects.models import Project, User
from labeler.projects.statements import insert, statement

Row = TypeVar("Row", bound=Model)

GIVE = """
    INSERT INTO labeling_annotation_labels (annotation_id, label_id)
    SELECT %s, COALESCE(merged_into_id, id) FROM projects_label
    WHERE id = %s AND (NOT retired OR merged_into_id IS NOT NULL)
"""
HOLD = " FOR KEY SHARE"
ONCE = " ON CONFLICT DO NOTHING"  # two labels of the answer may have been merged


@dataclass(frozen=True)
class Outcome:
    """What became of one answer. `status` is the HTTP status it deserves."""

    code: str  # "created", "replayed", or why not: "claim_lost", "conflict", "unknown_label", …
    status: int
    detail: str = ""
    annotation: Annotation | None = None
    item: QueueItem | None = None  # after an undo: the item that is asked again

    @property
    def stored(self) -> bool:
        return self.annotation is not None

    @classmethod
    def of(cls, refused: Refused) -> "Outcome":
        return cls(refused.code, refused.status, refused.detail)


def settled(project: Project, store: Callable[[], Outcome]) -> Outcome:
    """Run `store` in a transaction; a UUID that another request stored meanwhile is looked up."""
    raced: IntegrityError | None = None
    for _ in range(2):
        try:
            with transaction.atomic():
                return store()
        except Refused as refused:
            return Outcome.of(refused)
        except IntegrityError as error:
            raced = error
    raise raced or RuntimeError


def settled_and_told(project: Project, store: Callable[[], Outcome]) -> Outcome:
    """As `settled`, and the floors above are told when something was stored."""
    outcome = settled(project, store)
    if outcome.code == "created":
        tell_answered(project.pk)
    return outcome


def locked(rows: "QuerySet[Row]", *of: str) -> "QuerySet[Row]":
    """Lock the rows and wait for whoever has them. On SQLite BEGIN IMMEDIATE did that already."""
    if connection.features.has_select_for_no_key_update:
        return rows.select_for_update(of=of or ("self",), no_key=True)
    return rows


def seen(project: Project, user: User, uuid: UUID, body: dict[str, Any]) -> Outcome | None:
    """The reply to an answer that was stored before, or a refusal to reuse its UUID."""
    old = _with_uuid.first(uuid)
    if old is None:
        return None
    if (old.project_id, old.user_id) != (project.pk, user.pk) or old.body.get("sent") != body:
        raise Refused("conflict", "This uuid belongs to another answer; make a fresh one.", 409)
    return Outcome("replayed", 200, annotation=old, item=old.item)


@statement
def _with_uuid(uuid: UUID) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(uuid=uuid).select_related("item", "image")


def store(
    answer: Answer,
    labels: Sequence[Chosen],
    *,
    image: Image,
    user: User,
    supersedes: Sequence[Annotation] = (),
    **why: Any,
) -> Annotation:
    """A new current row in place of the ones it supersedes."""
    supersede(supersedes)
    skipped = bool(answer.skip)
    annotation = Annotation(
        uuid=answer.uuid, project_id=image.project_id, image=image, user=user,
        kind=Annotation.Kind.SKIP if skipped else Annotation.Kind.LABELS, skip=answer.skip,
        supersedes=supersedes[0] if supersedes else None, elapsed_ms=answer.elapsed_ms,
        body={
            "sent": answer.body(),
            "labels": [label.name for label in labels],
            "label_ids": [label.pk for label in labels],
            "replaced": [old.pk for old in supersedes],
        },
        **why,
    )  # fmt: skip
    insert(annotation)
    _give(annotation, labels)
    return annotation


def _give(annotation: Annotation, labels: Sequence[Chosen]) -> None:
    """Let the answer say these labels, or what they were merged into since they were looked up.

    The lock is the one that the new row would take anyway. It makes a merge that begins now wait
    for this transaction, and this statement for a merge that began before. Raises Refused where
    a label was retired meanwhile.
    """
    words = GIVE + (HOLD if connection.vendor == "postgresql" else "") + ONCE
    with connection.cursor() as cursor:
        for label in labels:
            cursor.execute(words, [annotation.pk, label.pk])
            if not cursor.rowcount and not annotation.labels.exists():
                raise retired(label)


def supersede(annotations: Iterable[Annotation]) -> None:
    """They count no more."""
    for annotation in annotations:
        annotation.current = False
    pks = [a.pk for a in annotations]
    if pks:
        Annotation.objects.filter(pk__in=pks).update(current=False)
