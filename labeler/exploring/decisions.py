"""What people decide about groups of look-alikes: one kept, labeled together, or left alone.

A decision is known by the images it is about. It can be taken back, and then the group is shown
again.
"""

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from labeler.exploring.models import GroupDecision
from labeler.labeling import aside, together
from labeler.labeling.answers import Refused
from labeler.pools.models import Image
from labeler.projects.models import Project, User

Verdict = GroupDecision.Verdict
MOST = 2_000  # images in one group


def digest(image_ids: Iterable[int]) -> str:
    """What a group of images is known by, in whatever order they come."""
    return hashlib.sha256(",".join(map(str, sorted(image_ids))).encode()).hexdigest()


@transaction.atomic
def keep_one(project: Project, user: User, image_ids: Sequence[int], kept: int) -> GroupDecision:
    """Ask about `kept` alone: the others leave the queue. Raises Refused.

    Audit images stay where they are, and so does what has an answer.
    """
    ids = _group(project, image_ids)
    if kept not in ids:
        raise Refused("not_in_group", _("Keep one of the images of this group."))
    made = _decide(project, user, ids, Verdict.KEEP_ONE, kept)
    aside.set_aside(project, [pk for pk in ids if pk != kept])
    aside.bring_back(project, [kept])  # another group may have set it aside
    return made


@transaction.atomic
def ignore(project: Project, user: User, image_ids: Sequence[int]) -> GroupDecision:
    """They are not the same after all: the group is not shown again. Raises Refused."""
    return _decide(project, user, _group(project, image_ids), Verdict.IGNORE)


def label(
    project: Project, user: User, image_ids: Sequence[int], labels: Sequence[int], batch: UUID
) -> tuple[GroupDecision, together.Together]:
    """Give all of them one answer. Raises Refused."""
    ids = _group(project, image_ids)
    done = together.label_together(project, user, ids, labels, batch)
    return _decide(project, user, ids, Verdict.TOGETHER), done


@transaction.atomic
def take_back(project: Project, user: User, decision_id: int, batch: UUID | None = None) -> int:
    """Undo a decision, and with `batch` the labels it gave; how many images it touched.

    Taken back twice is taken back once.
    """
    made = GroupDecision.objects.filter(project=project, pk=decision_id).first()
    touched = 0
    if made is not None:
        ids = list(made.images.values_list("pk", flat=True))
        made.delete()
        if made.verdict == Verdict.KEEP_ONE:
            touched = len(aside.bring_back(project, set(ids) - _still_aside(project, ids)))
    if batch is not None:
        touched += together.undo_together(project, user, batch)
    return touched


def latest(project: Project, most: int = 20) -> list[GroupDecision]:
    """The newest decisions."""
    made = GroupDecision.objects.filter(project=project).select_related("user", "kept")
    return list(made.order_by("-pk")[:most])


def _still_aside(project: Project, ids: list[int]) -> set[int]:
    """Images that another decision sets aside too."""
    others = GroupDecision.images.through.objects.filter(
        groupdecision__project=project, groupdecision__verdict=Verdict.KEEP_ONE, image__in=ids
    ).values_list("image_id", "groupdecision__kept")
    return {image for image, kept in others if image != kept}


def _group(project: Project, image_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(image_ids))
    if not 2 <= len(wanted) <= MOST:
        raise Refused("bad_group", _("A group has two images or more."))
    there = Image.objects.filter(project=project, pk__in=wanted)
    if there.count() < len(wanted):
        raise Refused("unknown_image", _("One of these images is no longer in this project."), 404)
    return wanted


def _decide(
    project: Project, user: User, ids: list[int], verdict: str, kept: int | None = None
) -> GroupDecision:
    """One decision per group: a new one replaces the last."""
    known = digest(ids)
    if last := GroupDecision.objects.filter(project=project, digest=known).first():
        take_back(project, user, last.pk)
    made = GroupDecision.objects.create(
        project=project, digest=known, verdict=verdict, kept_id=kept, user=user
    )
    made.images.set(ids)
    return made
