"""From how many images each label can be learned, and which are too rare."""

from dataclasses import dataclass

from django.db.models import Count

from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project

FEWEST = 3  # as ml.heads.imbalance.FEWEST, which web pages do not load
TAG_BY_TAG = ("linear_svm", "random_forest", "boosted_trees")  # heads with a model for each tag
SHOWN = 30


@dataclass(frozen=True)
class Examples:
    """A label and how many answered images outside the audit sample have it.

    `rare` is "none" without one; "few" or "nearly_all" where a head that learns each tag by
    itself does not learn this one yet; else empty.
    """

    label: Label
    count: int
    rare: str


@dataclass(frozen=True)
class Lesson:
    """The labels with the fewest examples first, and how many labels are left out of the list."""

    labels: tuple[Examples, ...]
    more: int


def of(project: Project) -> Lesson:
    """Today's answers, counted in two queries."""
    given = Annotation.objects.filter(project=project, current=True, kind="labels", audit=False)
    images = given.aggregate(n=Count("image", distinct=True))["n"]
    named = given.filter(labels__isnull=False).values_list("labels")
    counts = dict(named.annotate(n=Count("image", distinct=True)))
    found = [
        Examples(label, n := counts.get(label.pk, 0), _rare(project, n, images))
        for label in Label.objects.filter(project=project, retired=False).order_by("place")
    ]
    found.sort(key=lambda each: each.count)
    return Lesson(tuple(found[:SHOWN]), max(0, len(found) - SHOWN)) if images else Lesson((), 0)


def _rare(project: Project, count: int, images: int) -> str:
    if not count:
        return "none"
    if not project.is_multi or project.head not in TAG_BY_TAG:
        return ""
    if count < FEWEST:
        return "few"
    return "nearly_all" if images - count < FEWEST else ""
