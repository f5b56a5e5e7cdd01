"""What people say about an image, all their answers taken together.

A reviewer's answer stands alone: it superseded the others. Otherwise, in a project of one label
per image the most frequent label wins, and a tie leaves the image out until somebody settles it;
in a project of several, a label stands when more than half of the people gave it.
"""

from collections import Counter
from collections.abc import Iterable

from django.db.models import F, Max, Q, QuerySet

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Project

Votes = list[frozenset[int]]


def training_answers(project: Project) -> list[tuple[int, list[int]]]:
    """(row, label ids) of every labeled image outside the audit sample, by row."""
    rows = _votes(project, Q(image__audit=False))
    agreed = ((row, agree(votes, multi=project.is_multi)) for (_, row), votes in rows)
    return [(row, labels) for row, labels in agreed if labels is not None]


def audit_answers(project: Project) -> list[tuple[int, int, list[int]]]:
    """(image id, row, label ids) of every audit image answered blind or reviewed, by row.

    Labels that came with an import are no audit answers: the image is still asked.
    """
    rows = _votes(project, Q(image__audit=True, audit=True))
    agreed = ((image, row, agree(votes, multi=project.is_multi)) for (image, row), votes in rows)
    return [(image, row, labels) for image, row, labels in agreed if labels is not None]


def newest(project: Project) -> int:
    """The newest annotation's id, undo rows included; 0 before the first."""
    return Annotation.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0


def answered_count(project: Project) -> int:
    """How many images people have labeled."""
    return Image.objects.filter(project=project, state=Image.State.LABELED).count()


def answers_since(project: Project, annotation_id: int) -> int:
    """Trainable answers newer than the annotation: what a new round would learn from."""
    return Annotation.objects.filter(
        project=project, pk__gt=annotation_id, current=True, kind=Annotation.Kind.LABELS,
        image__audit=False,
    ).count()  # fmt: skip


def agree(votes: Votes, *, multi: bool) -> list[int] | None:
    """The label ids the votes agree on, sorted; None when they do not."""
    counted = Counter(label for vote in votes for label in vote)
    if multi:
        return sorted(label for label, n in counted.items() if 2 * n > len(votes))
    best = counted.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return [best[0][0]]


def _votes(project: Project, which: Q) -> list[tuple[tuple[int, int], Votes]]:
    """((image id, row), votes) by row, in one query without model instances."""
    answers = Annotation.objects.filter(
        which, project=project, current=True, kind=Annotation.Kind.LABELS
    )
    found: dict[tuple[int, int], dict[int, set[int]]] = {}
    for pk, image, row, label in _flat(answers):
        vote = found.setdefault((image, row), {}).setdefault(pk, set())
        if label is not None:
            vote.add(label)
    return [(image, [frozenset(v) for v in votes.values()]) for image, votes in found.items()]


def _flat(answers: "QuerySet[Annotation]") -> Iterable[tuple[int, int, int, int | None]]:
    columns = answers.annotate(row=F("image__row")).order_by("row", "pk")
    return columns.values_list("pk", "image_id", "row", "labels").iterator(chunk_size=5000)
