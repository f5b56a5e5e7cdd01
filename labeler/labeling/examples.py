"""Images that show what a label means, picked by a reviewer from answered images."""

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _

from labeler.labeling.answers import Refused
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, Example, Gold
from labeler.pools.models import Image
from labeler.projects.models import Label, Project

MOST = 12  # examples of one label
SHOWN = 48  # images to pick from at once


def of_project(project: Project) -> list[tuple[Label, list[Example]]]:
    """Each label in use with its examples, in order."""
    rows = Example.objects.filter(label__project=project).select_related("image")
    found: dict[int, list[Example]] = defaultdict(list)
    for row in rows.order_by("place", "pk"):
        found[row.label_id].append(row)
    labels = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    return [(label, found[label.pk]) for label in labels]


def candidates(label: Label, before: int | None = None) -> "QuerySet[Annotation]":
    """Standing answers with the label, newest first, whose image may become an example.

    Audit images and gold images are left out: an example gives its answer away.
    """
    image = {"image": OuterRef("image")}
    rows = Annotation.objects.filter(
        ~Exists(Example.objects.filter(label=label, **image)),
        ~Exists(Gold.objects.filter(**image)),
        project=label.project_id, current=True, labels=label, image__audit=False,
    )  # fmt: skip
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return rows.select_related("image").order_by("-pk")


@transaction.atomic
def add(*, label: Label, image_ids: Iterable[int]) -> int:
    """Put the images behind the label's examples; the number added. Raises Refused."""
    locked(Label.objects.filter(pk=label.pk)).get()
    there = Example.objects.filter(label=label)
    old = set(there.values_list("image", flat=True))
    fresh = [pk for pk in dict.fromkeys(image_ids) if pk not in old]
    found = Image.objects.filter(project=label.project_id, pk__in=fresh)
    images = {each.pk: each for each in found.select_related("gold")}
    _check(images.values(), len(fresh), len(old))
    last = there.aggregate(last=Max("place"))["last"]
    begin = 0 if last is None else last + 1
    rows = [Example(label=label, image=images[pk], place=begin + n) for n, pk in enumerate(fresh)]
    return len(Example.objects.bulk_create(rows))


def _check(images: Iterable[Image], wanted: int, old: int) -> None:
    found = list(images)
    if len(found) < wanted:
        raise Refused("unknown_image", _("This project has no such image."), 404)
    if any(image.audit or hasattr(image, "gold") for image in found):
        detail = _("Audit and gold images are asked blind; an example would give them away.")
        raise Refused("blind_image", detail)
    if old + wanted > MOST:
        detail = _("A label has at most %(most)s examples. Take one away first.")
        raise Refused("too_many", detail % {"most": MOST})


@transaction.atomic
def move(project: Project, pk: int, by: int) -> bool:
    """Move the example towards the front (-1) or the end (+1); whether there was room."""
    found = Example.objects.filter(pk=pk, label__project=project).first()
    if found is None:
        return False
    locked(Label.objects.filter(pk=found.label_id)).get()
    row = list(Example.objects.filter(label=found.label_id).order_by("place", "pk"))
    at = next(i for i, each in enumerate(row) if each.pk == pk)
    to = at + by
    if not 0 <= to < len(row):
        return False
    row.insert(to, row.pop(at))
    for place, each in enumerate(row):
        each.place = place
    Example.objects.bulk_update(row, ["place"])
    return True


def remove(project: Project, pk: int) -> bool:
    """Take the example away; the image and its answers stay."""
    return bool(Example.objects.filter(pk=pk, label__project=project).delete()[0])
