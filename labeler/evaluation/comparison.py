"""Two model versions beside each other, on the very same audit images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import curve, measures, sample, scored
from labeler.evaluation.measures import Measure
from labeler.evaluation.report import FEW, NUMBER_FROM
from labeler.evaluation.scored import Scored, Thresholds
from labeler.projects.models import Label, Project
from labeler.training.models import ModelVersion

SHOWN = 60  # images of each kind

Bools = npt.NDArray[np.bool_]
Versioned = tuple[ModelVersion, Scored]


@dataclass(frozen=True)
class LabelChange:
    """How one label's F1 changed; `change` is None where there are too few images."""

    label: Label
    support: int
    before: Measure | None
    after: Measure | None
    change: Measure | None
    flipped: int  # images on which the versions differ about this label


@dataclass(frozen=True)
class Flip:
    """An audit image on which the versions' answers differ."""

    image_id: int
    truth: tuple[Label, ...]
    before: tuple[Label, ...]  # empty: unknown, or none
    after: tuple[Label, ...]


@dataclass(frozen=True)
class Comparison:
    """What changes from version `before` to version `after`."""

    before: ModelVersion
    after: ModelVersion
    images: int  # audit images that both have scored
    macro: Measure | None  # change of macro F1
    labels: tuple[LabelChange, ...]
    better: tuple[Flip, ...]  # wrong before, right now
    worse: tuple[Flip, ...]  # right before, wrong now
    otherwise: tuple[Flip, ...]  # another answer, as right or wrong as before
    counts: tuple[int, int, int]  # of these three, all of them

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        names = ("better", "worse", "otherwise")
        return {
            "before": self.before.number,
            "after": self.after.number,
            "audit_images": self.images,
            "macro_f1_change": self.macro.as_dict() if self.macro else None,
            "labels": [_label_dict(each) for each in self.labels],
            "counts": dict(zip(names, self.counts, strict=True)),
            **{name: [_flip_dict(flip) for flip in getattr(self, name)] for name in names},
        }


def _label_dict(each: LabelChange) -> dict[str, Any]:
    figures = {"before": each.before, "after": each.after, "change": each.change}
    told = {name: m.as_dict() if m else None for name, m in figures.items()}
    return {
        "id": each.label.pk,
        "name": each.label.name,
        "support": each.support,
        "flipped": each.flipped,
        **told,
    }


def _flip_dict(flip: Flip) -> dict[str, Any]:
    parts = {"truth": flip.truth, "before": flip.before, "after": flip.after}
    return {"image": flip.image_id, **{k: [la.pk for la in v] for k, v in parts.items()}}


def of(project: Project, before: ModelVersion, after: ModelVersion) -> Comparison:
    """Compare two versions at the thresholds saved with each. Raises NotScored."""
    answers = sample.of(project)
    old, new = scored.of(project, before, answers), scored.of(project, after, answers)
    truth, marks, labels, images = _on_the_same(project, (before, old), (after, new))
    changed = (marks[0] != marks[1]).any(axis=1)
    right, was_right = ((mark == truth).all(axis=1) for mark in reversed(marks))
    kinds = (
        changed & right & ~was_right,
        changed & ~right & was_right,
        changed & ~(right ^ was_right),
    )
    rows = [np.flatnonzero(kind) for kind in kinds]
    better, worse, otherwise = (_flips(each[:SHOWN], images, labels, truth, marks) for each in rows)
    enough = len(images) >= NUMBER_FROM
    return Comparison(
        before=before,
        after=after,
        images=len(images),
        macro=measures.macro_f1_change(truth, *marks) if enough else None,
        labels=_per_label(labels, truth, marks),
        better=better,
        worse=worse,
        otherwise=otherwise,
        counts=(len(rows[0]), len(rows[1]), len(rows[2])),
    )


def _on_the_same(
    project: Project, old: Versioned, new: Versioned
) -> tuple[Bools, tuple[Bools, Bools], list[Label], list[int]]:
    """Truth and both decisions on the images and labels that both versions speak of."""
    decided = [
        (compared, compared.decide(Thresholds.of_version(project, version)))
        for version, compared in (old, new)
    ]
    truth, marks = curve.same_images(decided[0], decided[1])
    images = sorted(set(old[1].image_ids) & set(new[1].image_ids))
    by_id = {label.pk: label for label in new[1].labels}
    labels = [by_id[pk] for pk in sorted(by_id.keys() & {la.pk for la in old[1].labels})]
    return truth, marks, labels, images


def _per_label(
    labels: list[Label], truth: Bools, marks: tuple[Bools, Bools]
) -> tuple[LabelChange, ...]:
    change = measures.f1_changes(truth, *marks)
    sides = [measures.f1_of_marks(truth, mark) for mark in marks]
    found = []
    for at in sorted(range(len(labels)), key=lambda i: (labels[i].position, labels[i].place)):
        support = int(truth[:, at].sum())
        told = support >= FEW
        before, after = (side[at] if told else None for side in sides)
        by = change[at] if told else None
        flipped = int((marks[0][:, at] != marks[1][:, at]).sum())
        found.append(LabelChange(labels[at], support, before, after, by, flipped))
    return tuple(found)


def _flips(
    rows: npt.NDArray[np.int64],
    images: list[int],
    labels: list[Label],
    truth: Bools,
    marks: tuple[Bools, Bools],
) -> tuple[Flip, ...]:
    def said(table: Bools, row: int) -> tuple[Label, ...]:
        return tuple(labels[at] for at in np.flatnonzero(table[row]))

    return tuple(
        Flip(images[row], said(truth, row), said(marks[0], row), said(marks[1], row))
        for row in rows.tolist()
    )
