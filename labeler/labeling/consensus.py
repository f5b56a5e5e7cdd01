"""What people say about an image, all their answers taken together.

A reviewer's answer stands alone: it superseded the others. Otherwise the project decides how:

- majority: in a project of one label per image the most frequent label wins, and a tie leaves the
  image out until somebody settles it; in a project of several, a label stands when more than half
  of the people gave it;
- Dawid and Skene: each person's answers weigh as much as that person proves reliable.

Answers to gold questions check people and never count here.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery

from labeler.labeling.models import Annotation
from labeler.labeling.weighing import Vote, weigh
from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Label, LabelEvent, Project
from labeler.projects.statements import statement

ALL = Q()


@dataclass(frozen=True)
class Voted:
    """An image and who said what about it."""

    image: int
    row: int
    votes: tuple[Vote, ...]


def training_answers(project: Project, which: Q = ALL) -> list[tuple[int, list[int]]]:
    """(row, label ids) of every labeled image that may be learned from, by row.

    which: the annotations that count, where not all of them should.
    """
    return [(row, labels) for _, row, labels in taught(project, which)]


def audit_answers(project: Project) -> list[tuple[int, int, list[int]]]:
    """(image id, row, label ids) of every audit image answered blind or reviewed, by row.

    Labels that came with an import are no audit answers: the image is still asked.
    """
    images = _voted(project, Q(image__audit=True, audit=True))
    agreed = zip(images, together(project, [each.votes for each in images]), strict=True)
    return [(each.image, each.row, labels) for each, labels in agreed if labels is not None]


def taught(project: Project, which: Q = ALL) -> list[tuple[int, int, list[int]]]:
    """(image id, row, label ids) as `training_answers`, of the answers `which` lets through."""
    images = _voted(project, audit.teaching("image__") & which)
    agreed = zip(images, together(project, [each.votes for each in images]), strict=True)
    return [(each.image, each.row, labels) for each, labels in agreed if labels is not None]


def agreed_on(project: Project, image: Image) -> list[int] | None:
    """What the majority says about one image; None where nobody says anything, or nobody wins."""
    images = _voted(project, Q(image=image, audit=True) if image.audit else Q(image=image))
    votes = [labels for each in images for _, labels in each.votes]
    return agree(votes, multi=project.is_multi) if votes else None


def together(project: Project, images: Sequence[Sequence[Vote]]) -> list[list[int] | None]:
    """What the votes on each image come to, as the project wishes."""
    multi = project.is_multi
    if project.consensus == Project.Consensus.DAWID_SKENE:
        return weigh(images, multi=multi)
    return [agree([labels for _, labels in votes], multi=multi) for votes in images]


def newest(project: Project) -> int:
    """The newest annotation's id, undo rows included; 0 before the first."""
    return Annotation.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0


def stamp(project: Project) -> tuple[int, int, bool]:
    """What differs once anything was answered, or labels were merged, and once that is through.

    The newest annotation's id comes first. A merge changes what answers say without adding any:
    whoever keeps what was computed from answers keeps it by this.
    """
    answer, merge = _newest.first(project.pk) or (0, 0)
    through = bool(merge) and _unfinished.first(project.pk) is None
    return answer or 0, merge or 0, through


@statement
def _newest(project: int) -> "QuerySet[Project, tuple[int | None, int | None]]":
    mine = {"project": OuterRef("pk")}
    answers = Annotation.objects.filter(**mine).order_by("-pk").values("pk")[:1]
    merges = LabelEvent.objects.filter(kind=LabelEvent.Kind.MERGED, **mine)
    last = Subquery(answers), Subquery(merges.order_by("-pk").values("pk")[:1])
    return Project.objects.filter(pk=project).values_list(*last)


@statement
def _unfinished(project: int) -> "QuerySet[Label, int]":
    said = Annotation.labels.through.objects.filter(label=OuterRef("pk"))
    rows = Label.objects.filter(Exists(said), project=project, merged_into__isnull=False)
    return rows.order_by().values_list("pk", flat=True)[:1]


def answered_count(project: Project) -> int:
    """How many images people have labeled."""
    return _labeled.count(project.pk)


@statement
def _labeled(project: int) -> "QuerySet[Image, int]":
    rows = Image.objects.filter(project=project, state=Image.State.LABELED)
    return rows.values_list("pk", flat=True)


def answers_since(project: Project, annotation_id: int) -> int:
    """Trainable answers newer than the annotation: what a new round would learn from."""
    return Annotation.objects.filter(
        project=project, pk__gt=annotation_id, current=True, kind=Annotation.Kind.LABELS,
        image__audit=False, gold=False,
    ).count()  # fmt: skip


def agree(votes: Sequence[frozenset[int]], *, multi: bool) -> list[int] | None:
    """The label ids the votes agree on, sorted; None when they do not."""
    counted = Counter(label for vote in votes for label in vote)
    if multi:
        return sorted(label for label, n in counted.items() if 2 * n > len(votes))
    best = counted.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return [best[0][0]]


def _voted(project: Project, which: Q) -> list[Voted]:
    """Images with their votes, by row, in one query without model instances."""
    answers = Annotation.objects.filter(
        which, project=project, current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    found: dict[tuple[int, int], dict[tuple[int, int], set[int]]] = {}
    for pk, user, image, row, label in _flat(answers):
        vote = found.setdefault((image, row), {}).setdefault((pk, user), set())
        if label is not None:
            vote.add(label)
    return [
        Voted(image, row, tuple((user, frozenset(vote)) for (_, user), vote in votes.items()))
        for (image, row), votes in found.items()
    ]


def _flat(answers: "QuerySet[Annotation]") -> Iterable[tuple[int, int, int, int, int | None]]:
    columns = answers.annotate(row=F("image__row")).order_by("row", "pk")
    flat = columns.values_list("pk", "user_id", "image_id", "row", "labels")
    return flat.iterator(chunk_size=5000)
