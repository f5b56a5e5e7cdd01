"""How many images of each label nobody has labeled yet, as far as the audit sample tells.

The audit sample is a uniform draw of the whole pool, whatever else was labeled since. So it says
how many images of a label the pool holds; those that people have found already are taken off.
Other labels would not do: they were given to images that the strategy chose.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count

from labeler.evaluation import sample
from labeler.evaluation.measures import Measure
from labeler.evaluation.memory import Memory
from labeler.evaluation.sample import AuditSample
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from ml.finite import draws_for, population_bounds


@dataclass(frozen=True)
class LabelLeft:
    """One label. Images are whole numbers; `left` has its 95 % interval."""

    label: Label
    hits: int  # answered audit images that have it
    found: int  # images that people say have it, audit images among them
    left: int
    low: int
    high: int
    recall: Measure | None  # the share of its images that people have found

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        return {
            "id": self.label.pk,
            "name": self.label.name,
            "audit_hits": self.hits,
            "found": self.found,
            "left": {"value": self.left, "low": self.low, "high": self.high},
            "found_share": self.recall.as_dict() if self.recall else None,
        }


@dataclass(frozen=True)
class Remaining:
    """The pool, what was drawn and answered of it, and each label, most left first."""

    pool: int
    unlabeled: int
    answered: int  # audit images that somebody answered or skipped
    drawn: int
    labels: tuple[LabelLeft, ...]

    def answers_for(self, margin: int) -> dict[int, int]:
        """{label id: audit answers in all that tell its images to plus or minus `margin`}."""
        if not 0 < margin < self.pool / 2:
            raise ValueError("The margin must be at least one image and less than half the pool.")
        rates = {each.label.pk: each.hits / self.answered for each in self.labels}
        needed = {r: draws_for(r, margin / self.pool, self.pool) for r in set(rates.values())}
        return {pk: needed[rate] for pk, rate in rates.items()}

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        names = ("pool", "unlabeled", "answered", "drawn")
        return {
            **{name: getattr(self, name) for name in names},
            "labels": [each.as_dict() for each in self.labels],
        }


_known: Memory[Remaining | None] = Memory(32)


def of(project: Project) -> Remaining | None:
    """What the audit answers known now say; None while there are none."""
    answers = sample.of(project)
    labels = tuple(Label.objects.filter(project=project, retired=False).order_by("position"))
    looks = tuple((la.pk, la.name, la.colour, la.position) for la in labels)
    stamp = project.created_at, consensus.stamp(project), project.next_row
    key = project.pk, stamp, answers.digest, answers.skipped, looks
    return _known.get(key, lambda: _count(project, answers, labels))


def _count(project: Project, answers: AuditSample, labels: tuple[Label, ...]) -> Remaining | None:
    # Who skips says that the image has none of the labels, as far as people can tell.
    drawn = len(answers) + answers.skipped
    if not drawn or not labels:
        return None
    pool = Image.objects.filter(project=project).count()
    unlabeled = max(0, pool - consensus.answered_count(project))
    hits = _hits(answers, labels)
    low, high = population_bounds(hits, drawn, pool)
    outside = _found_outside(project)
    made = [
        _of_label(label, int(hits[at]), outside.get(label.pk, 0), drawn, pool, unlabeled,
                  int(low[at]), int(high[at]))
        for at, label in enumerate(labels)
    ]  # fmt: skip
    made.sort(key=lambda each: -each.left)
    return Remaining(pool, unlabeled, drawn, answers.drawn, tuple(made))


def _of_label(
    label: Label,
    hits: int,
    outside: int,
    drawn: int,
    pool: int,
    unlabeled: int,
    low: int,
    high: int,
) -> LabelLeft:
    found = hits + outside
    left, least, most = (
        min(unlabeled, max(0, round(each) - found)) for each in (pool * hits / drawn, low, high)
    )
    recall = (
        Measure(found / (found + left), found / (found + most), found / (found + least))
        if found
        else None
    )
    return LabelLeft(label, hits, found, left, least, most, recall)


def _hits(answers: AuditSample, labels: tuple[Label, ...]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    counted = dict.fromkeys((label.pk for label in labels), 0)
    for said in answers.labels:
        for pk in said:
            if pk in counted:
                counted[pk] += 1
    return np.array(list(counted.values()), dtype=np.int64)


def _found_outside(project: Project) -> dict[int, int]:
    """{label id: images outside the audit sample that somebody says have it}."""
    given = Annotation.objects.filter(
        project=project, current=True, kind=Annotation.Kind.LABELS, gold=False, audit=False,
        image__audit=False, labels__isnull=False,
    )  # fmt: skip
    return dict(given.order_by().values_list("labels").annotate(Count("image", distinct=True)))
