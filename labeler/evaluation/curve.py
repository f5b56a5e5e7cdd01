"""Every model version's score, so that one can see what the labels have bought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from django.utils import timezone

from labeler.evaluation import measures, sample, scored
from labeler.evaluation.models import Score
from labeler.evaluation.report import NUMBER_FROM, report
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.projects.models import Project
from labeler.training.models import ModelVersion

# An old version is measured again at most this often while audit labels come in.
STALE_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Point:
    """A version on the learning curve."""

    version: int
    n_labels: int
    audit_labels: int
    macro_f1: float
    low: float
    high: float


def points(project: Project) -> list[Point]:
    """The versions that have a figure, by number of labels."""
    rows = Score.objects.filter(project=project, macro_f1__isnull=False).values_list(
        "version__number", "version__n_labels", "audit_labels", "macro_f1", "low", "high"
    )
    return [
        Point(number, n_labels, audit_labels, value, low or 0.0, 1.0 if high is None else high)
        for number, n_labels, audit_labels, value, low, high in rows.order_by("version__number")
        if value is not None
    ]


def measure(project: Project, version: ModelVersion) -> Score | None:
    """Measure the version on the audit labels known now and store it; None if it cannot be."""
    measured = report(project, version)
    if not measured.readable:
        return None
    macro, answers = measured.macro_f1, sample.of(project)
    fields: dict[str, Any] = {
        "project": project,
        "audit_labels": measured.audit_labels,
        "sample": answers.digest,
        "seen_annotation": answers.seen,
        "macro_f1": macro and macro.value,
        "low": macro and macro.low,
        "high": macro and macro.high,
        "per_label": [label.as_dict() for label in measured.labels],
        **_change(project, version),
    }
    return Score.objects.update_or_create(version=version, defaults=fields)[0]


def _change(project: Project, version: ModelVersion) -> dict[str, Any]:
    nothing = dict.fromkeys(
        ("compared_with", "change", "change_low", "change_high", "changed_images")
    )
    before = before_version(version)
    if before is None:
        return nothing
    try:
        old, new = scored.of(project, before), scored.of(project, version)
    except NotScored:
        return nothing
    truth, marks = same_images(
        (old, old.decide(Thresholds.of_version(project, before))),
        (new, new.decide(Thresholds.of_version(project, version))),
    )
    changed = int((marks[0] != marks[1]).any(axis=1).sum())
    change = measures.macro_f1_change(truth, *marks) if len(truth) >= NUMBER_FROM else None
    return {
        "compared_with": before.number,
        "change": change and change.value,
        "change_low": change and change.low,
        "change_high": change and change.high,
        "changed_images": changed,
    }


def before_version(version: ModelVersion) -> ModelVersion | None:
    """The version that the project had before this one."""
    older = ModelVersion.objects.filter(project_id=version.project_id, number__lt=version.number)
    return older.order_by("-number").first()


def before(version: ModelVersion) -> Score | None:
    """The score of the version before this one, as it was measured last."""
    older = before_version(version)
    return Score.objects.select_related("version").filter(version=older).first() if older else None


def same_images(
    one: tuple[Scored, scored.Bools], other: tuple[Scored, scored.Bools]
) -> tuple[scored.Bools, tuple[scored.Bools, scored.Bools]]:
    """Truth and both decisions on the images and labels that both versions speak of."""
    (first, marks), (second, other_marks) = one, other
    images = sorted(set(first.image_ids) & set(second.image_ids))
    labels = sorted({la.pk for la in first.labels} & {la.pk for la in second.labels})
    left = np.ix_(_places(first.image_ids, images), _places(_ids(first), labels))
    right = np.ix_(_places(second.image_ids, images), _places(_ids(second), labels))
    return second.truth[right], (marks[left], other_marks[right])


def _ids(compared: Scored) -> tuple[int, ...]:
    return tuple(label.pk for label in compared.labels)


def _places(where: Iterable[int], wanted: list[int]) -> list[int]:
    at = {each: i for i, each in enumerate(where)}
    return [at[each] for each in wanted]


class Stand(NamedTuple):
    """How a version's score stands; without a score `sample` and `measured_at` are None."""

    version: int
    serving: bool
    sample: str | None
    measured_at: datetime | None

    def is_due(self, digest: str) -> bool:
        """Whether it is to be measured now: missing, or stale and not measured a moment ago."""
        if self.sample == digest:
            return False
        old = timezone.now() - STALE_AFTER
        return self.serving or self.measured_at is None or self.measured_at < old

    @property
    def turn(self) -> tuple[bool, float]:
        """The serving version first, then the one that waits longest."""
        return not self.serving, self.measured_at.timestamp() if self.measured_at else 0.0


def refresh(project: Project, *, most: int = 2) -> int:
    """Measure at most `most` versions whose score is due; returns how many were.

    Work for a worker. Labels may come faster than versions can be measured, so the serving version
    comes first and an old one waits for its minute.
    """
    digest = sample.of(project).digest
    due = sorted(_due(_stands(project), digest), key=lambda each: each.turn)[:most]
    pks = [each.version for each in due]
    found = ModelVersion.objects.select_related("project").in_bulk(pks)
    return sum(_measure_or_pass(project, found[pk], digest) for pk in pks if pk in found)


def standing(project: Project) -> tuple[int, int]:
    """How many scores are due, and how many are older than the newest audit answers."""
    digest, stands = sample.of(project).digest, _stands(project)
    return len(_due(stands, digest)), sum(s.sample not in (None, digest) for s in stands)


def _stands(project: Project) -> list[Stand]:
    columns = "pk", "serving", "score__sample", "score__measured_at"
    found = ModelVersion.objects.filter(project=project).order_by("-number")
    return [Stand(*row) for row in found.values_list(*columns)]


def _due(stands: list[Stand], digest: str) -> list[Stand]:
    return [each for each in stands if each.is_due(digest)]


def _measure_or_pass(project: Project, version: ModelVersion, digest: str) -> bool:
    """Measure the version; one whose predictions are gone keeps the score it had, if any."""
    if measure(project, version) is not None:
        return True
    known = Score.objects.filter(version=version)
    if not known.update(sample=digest):
        nothing = {"project": project, "audit_labels": 0, "sample": digest}
        Score.objects.get_or_create(version=version, defaults=nothing)
    return False


def as_columns(found: list[Point], target: float) -> dict[str, list[float] | list[int] | float]:
    """The points as the chart wants them."""
    return {
        "labels": [p.n_labels for p in found],
        "value": [p.macro_f1 for p in found],
        "low": [p.low for p in found],
        "high": [p.high for p in found],
        "target": target,
    }
