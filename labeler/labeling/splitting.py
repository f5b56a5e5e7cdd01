"""Split a label into finer ones: its images are asked again, first in the queue.

Nothing is deleted. Asking again is an undo row of whoever splits for each answer that stands, as
for skipped images. A worker finishes what a process that died has left.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid5

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeler.labeling import disputes, refill, states
from labeler.labeling.history import locked, supersede
from labeler.labeling.models import Annotation, Dispute, Gold, QueueItem
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects import label_history, label_order, labels
from labeler.projects.labels import LabelsRefused, Wish, fold
from labeler.projects.models import Label, LabelEvent, Project, User

AT_ONCE = 400  # answers looked at in one transaction
PAUSE = 0.005  # seconds between two, in which whoever labels has the turn
SWEEP = 3.0  # seconds that a worker gives each project in one sweep
PATIENCE = 10.0  # seconds that one process works at a stretch
Kind, Source = Annotation.Kind, Annotation.Source
Through = Annotation.labels.through


@dataclass(frozen=True)
class Division:
    """What splitting a label means; counts as they are before it."""

    old: Label
    names: tuple[str, ...]  # of the labels that it is split into
    answers: int  # that stand and are taken back
    images: int  # that are asked again
    audit: int  # of them in the audit sample, asked blind
    gold: int  # gold images that are ordinary ones from then on: their answer is not known any more

    def as_dict(self) -> dict[str, int]:
        """The counts."""
        return {
            "answers": self.answers, "images": self.images, "audit": self.audit, "gold": self.gold,
        }  # fmt: skip


def preview(project: Project, old: int, names: Iterable[str]) -> Division:
    """What `split` would do. Raises LabelsRefused."""
    label, tidy = _checked(project, old, names)
    standing = _standing(project, label.pk)
    images = standing.values("image").distinct()
    return Division(
        old=label,
        names=tidy,
        answers=standing.count(),
        images=images.count(),
        audit=images.filter(image__audit=True).count(),
        gold=Gold.objects.filter(labels=label).count(),
    )


def split(*, project: Project, user: User, old: int, names: Iterable[str]) -> Division:
    """Retire the label, add those it is split into, and ask its images again; what it meant.

    A name may be that of a label in use. Raises LabelsRefused.
    """
    done = preview(project, old, names)
    _mark(project, user, done)
    finish(project)
    return done


def _checked(project: Project, old: int, names: Iterable[str]) -> tuple[Label, tuple[str, ...]]:
    tidy = tuple({fold(name): Label.clean_name(name) for name in names if fold(name)}.values())
    there = {label.pk: label for label in project.labels.all()}
    label, words = there.get(old), ""
    if label is None:
        words = _("This label is not in the project.")
    elif project.is_yes_no:
        words = _("A yes/no project has two labels: yes and no. They can be renamed, no more.")
    elif label.merged_into_id:
        words = _("%(name)s is merged already.") % {"name": label.name}
    elif len(tidy) < 2:
        words = _("Name at least two labels to split %(name)s into.") % {"name": label.name}
    elif taken := _taken(tidy, label, there.values()):
        words = _("%(name)s is retired, or the label that is split. Choose another name.")
        words %= {"name": taken}
    if label is None or words:
        raise LabelsRefused([(None, words)])
    every = [Wish(each.name, each.key, each.colour, each.pk, each.retired)
             for each in there.values()]  # fmt: skip
    labels.checked([*every, *_new(tidy, there.values())], kind=project.kind)
    return label, tidy


def _taken(names: Sequence[str], old: Label, there: Iterable[Label]) -> str:
    """The first name that belongs to a retired label, or to the one that will be."""
    retired = {fold(label.name) for label in there if label.retired or label.pk == old.pk}
    return next((name for name in names if fold(name) in retired), "")


def _new(names: Sequence[str], there: Iterable[Label]) -> list[Wish]:
    known = {fold(label.name) for label in there}
    return [Wish(name) for name in names if fold(name) not in known]


@transaction.atomic
def _mark(project: Project, user: User, wanted: Division) -> None:
    """Add the new labels behind the old one, and retire it; late answers with it are refused."""
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    old = Label.objects.select_for_update().get(pk=wanted.old.pk)  # waits for answers on their way
    fresh = _new(wanted.names, project.labels.all())
    if fresh:
        labels.store(project, fresh, user=user)
    by_name = {fold(label.name): label.pk for label in project.labels.all()}
    into = [by_name[fold(name)] for name in wanted.names]
    label_order.place_behind(project, old.pk, [by_name[fold(wish.name)] for wish in fresh])
    Label.objects.filter(pk=old.pk).update(retired=True)
    label_history.note(
        old, LabelEvent.Kind.SPLIT, user, into=into, names=list(wanted.names),
        **{"from": old.name}, **wanted.as_dict(),
    )  # fmt: skip


# Asking again -----------------------------------------------------------------------------


def finish(project: Project, seconds: float = PATIENCE) -> int:
    """Ask again what split labels were answered with; how many answers. Safe to repeat.

    After so many seconds it leaves the rest to the worker's next sweep.
    """
    until = time.monotonic() + seconds
    events = LabelEvent.objects.filter(project=project, kind=LabelEvent.Kind.SPLIT)
    done = 0
    for event in events.select_related("label", "user").order_by("pk"):
        if not event.details.get("done"):
            done += _take_back(project, event, until)
    if done:
        tell_answered(project.pk)
    return done


def finish_all(seconds: float = SWEEP) -> None:
    """Finish what a process that died has left, in every project."""
    events = LabelEvent.objects.filter(kind=LabelEvent.Kind.SPLIT)
    events = events.exclude(details__has_key="done")
    for project in Project.objects.filter(pk__in=events.values("project")):
        finish(project, seconds)


def _take_back(project: Project, event: LabelEvent, until: float) -> int:
    Gold.objects.filter(labels=event.label).delete()
    by = event.user or project.created_by
    after, done = 0, 0
    while rows := _next(event.label_id, after):
        if time.monotonic() > until:
            return done
        after = rows[-1][0]
        done += _ask_again(project, by, event.label_id, [answer for _pk, answer in rows])
        time.sleep(PAUSE)
    refill.top_up_audit(project)
    event.details["done"] = True
    event.save(update_fields=["details"])
    return done


def _next(label: int, after: int) -> list[tuple[int, int]]:
    rows = Through.objects.filter(label=label, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", "annotation_id")[:AT_ONCE])


def _standing(project: Project, label: int) -> "QuerySet[Annotation]":
    return Annotation.objects.filter(project=project, current=True, gold=False, labels=label)


@transaction.atomic
def _ask_again(project: Project, user: User, label: int, answers: Sequence[int]) -> int:
    wanted = _standing(project, label).filter(pk__in=answers)
    images = list(locked(Image.objects.filter(pk__in=wanted.values("image")).order_by("pk")))
    rows = list(wanted.filter(image__in=images).order_by("pk"))
    supersede(rows)
    Annotation.objects.bulk_create([_undo_row(row, user) for row in rows])
    left: dict[int, list[Annotation]] = {image.pk: [] for image in images}
    standing = Annotation.objects.filter(image__in=images, current=True)
    for row in standing.prefetch_related("labels").order_by("pk"):
        left[row.image_id].append(row)
    states.settle_all(images, left)
    disputed = set(Dispute.objects.filter(image__in=images).values_list("image", flat=True))
    for image in images:
        if image.pk in disputed:
            disputes.settle(image, left[image.pk])
    _queue(project, label, [image for image in images if not image.audit], left)
    return len(rows)


def _undo_row(row: Annotation, user: User) -> Annotation:
    return Annotation(
        uuid=uuid5(row.uuid, "split"), project_id=row.project_id, image_id=row.image_id,
        user=user, kind=Kind.UNDO, source=Source.REVIEW, supersedes=row, current=False,
        audit=row.audit, body={"sent": {"split": str(row.uuid)}},
    )  # fmt: skip


def _queue(
    project: Project, label: int, images: list[Image], left: dict[int, list[Annotation]]
) -> None:
    """Questions before all others: as many for each image as people are still to answer it."""
    waiting = QueueItem.objects.filter(image__in=images, done_at=None, gold=False)
    taken = set(waiting.values_list("image_id", "slot"))
    for image in images:
        answered = sum(states.counts(image, row) for row in left[image.pk])
        free = [slot for slot in range(project.overlap) if (image.pk, slot) not in taken]
        taken |= {(image.pk, slot) for slot in free[len(free) - answered :] if answered}
    ranked = [refill.Ranked(image.pk, predicted=label) for image in images]
    refill.ask_first(project, ranked, strategy=refill.SPLIT, taken=taken)
