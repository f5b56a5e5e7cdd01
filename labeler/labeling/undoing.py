"""Take back an answer: a new row, and the image is asked again."""

from functools import partial
from uuid import UUID, uuid5

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import disputes, gold, queue, states
from labeler.labeling.answers import Refused, read_uuid
from labeler.labeling.history import (
    Outcome,
    locked,
    seen,
    settled,
    settled_and_told,
    supersede,
)
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.projects.models import Project, User

Kind, Source = Annotation.Kind, Annotation.Source


def undo(
    *, project: Project, user: User, uuid: UUID | str, new_uuid: UUID | str | None = None
) -> Outcome:
    """Take back one's own answer and hold its image again, to be answered anew.

    The undo is a row too; undoing twice gives the same reply. Undoing a review brings back the
    answers the review replaced.
    """
    return settled_and_told(project, lambda: _undo(project, user, uuid, new_uuid))


def undo_batch(*, project: Project, user: User, batch: UUID) -> list[Outcome]:
    """Take back every answer of one page of the grid, and hold its images again.

    One outcome per answer, in order: an answer that was replaced meanwhile is left as it is.
    Undoing twice gives the same again. Raises Refused when the user has no such batch.
    """
    mine = Annotation.objects.filter(batch=batch, project=project, user=user)
    uuids = list(mine.exclude(kind=Kind.UNDO).order_by("pk").values_list("uuid", flat=True))
    if not uuids:
        raise Refused("unknown_batch", _("You have confirmed no such page in this project."), 404)
    outcomes = [settled(project, partial(_undo, project, user, uuid, None)) for uuid in uuids]
    if any(outcome.code == "created" for outcome in outcomes):
        tell_answered(project.pk)
    return outcomes


def _undo(project: Project, user: User, uuid: UUID | str, new_uuid: UUID | str | None) -> Outcome:
    taken = read_uuid(uuid)
    fresh = read_uuid(new_uuid) if new_uuid else uuid5(taken, "undo")
    mine = Annotation.objects.filter(uuid=taken, project=project, user=user)
    old = locked(mine.exclude(kind=Kind.UNDO).select_related("image"), "self", "image").first()
    if old is None:
        raise Refused("unknown_answer", _("You have no such answer in this project."), 404)
    if before := seen(project, user, fresh, {"undo": str(taken)}):
        return before
    if done := Annotation.objects.filter(supersedes=old, kind=Kind.UNDO).first():
        return Outcome("replayed", 200, annotation=done, item=done.item)
    if not old.current:
        words = _("That answer was replaced meanwhile; undo the newer one.")
        raise Refused("conflict", words, 409)
    supersede([old])
    reviewed = old.source == Source.REVIEW and _bring_back(old)
    item = None if reviewed else _reopen(project, user, old)
    rest = list(Annotation.objects.filter(image=old.image, current=True))
    undone = Annotation.objects.create(
        uuid=fresh, project=project, image=old.image, user=user, kind=Kind.UNDO, item=item,
        source=old.source, supersedes=old, current=False, audit=old.audit, gold=old.gold,
        body={"sent": {"undo": str(taken)}},
    )  # fmt: skip
    states.settle(old.image, rest)
    disputes.settle(old.image, rest)
    return Outcome("created", 201, annotation=undone, item=item)


def _bring_back(review: Annotation) -> bool:
    """Make the answers current again that the review replaced; whether there were any."""
    replaced = Annotation.objects.filter(pk__in=review.body.get("replaced", []))
    return bool(replaced.update(current=True))


def _reopen(project: Project, user: User, old: Annotation) -> QueueItem | None:
    """The image's item, open again and in the user's hands; None if others hold the image."""
    items = QueueItem.objects.filter(image=old.image, gold=old.gold)
    if old.gold:  # nobody else's question
        items = items.filter(slot=gold.slot_of(user))
    waiting = items.filter(done_at=None)
    mine_or_free = queue.FREE | Q(claimed_by=user)
    item = waiting.filter(mine_or_free).order_by("slot").first()
    if item is None and waiting.count() < project.overlap:
        item = (old.item and items.filter(pk=old.item.pk).first()) or _asked_again(project, old)
        item.slot = gold.slot_of(user) if old.gold else _free_slot(waiting, item.slot)
    if item is None:
        return None
    item.done_at, item.claimed_by = None, user
    item.claimed_until, item.returned_at = Now() + queue.LEASE, Now()  # type: ignore[assignment]
    item.save()
    return QueueItem.objects.select_related("image").get(pk=item.pk)


def _free_slot(waiting: "QuerySet[QueueItem]", wanted: int) -> int:
    taken = set(waiting.values_list("slot", flat=True))
    free: int = next(slot for slot in (wanted, *range(len(taken) + 1)) if slot not in taken)
    return free


def _asked_again(project: Project, old: Annotation) -> QueueItem:
    """An item for an answer that never had one: a review, or a label that was imported."""
    return QueueItem(
        project=project, image=old.image, rank=old.rank or 0, audit=old.image.audit,
        gold=old.gold, strategy=old.strategy or "undo", score=old.score, version=old.version,
    )  # fmt: skip
