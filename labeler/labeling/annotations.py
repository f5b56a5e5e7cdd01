"""Answers are stored here, and nowhere else.

The history is append-only. A change of mind, an undo and a review are new rows that supersede
old ones; the client's UUID makes the same answer, sent twice, one row.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import (
    disputes,
    gold,
    grid,
    questions,
    queue,
    second_look,
    states,
    tally,
)  # fmt: skip
from labeler.labeling.answers import Answer, LabelSet, Refused, read
from labeler.labeling.history import Outcome, locked, seen, settled, store
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.reviewing import review
from labeler.labeling.signals import tell_answered
from labeler.labeling.undoing import undo, undo_batch
from labeler.projects.models import Project, User
from labeler.projects.statements import change, statement

__all__ = ["Outcome", "record", "review", "undo", "undo_batch"]

Source = Annotation.Source


def record(
    *,
    project: Project,
    user: User,
    answers: Iterable[Answer | Mapping[str, Any]],
    source: str = Source.QUEUE,
) -> list[Outcome]:
    """Store each answer that can be stored; one outcome per answer, in order.

    Each answer is a transaction of its own: a refused one changes nothing and does not keep the
    others back. An answer that comes after its claim ran out is taken, unless somebody else has
    answered or holds the image by then.
    """
    labels = LabelSet(project)
    outcomes = [
        settled(project, partial(_record, project, user, sent, labels, source)) for sent in answers
    ]
    if any(outcome.code == "created" for outcome in outcomes):
        tell_answered(project.pk)
    return outcomes


def _record(
    project: Project,
    user: User,
    sent: Answer | Mapping[str, Any],
    labels: LabelSet,
    source: str,
) -> Outcome:
    answer = sent if isinstance(sent, Answer) else read(sent)
    item = _locked_item(project, answer.item)
    if before := seen(project, user, answer.uuid, answer.body()):
        return before
    if item is None:
        raise Refused("unknown_item", _("This project has no such question."), 404)
    if answer.batch and not grid.fits(item):
        raise Refused("not_in_grid", "Only images that a grid shows are answered in a batch.")
    chosen = labels.find(answer.labels) if answer.labels is not None else []
    current = _current(item.image_id)
    mine = [a for a in current if a.user_id == user.pk]
    _may_answer(project, user, item, current)
    annotation = store(
        answer, chosen, image=item.image, user=user, supersedes=mine,
        item=item, source=Source.GRID if answer.batch else source, batch=answer.batch,
        strategy=item.strategy, score=item.score, rank=item.rank,
        version=item.version, audit=item.audit and item.image.audit, gold=item.gold,
        suggestion_shown=_suggestion_shown(project, user, item, answer),
    )  # fmt: skip
    if item.done_at is None or not any(a.item_id == item.pk for a in mine):
        _close(item, user)  # a change of mind closes nothing: the next slot is somebody else's
    states.settle(item.image, [annotation, *current])
    if current:  # the first answer disagrees with nobody
        disputes.settle(item.image, [annotation, *current])
    return Outcome("created", 201, annotation=annotation)


def _locked_item(project: Project, pk: int) -> QueueItem | None:
    """The item with its image, both locked: who answers an image waits for who is at it."""
    return _item.first(pk, project.pk)


@statement
def _item(pk: int, project: int) -> "QuerySet[QueueItem]":
    items = QueueItem.objects.filter(pk=pk, project=project).select_related("image")
    return locked(items, "self", "image")


@statement
def _current(image: int) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(image=image, current=True)


def _may_answer(project: Project, user: User, item: QueueItem, current: list[Annotation]) -> None:
    """Raise Refused (claim_lost) if others have answered the image, or hold the item."""
    others = [a for a in current if a.user_id != user.pk and states.counts(item.image, a)]
    if any(a.user_id == user.pk and (a.item_id == item.pk) for a in current):
        return  # a change of mind
    if item.gold and gold.is_asked(user, item):
        return
    if second_look.is_asked(user, item):
        return
    reviewed = next((a for a in others if a.source == Source.REVIEW), None)
    if reviewed or len(others) >= project.overlap:
        first = (reviewed or others[0]).user
        raise _lost(_("%(person)s answered that image first. Here is the next one."), first)
    if item.done_at is None and item.claimed_by_id in (None, user.pk):
        return
    held = QueueItem.objects.filter(queue.HELD, image=item.image, done_at=None, gold=False)
    holders = list(held.exclude(claimed_by=user).select_related("claimed_by"))
    if len(holders) + len(others) >= project.overlap:
        words = _("%(person)s has that image now. Here is the next one.")
        raise _lost(words, holders[0].claimed_by)


def _lost(why: str, who: User | None) -> Refused:
    return Refused("claim_lost", why % {"person": who}, 409)


def _suggestion_shown(project: Project, user: User, item: QueueItem, answer: Answer) -> bool:
    """What the client says; where it says nothing, whether a suggestion was sent along."""
    if answer.batch:
        return True  # a grid is a page of suggestions
    could = bool(item.beliefs) and not item.blind
    if answer.suggestion_shown is None:
        return could and questions.suggestion_shown(item, project, user)
    return could and answer.suggestion_shown


def _close(item: QueueItem, user: User) -> None:
    """Close the item; for an item that was withdrawn, close one that asks the same again."""
    if item.done_at is not None:
        mine_or_free = queue.FREE | Q(claimed_by=user)
        same = QueueItem.objects.filter(mine_or_free, image=item.image, done_at=None)
        same = same.filter(gold=True, slot=item.slot) if item.gold else same.filter(gold=False)
        found = same.order_by("slot").first()
        if found is None:
            return
        item = found
    closed = _done(item.pk)
    if not item.gold:
        tally.changed("left", item.project_id, -closed)


@change
def _done(item: int) -> "tuple[QuerySet[QueueItem], dict[str, Any]]":
    return QueueItem.objects.filter(pk=item, done_at=None), {"done_at": Now()}
