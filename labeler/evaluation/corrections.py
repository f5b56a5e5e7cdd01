"""What review has done to the audit sample: said with the figures, since it moves them."""

from dataclasses import dataclass

from labeler.labeling.models import Annotation
from labeler.projects.models import Project


@dataclass(frozen=True)
class Corrections:
    """Audit images looked at in review, and how many of them got another answer."""

    looked: tuple[int, ...]  # image ids
    corrected: tuple[int, ...]


def of(project: Project) -> Corrections:
    """Compare each reviewed audit image's answer with the last one before any review."""
    reviewed = Annotation.objects.filter(
        project=project, current=True, source=Annotation.Source.REVIEW, image__audit=True
    ).prefetch_related("labels")
    now = {row.image_id: _said(row) for row in reviewed}
    before: dict[int, tuple[object, ...]] = {}
    if now:
        earlier = Annotation.objects.filter(project=project, image_id__in=now)
        earlier = earlier.exclude(source=Annotation.Source.REVIEW).exclude(kind="undo")
        for row in earlier.order_by("pk").prefetch_related("labels"):
            before[row.image_id] = _said(row)
    changed = (pk for pk, said in now.items() if before.get(pk, said) != said)
    return Corrections(tuple(sorted(now)), tuple(sorted(changed)))


def _said(row: Annotation) -> tuple[object, ...]:
    return row.skip, tuple(sorted(label.pk for label in row.labels.all()))
