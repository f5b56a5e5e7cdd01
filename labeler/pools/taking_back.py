"""Taking back what an import added: the images that nobody has touched since, piece by piece."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from labeler.pools import signals, storage
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from labeler.projects.statements import statement
from labeler.work import leases

AT_ONCE = 500


def run(imp: Import, beat: Callable[[], None]) -> None:
    """Remove the images of a claimed import; it ends CANCELLED. Raises LeaseLost, OSError.

    Can be broken off and begun again: the position is kept with each piece.
    """
    while (first := _next(imp)) is not None:
        beat()
        gone = _remove(imp, first)
        _forget_files(imp.project, gone)
    done = imp.cursor.get("taking", {"removed": 0, "stayed": 0})
    told = {"removed": done["removed"], "stayed": done["stayed"]}
    over = {key: value for key, value in imp.cursor.items() if key not in ("take_back", "taking")}
    leases.finish(imp, Import.State.CANCELLED, cursor=over | {"taken_back": told}, error="")


def _next(imp: Import) -> int | None:
    """The image from which the next piece starts."""
    after = imp.cursor.get("taking", {}).get("after", 0)
    left = Image.objects.filter(came_with=imp, pk__gt=after).order_by("pk")
    return left.values_list("pk", flat=True).first()


def _remove(imp: Import, first: int) -> list[str]:
    """Delete the rows of one piece; the hashes of the images that went."""
    done = imp.cursor.get("taking", {"removed": 0, "stayed": 0})
    with leases.publishing(imp):
        Project.objects.select_for_update(no_key=True).get(pk=imp.project_id)
        some = list(Image.objects.filter(came_with=imp, pk__gte=first).order_by("pk")[:AT_ONCE])
        staying = _touched(imp, some)
        going = {image.pk: image.sha256 for image in some if image.pk not in staying}
        Image.objects.filter(pk__in=going).delete()
        signals.images_left.send(Import, project=imp.project, images=list(going))
        told = {
            "after": some[-1].pk,
            "removed": done["removed"] + len(going),
            "stayed": done["stayed"] + len(some) - len(going),
        }
        leases.renew(imp, cursor=imp.cursor | {"taking": told}, attempts=0)
    return list(going.values())


TOLD = Q(cursor__has_key="taken_back") | Q(cursor__has_key="taking")


def gone(projects: Iterable[Project]) -> dict[int, int]:
    """How many images were taken back, by project; those without are left out.

    A project's `next_row` less these is the number of its images, without counting a million rows.
    """
    found: dict[int, int] = {}
    told = Import.objects.filter(TOLD, project__in=projects)
    for project, cursor in told.values_list("project_id", "cursor"):
        found[project] = found.get(project, 0) + _removed(cursor)
    return found


def _removed(cursor: dict[str, Any]) -> int:
    told = cursor.get("taken_back") or cursor.get("taking") or {}
    return int(told.get("removed", 0))


def pool_size(project: Project) -> int:
    """How many images the project has."""
    return project.next_row - sum(map(_removed, _cursors(project.pk)))


@statement
def _cursors(project: int) -> "QuerySet[Import, dict[str, Any]]":
    return Import.objects.filter(TOLD, project=project).values_list("cursor", flat=True)


def staying(imp: Import) -> int:
    """How many images of the import somebody has answered, skipped, remarked on or chosen."""
    images = Image.objects.filter(came_with=imp).order_by("pk")
    found, after = 0, 0
    while some := list(images.filter(pk__gt=after)[:AT_ONCE]):
        found += len(_touched(imp, some))
        after = some[-1].pk
    return found


def _touched(imp: Import, images: list[Image]) -> set[int]:
    """Images that somebody has answered, skipped, remarked on or chosen since."""
    found: set[int] = set()
    pks = [image.pk for image in images]
    answers = signals.images_wanted.send(Import, project=imp.project, images=pks)
    for _receiver, wanted in answers:
        if isinstance(wanted, set):
            found |= wanted
    return found


def _forget_files(project: Project, hashes: list[str]) -> None:
    """Delete the files of images that are gone, unless another import has begun meanwhile.

    It may just have found the same picture here and count on its file.
    """
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        others = Import.objects.filter(project=project, state__in=Import.OPEN)
        if others.exclude(cursor__has_key="take_back").exists():
            return
        here = Image.objects.filter(project=project, sha256__in=hashes)
        kept = set(here.values_list("sha256", flat=True))
        storage.remove(project, [sha256 for sha256 in hashes if sha256 not in kept])
