"""What recording, undoing and reviewing share: outcomes, replays, rows that supersede rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Model, QuerySet

from labeler.labeling.answers import Answer, Refused
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User

Row = TypeVar("Row", bound=Model)


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
    old = Annotation.objects.filter(uuid=uuid).select_related("item", "image").first()
    if old is None:
        return None
    if (old.project_id, old.user_id) != (project.pk, user.pk) or old.body.get("sent") != body:
        raise Refused("conflict", "This uuid belongs to another answer; make a fresh one.", 409)
    return Outcome("replayed", 200, annotation=old, item=old.item)


def store(
    answer: Answer,
    labels: Sequence[Label],
    *,
    image: Image,
    user: User,
    supersedes: Sequence[Annotation] = (),
    **why: Any,
) -> Annotation:
    """A new current row in place of the ones it supersedes."""
    supersede(supersedes)
    skipped = bool(answer.skip)
    annotation = Annotation.objects.create(
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
    through = Annotation.labels.through
    through.objects.bulk_create([through(annotation=annotation, label=label) for label in labels])
    return annotation


def supersede(annotations: Iterable[Annotation]) -> None:
    """They count no more."""
    for annotation in annotations:
        annotation.current = False
    pks = [a.pk for a in annotations]
    if pks:
        Annotation.objects.filter(pk__in=pks).update(current=False)
