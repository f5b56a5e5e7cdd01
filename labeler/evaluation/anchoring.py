"""Do people follow the model's suggestion? Answers where it was shown against where it was not.

A project that shows suggestions on a share of the questions draws by lot which. Among the ranked
questions about which the model believed something, the share of answers equal to the model's is
compared. More agreement where it is shown than the pictures alone bring about is anchoring.
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from labeler.evaluation.measures import Measure, share
from labeler.evaluation.memory import Memory
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.labeling.questions import HIDDEN
from labeler.projects import merged
from labeler.projects.models import Project, User
from ml.intervals import difference

LAST = 4_000  # answers looked at
NUMBER_FROM = 20  # answers on each side; below that nothing is said


@dataclass(frozen=True)
class Side:
    """Answers with, or without, the suggestion."""

    answers: int
    same: int  # equal to what the model believed most

    @property
    def share(self) -> Measure | None:
        return share(self.same, self.answers)


@dataclass(frozen=True)
class Anchoring:
    """Agreement with the model where its suggestion was shown and where it was hidden."""

    shown: Side
    hidden: Side
    grid: int  # answers confirmed on the grid, where the suggestion is always shown
    difference: Measure | None  # shown minus hidden, with Newcombe's interval; None: too few

    @property
    def anchored(self) -> bool:
        """Whether the whole interval says that people follow."""
        return self.difference is not None and self.difference.low > 0

    @property
    def to_number(self) -> tuple[int, int]:
        """How many more answers each side needs."""
        return tuple(max(0, NUMBER_FROM - s.answers) for s in (self.shown, self.hidden))  # type: ignore[return-value]


_known: Memory[Anchoring] = Memory(16)


def of(project: Project, *, every: int = 1) -> Anchoring:
    """What the last answers say; with `every`, as it was at the last so-many-th answer."""
    newest, *merges = consensus.stamp(project)
    seen = newest // every, *merges
    key = (project.pk, project.created_at, project.kind, seen, every)
    return _known.get(key, lambda: _count(project))


def _count(project: Project) -> Anchoring:
    tally = {True: [0, 0], False: [0, 0]}
    pairs = merged.now(project.pk)
    for answer in _answers(project)[:LAST]:
        same = _same(answer, pairs, multi=project.is_multi)
        if same is not None:
            tally[answer.suggestion_shown][0] += 1
            tally[answer.suggestion_shown][1] += same
    shown, hidden = Side(*tally[True]), Side(*tally[False])
    grid = Annotation.objects.filter(project=project, current=True, source=Annotation.Source.GRID)
    return Anchoring(shown, hidden, grid.count(), _difference(shown, hidden))


def _answers(project: Project) -> "QuerySet[Annotation]":
    """First answers to ranked questions, newest first, of people who do not hide suggestions.

    Who hides them has only hidden ones, and may differ from the others in more than that.
    """
    hiding = [pk for pk, own in User.objects.filter(projects=project).values_list("pk", "settings")
              if own.get(HIDDEN)]  # fmt: skip
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=OuterRef("user"))
    rows = Annotation.objects.filter(
        project=project, kind=Annotation.Kind.LABELS, source=Annotation.Source.QUEUE,
        audit=False, gold=False, version__isnull=False, item__isnull=False,
    ).exclude(user__in=hiding)  # fmt: skip
    if not project.is_multi:
        rows = rows.filter(item__predicted__isnull=False)
    rows = rows.filter(~Exists(own_later)).select_related("item").order_by("-pk")
    wanted = ["body", "suggestion_shown", "item__predicted"]
    return rows.only(*wanted, *(["item__beliefs"] if project.is_multi else []))


def _same(answer: Annotation, pairs: dict[int, int], *, multi: bool) -> bool | None:
    """Whether the answer is what the model believed; None where it believed nothing.

    pairs: merged labels, with what they are now; two that are one now are the same.
    """
    given = merged.follow(answer.body.get("label_ids", []), pairs)
    assert answer.item is not None
    if not multi:
        predicted = answer.item.predicted_id
        return predicted is not None and given == merged.follow([predicted], pairs)
    if not answer.item.beliefs:
        return None
    believed = (int(pk) for pk, p in answer.item.beliefs.items() if p >= 0.5)
    return merged.follow(believed, pairs) == given


def _difference(shown: Side, hidden: Side) -> Measure | None:
    if min(shown.answers, hidden.answers) < NUMBER_FROM:
        return None
    one, other = (shown.same, shown.answers), (hidden.same, hidden.answers)
    low, high = difference(one, other)
    return Measure(shown.same / shown.answers - hidden.same / hidden.answers, low, high)
