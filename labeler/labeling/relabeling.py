"""Merge a label into another: what was answered with the one says the other from then on.

First the label is marked as merged, in a moment. From then on an answer that names it, from a page
that has not noticed, is stored as one that names the other. Then everything that names it is
rewritten, in small transactions; a worker finishes what a process that died has left. An
answer's `body` keeps what was said.
"""

import time
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from labeler.labeling import disputes, rewriting
from labeler.labeling.disputes import Case
from labeler.labeling.models import Annotation, Dispute, Example, Gold
from labeler.labeling.signals import tell_relabeled
from labeler.projects import label_history
from labeler.projects.labels import LabelsRefused
from labeler.projects.models import Label, LabelEvent, Project, User

CASES_AT_ONCE = 500
SWEEP = 3.0  # seconds that a worker gives each project in one sweep
PATIENCE = 10.0  # seconds that one process rewrites at a stretch
Through = Annotation.labels.through


@dataclass(frozen=True)
class Merger:
    """What merging one label into another means; counts as they are before it."""

    old: Label
    new: Label
    answers: int  # that stand and say the old label
    past: int  # that were replaced or taken back, and said it
    settled: int  # disagreements that were only one label against the other
    gold: int  # known answers that name it
    examples: int  # images that show it

    def as_dict(self) -> dict[str, int]:
        """The counts."""
        return {
            "answers": self.answers, "past_answers": self.past, "settled": self.settled,
            "gold": self.gold, "examples": self.examples,
        }  # fmt: skip


def preview(project: Project, old: int, new: int) -> Merger:
    """What `merge` would do. Raises LabelsRefused."""
    return _merger(project, *_checked(project, old, new))


def merge(*, project: Project, user: User, old: int, new: int) -> Merger:
    """Merge the label `old` into `new`; what it meant. Raises LabelsRefused.

    There is no way back but an older copy: two labels that are one cannot be told apart again.
    """
    done = preview(project, old, new)
    _mark(project, user, done)
    finish(project)
    return done


@transaction.atomic
def _mark(project: Project, user: User, wanted: Merger) -> None:
    """From the end of this transaction on nothing new names the merged label."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    old = Label.objects.select_for_update().get(pk=wanted.old.pk)  # waits for answers on their way
    _checked(project, old.pk, wanted.new.pk)
    Label.objects.filter(merged_into=old).update(merged_into=wanted.new)
    Label.objects.filter(pk=old.pk).update(retired=True, merged_into=wanted.new)
    label_history.note(
        old, LabelEvent.Kind.MERGED, user, to=wanted.new.name, into=wanted.new.pk,
        **{"from": old.name}, **wanted.as_dict(),
    )  # fmt: skip


def _checked(project: Project, old: int, new: int) -> tuple[Label, Label]:
    labels = {label.pk: label for label in project.labels.filter(pk__in=(old, new))}
    words = ""
    if project.is_yes_no:
        words = _("A yes/no project has two labels: yes and no. They can be renamed, no more.")
    elif old not in labels or new not in labels:
        words = _("This label is not in the project.")
    elif old == new:
        words = _("Choose another label to merge %(name)s into.") % {"name": labels[old].name}
    elif labels[old].merged_into_id:
        words = _("%(name)s is merged already.") % {"name": labels[old].name}
    elif labels[new].retired:
        words = _("%(name)s is retired. Choose a label that is in use.")
        words %= {"name": labels[new].name}
    if words:
        raise LabelsRefused([(None, words)])
    return labels[old], labels[new]


# What it would do -------------------------------------------------------------------------


def _merger(project: Project, old: Label, new: Label) -> Merger:
    said = Annotation.objects.filter(labels=old, gold=False)
    return Merger(
        old=old,
        new=new,
        answers=said.filter(current=True).count(),
        past=said.filter(current=False).count(),
        settled=_settled(project, old.pk, new.pk),
        gold=Gold.objects.filter(labels=old).count(),
        examples=Example.objects.filter(label=old).count(),
    )


def _settled(project: Project, old: int, new: int) -> int:
    """Open disagreements that are none once both labels are the same."""
    said = Annotation.objects.filter(image=OuterRef("image"), current=True, labels=old)
    waiting = Dispute.objects.filter(Exists(said), project=project, closed_at=None)
    pks = list(waiting.order_by("pk").values_list("pk", flat=True))
    found = 0
    for start in range(0, len(pks), CASES_AT_ONCE):
        some = Dispute.objects.filter(pk__in=pks[start : start + CASES_AT_ONCE])
        cases = disputes.cases(list(some.select_related("image")))
        found += sum(_is_one(case, old, new) for case in cases)
    return found


def _is_one(case: Case, old: int, new: int) -> bool:
    sides = {frozenset(new if pk == old else pk for pk in side.labels) for side in case.sides}
    return len(sides) == 1


# Doing it ---------------------------------------------------------------------------------


def finish(project: Project, seconds: float = PATIENCE) -> int:
    """Rewrite what still names a merged label of the project; how many answers. Safe to repeat.

    After so many seconds it leaves the rest to the worker's next sweep.
    """
    until, done = time.monotonic() + seconds, 0
    pairs = Label.objects.filter(project=project, merged_into__isnull=False)
    for old, new in pairs.values_list("pk", "merged_into_id"):
        done += rewriting.rewrite(project, old, new or 0, until)
    tell_relabeled(project.pk)
    return done


def finish_all(seconds: float = SWEEP) -> None:
    """Finish what a process that died has left, in every project. Cheap where nothing is left."""
    said = Through.objects.filter(label=OuterRef("pk"))
    left = Label.objects.filter(Exists(said), merged_into__isnull=False)
    for project in Project.objects.filter(pk__in=left.values("project")):
        finish(project, seconds)
