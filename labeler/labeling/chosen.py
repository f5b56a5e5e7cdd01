"""What is known of some chosen images: what people say of them, how many are open."""

from collections.abc import Sequence
from typing import Any

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project

AT_ONCE = 900  # ids in one IN


def facts(project: Project, image_ids: Sequence[int]) -> dict[str, Any]:
    """{"images", "open", "audit", "askable", "labels": {label id: images}} of the project's own.

    What people say of an open audit image is not told: it is asked blind.
    """
    found: dict[str, Any] = {"images": 0, "open": 0, "audit": 0, "askable": 0, "labels": {}}
    for start in range(0, len(image_ids), AT_ONCE):
        _count(project, image_ids[start : start + AT_ONCE], found)
    return found


def _count(project: Project, some: Sequence[int], found: dict[str, Any]) -> None:
    images = Image.objects.filter(project=project, pk__in=some)
    for state, audit, split in images.values_list("state", "audit", "split"):
        found["images"] += 1
        found["open"] += state == Image.State.OPEN
        found["audit"] += audit
        teaching = not audit and split != Image.Split.TEST
        found["askable"] += state == Image.State.OPEN and teaching
    answers = Annotation.objects.filter(
        project=project, image__in=some, current=True, gold=False, kind=Annotation.Kind.LABELS
    )
    shown = answers.exclude(image__audit=True, image__state=Image.State.OPEN)
    pairs = set(shown.filter(labels__isnull=False).values_list("image_id", "labels"))
    for _, label in pairs:
        found["labels"][label] = found["labels"].get(label, 0) + 1


def labels(project: Project, image_ids: Sequence[int]) -> dict[int, list[str]]:
    """{image id: names of the labels that people gave it}, of the project's own, answered ones.

    Not those of an open audit image: it is asked blind.
    """
    gone = merged.now(project.pk)
    names = dict(Label.objects.filter(project=project).values_list("pk", "name"))
    answers = Annotation.objects.filter(
        project=project, image__in=image_ids, current=True, gold=False,
        kind=Annotation.Kind.LABELS, labels__isnull=False,
    )  # fmt: skip
    shown = answers.exclude(image__audit=True, image__state=Image.State.OPEN)
    found: dict[int, list[str]] = {}
    for image, label in sorted(set(shown.values_list("image_id", "labels"))):
        name = names[gone.get(label, label)]
        if name not in found.setdefault(image, []):
            found[image].append(name)
    return found
