"""How far people agree beyond chance, from images that several people answered by themselves.

A review is no such answer: the reviewer knew the others'. Neither is a label that came with an
import, nor an answer to a gold question, which everybody is asked.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from labeler.evaluation.measures import Measure, measure
from labeler.evaluation.memory import Memory
from labeler.evaluation.whiskers import Axis, Whisker, axis_for, whisker
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project, User
from ml import agreement

NUMBER_FROM = 10  # images that several people answered; below that nothing is said
FEW = 5  # images to which anybody gave the label; below that the label's figure says nothing
MOST_IMAGES = 2_000  # the newest so many are looked at
MOST_ANSWERS = 20_000  # and not further back than this
MOST_PAIRS = 30
INDEPENDENT = [Annotation.Source.QUEUE, Annotation.Source.GRID, Annotation.Source.SIMULATED]
Answers = dict[int, dict[int, frozenset[int]]]  # image → user → label ids
Table = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelAgreement:
    """How far people agree on one label: given or not."""

    label: Label
    support: int  # images to which anybody gave it
    alpha: Measure | None  # None: undefined, or too few images

    @property
    def too_few(self) -> bool:
        return self.support < FEW


@dataclass(frozen=True)
class PairAgreement:
    """How far two people agree."""

    first: str
    second: str
    images: int
    same: float  # share of equal answers
    kappa: Measure | None  # None: undefined, or too few images

    @property
    def too_few(self) -> bool:
        return self.images < NUMBER_FROM


@dataclass(frozen=True)
class Found:
    """Everything about agreement in a project. `alpha` is None while there is too little."""

    images: int  # answered by several people, at most MOST_IMAGES
    people: int
    same: float | None  # share of equal answers
    alpha: Measure | None
    labels: tuple[LabelAgreement, ...] = ()
    pairs: tuple[PairAgreement, ...] = ()
    more_pairs: int = 0

    @property
    def enough(self) -> bool:
        return self.images >= NUMBER_FROM


@dataclass(frozen=True)
class Laid:
    """The figures on one axis: whiskers in the order of labels and pairs."""

    axis: Axis
    overall: Whisker | None
    labels: tuple[tuple[LabelAgreement, Whisker | None], ...]
    pairs: tuple[tuple[PairAgreement, Whisker | None], ...]


_known: Memory[Found] = Memory(16)


def of(project: Project, *, every: int = 1) -> Found:
    """Agreement so far; with `every`, as it was at the last so-many-th answer."""
    newest, *merges = consensus.stamp(project)
    labels = tuple(Label.objects.filter(project=project).order_by("position", "place"))
    looks = tuple((label.pk, label.name, label.retired, label.colour) for label in labels)
    seen = newest // every, *merges
    key = (project.pk, project.created_at, project.kind, seen, every, looks)
    return _known.get(key, lambda: _found(project, labels))


def laid_out(found: Found) -> Laid:
    """Dots and whiskers on one axis; what lies below chance stays at its start."""
    measures = [found.alpha, *(each.alpha for each in found.labels)]
    measures += [each.kappa for each in found.pairs]
    axis = axis_for(max(0.0, min((m.low for m in measures if m), default=0.5)))
    return Laid(
        axis=axis,
        overall=_dot(found.alpha, axis),
        labels=tuple((each, _dot(each.alpha, axis)) for each in found.labels),
        pairs=tuple((each, _dot(each.kappa, axis)) for each in found.pairs),
    )


def _dot(found: Measure | None, axis: Axis) -> Whisker | None:
    return whisker(found, axis, 0.0) if found else None


def _found(project: Project, labels: Sequence[Label]) -> Found:
    answers = _answers(project)
    people = {user for said in answers.values() for user in said}
    if len(answers) < NUMBER_FROM:
        return Found(len(answers), len(people), None, None)
    column = {label.pk: at for at, label in enumerate(labels)}
    counts = _counts(answers, column)
    questions = counts[:, None, :, 1] if not project.is_multi else counts
    overall = agreement.alpha(questions)
    pairs, more = _pairs(project, answers, column)
    return Found(
        images=len(answers),
        people=len(people),
        same=overall.same,
        alpha=measure(overall.value, overall.low, overall.high),
        labels=_per_label(counts, labels),
        pairs=pairs,
        more_pairs=more,
    )


def _answers(project: Project) -> Answers:
    several = _independent(project).filter(pk__gte=_oldest(project)).values("image").annotate(
        people=Count("user", distinct=True), last=Max("pk")
    ).filter(people__gte=2).order_by("-last")  # fmt: skip
    images = list(several.values_list("image", flat=True)[:MOST_IMAGES])
    rows = _independent(project).filter(image__in=images).order_by("pk")
    last: dict[tuple[int, int], tuple[int, set[int]]] = {}  # one answer of each person
    for image, user, pk, label in rows.values_list("image", "user", "pk", "labels"):
        if last.get((image, user), (0,))[0] != pk:
            last[image, user] = (pk, set())
        if label:
            last[image, user][1].add(label)
    found: Answers = {}
    for (image, user), (_, labels) in last.items():
        found.setdefault(image, {})[user] = frozenset(labels)
    return found


def _oldest(project: Project) -> int:
    """The id of the oldest answer that is looked at."""
    newest = Annotation.objects.filter(project=project).order_by("-pk").values_list("pk", flat=True)
    return next(iter(newest[MOST_ANSWERS : MOST_ANSWERS + 1]), 0)


def _independent(project: Project) -> "QuerySet[Annotation]":
    """Answers that their giver has not taken back or changed; a review leaves them standing."""
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=OuterRef("user"))
    given = Annotation.objects.filter(
        project=project, kind=Annotation.Kind.LABELS, source__in=INDEPENDENT, gold=False
    )
    return given.filter(~Exists(own_later))


def _counts(answers: Answers, column: dict[int, int]) -> Table:
    """(images, labels, 2): how many people did not give the label, and how many did."""
    table = np.zeros((len(answers), len(column), 2), dtype=np.int64)
    for at, said in enumerate(answers.values()):
        given = Counter(column[pk] for labels in said.values() for pk in labels)
        table[at, list(given), 1] = list(given.values())
        table[at, :, 0] = len(said) - table[at, :, 1]
    return table


def _per_label(counts: Table, labels: Sequence[Label]) -> tuple[LabelAgreement, ...]:
    found = []
    for at, label in enumerate(labels):
        support = int((counts[:, at, 1] > 0).sum())
        if not support and label.retired:
            continue
        one = agreement.alpha(counts[:, at]) if support >= FEW else agreement.NOTHING
        found.append(LabelAgreement(label, support, measure(one.value, one.low, one.high)))
    return tuple(found)


def _pairs(
    project: Project, answers: Answers, column: dict[int, int]
) -> tuple[tuple[PairAgreement, ...], int]:
    """Pairs of people by name, those who share most images; and how many more there are."""
    shared = Counter(pair for said in answers.values() for pair in combinations(sorted(said), 2))
    most = [pair for pair, _ in shared.most_common(MOST_PAIRS)]
    names = {
        user.pk: str(user) for user in User.objects.filter(pk__in={u for p in most for u in p})
    }
    found = [
        _pair(
            project,
            pair,
            names,
            [said for said in answers.values() if set(pair) <= said.keys()],
            column,
        )
        for pair in most
    ]
    found.sort(key=lambda each: (each.first.casefold(), each.second.casefold()))
    return tuple(found), len(shared) - len(most)


def _pair(
    project: Project,
    pair: tuple[int, int],
    names: dict[int, str],
    both: list[dict[int, frozenset[int]]],
    column: dict[int, int],
) -> PairAgreement:
    first, second = sorted(pair, key=lambda user: names[user].casefold())
    one, other = (
        np.array([_coded(said[user], column, multi=project.is_multi) for said in both])
        for user in (first, second)
    )
    found = agreement.kappa(one, other, 2 if project.is_multi else len(column))
    enough = len(both) >= NUMBER_FROM
    return PairAgreement(
        first=names[first], second=names[second], images=len(both),
        same=float(np.mean([said[first] == said[second] for said in both])),
        kappa=measure(found.value, found.low, found.high) if enough else None,
    )  # fmt: skip


def _coded(labels: frozenset[int], column: dict[int, int], *, multi: bool) -> list[int]:
    if not multi:
        return [column[pk] for pk in labels][:1]
    return [int(pk in labels) for pk in column]
