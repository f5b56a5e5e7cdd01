"""How many images carry each label, for the pages that change labels."""

from collections.abc import Collection

from django.db.models import Count

from labeler.labeling.models import Annotation
from labeler.projects.models import Project

Through = Annotation.labels.through


def images(project: Project, labels: Collection[int] | None = None) -> dict[int, int]:
    """{label id: images whose standing answers say it}, of these labels or of all."""
    rows = Through.objects.filter(
        annotation__project=project, annotation__current=True, annotation__gold=False
    )
    if labels is not None:
        rows = rows.filter(label__in=labels)
    images = Count("annotation__image", distinct=True)
    return dict(rows.values("label").order_by().values_list("label", images))
