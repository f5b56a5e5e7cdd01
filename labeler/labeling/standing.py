"""The answers as they stood once: the history read up to one of its rows.

Rows are only ever added, and each says what it supersedes. So what counted when row N was the
newest is found by reading the rows up to N again, in order.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.db.models import F, Q

from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.labeling.weighing import Vote
from labeler.projects.models import Project

Kind, Source = Annotation.Kind, Annotation.Source


@dataclass(frozen=True)
class Standing:
    """`answers`: (image id, row, label ids) by row, of the images that people agreed about."""

    answers: list[tuple[int, int, list[int]]]
    skipped: int  # images on which nothing but skips stood


def answers(project: Project, which: Q, last: int | None = None) -> Standing:
    """What people said, by the annotations of `which`, when `last` was the newest (None: now).

    Labels that were merged since are told as the label they are now. Images that were removed
    since are gone with their answers.
    """
    mine = Annotation.objects.filter(which, project=project, gold=False)
    stood = None if last is None else _stood(project, which, last)
    rows = mine.filter(current=True) if last is None else mine.filter(pk__lte=last)
    columns = ("pk", "user_id", "image_id", "image__row", "kind", "labels")
    votes: dict[tuple[int, int], dict[tuple[int, int], set[int]]] = {}
    skipped: set[tuple[int, int]] = set()
    for pk, user, image, row, kind, label in rows.order_by().values_list(*columns):
        if kind == Kind.UNDO or (stood is not None and pk not in stood):
            continue
        if kind == Kind.SKIP:
            skipped.add((row, image))
            continue
        vote = votes.setdefault((row, image), {}).setdefault((pk, user), set())
        if label is not None:
            vote.add(label)
    return Standing(_agreed(project, votes), len(skipped - votes.keys()))


def _agreed(
    project: Project, votes: dict[tuple[int, int], dict[tuple[int, int], set[int]]]
) -> list[tuple[int, int, list[int]]]:
    images = sorted(votes)
    said: list[list[Vote]] = [
        [(user, frozenset(given)) for (_, user), given in sorted(votes[each].items())]
        for each in images
    ]
    agreed = zip(images, consensus.together(project, said), strict=True)
    return [(image, row, labels) for (row, image), labels in agreed if labels is not None]


def _stood(project: Project, which: Q, last: int) -> set[int]:
    """The answers that nothing had superseded when `last` was the newest row."""
    rows = Annotation.objects.filter(which, project=project, pk__lte=last).order_by()
    columns = ("pk", "kind", "source", "supersedes_id", "body__replaced", "body__sent__undo")
    standing: set[int] = set()
    reviews: dict[int, list[int]] = {}
    found = rows.values_list(*(F(name) for name in columns))
    for pk, kind, source, supersedes, replaced, undo in sorted(found, key=itemgetter(0)):
        gone: list[Any] = [supersedes, *(replaced or ())]
        standing.difference_update(gone)
        if kind != Kind.UNDO:
            standing.add(pk)
            if source == Source.REVIEW:
                reviews[pk] = replaced or []
        elif undo and supersedes in reviews:  # taking back a review brings back what it replaced
            standing.update(reviews[supersedes])
    return standing
