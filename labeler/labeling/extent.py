"""How much an export holds, told before it is made."""

from dataclasses import dataclass, replace

from django.db.models import Sum

from labeler.labeling import agreed, decisions, selection, sorted_bundle, tables
from labeler.labeling.exporting import Format
from labeler.labeling.selection import ACCEPTED, EVERYTHING, MODEL, PEOPLE, Selection
from labeler.pools.models import Image
from labeler.projects.models import Project

COUNTED = 20_000  # images looked at one by one; beyond, the database's own count is told
ROW = {"answers": 230, "images": 140, "log": 260}  # bytes of a row, about


@dataclass(frozen=True)
class Extent:
    """`entries`: answers, or images, as the format counts; `exact` is false for an upper bound."""

    entries: int
    images: int
    bytes: int  # of the file, about
    exact: bool


def of(project: Project, chosen: Selection, format: Format, *, images: bool) -> Extent:
    """How much the format would hold."""
    if format.rows == "log":
        n = decisions.count(project, chosen)
        return Extent(n, 0, n * ROW["log"], chosen.low is None and chosen.high is None)
    if format.rows == "answers":
        return _of_answers(project, chosen)
    return _of_images(project, chosen, format, images)


def _of_answers(project: Project, chosen: Selection) -> Extent:
    n = 0 if chosen.by == MODEL else tables.count(project, chosen)
    if chosen.by != PEOPLE:
        n += _of_model(project, chosen)
    exact = not chosen.asks_model or n <= COUNTED
    if chosen.asks_model and exact:
        n = sum(1 for _ in tables.rows(project, chosen))
    return Extent(n, 0, n * ROW["answers"], exact)


def _of_model(project: Project, chosen: Selection) -> int:
    """Images whose labels are the model's."""
    found = selection.images(project, replace(chosen, by=MODEL))
    return (found.filter(state=Image.State.ACCEPTED) if chosen.by == ACCEPTED else found).count()


def _of_images(project: Project, chosen: Selection, format: Format, images: bool) -> Extent:
    if format.key == "sorted":
        n, stored = sorted_bundle.count(project)
        return Extent(n, n, stored + n * ROW["images"], chosen == EVERYTHING)
    found = selection.images(project, chosen)
    n = found.count()
    if n <= COUNTED:
        told = agreed.told(project, chosen)
        sizes = [each.picture.bytes for each in told if _holds(format, each)]
        stored = sum(sizes) if images else 0
        return Extent(len(sizes), len(sizes), stored + len(sizes) * ROW[format.rows], True)
    stored = (found.aggregate(total=Sum("bytes"))["total"] or 0) if images else 0
    return Extent(n, n, stored + n * ROW[format.rows], False)


def _holds(format: Format, told: agreed.Told) -> bool:
    """Tables tell of images on which people differ; the formats of other tools leave them out."""
    return told.labels is not None or not format.suffix
