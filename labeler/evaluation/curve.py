"""Every model version's score, so that one can see what the labels have bought."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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


def refresh(project: Project, *, most: int = 2) -> int:
    """Measure at most `most` versions whose score is missing or stale; returns how many were.

    Called while somebody looks at the curve: labels may come faster than versions can be
    measured, so the serving version comes first and an old one waits for its minute.
    """
    digest = sample.of(project).digest
    versions = ModelVersion.objects.filter(project=project).select_related("score")
    stale = [version for version in versions.order_by("-number") if _is_stale(version, digest)]
    stale.sort(key=lambda version: (not version.serving, _measured_at(version)))
    return sum(_measure_or_pass(project, version, digest) for version in stale[:most])


def _is_stale(version: ModelVersion, digest: str) -> bool:
    if not hasattr(version, "score"):
        return True
    score = version.score
    if score.sample == digest:
        return False
    return version.serving or score.measured_at < timezone.now() - STALE_AFTER


def _measured_at(version: ModelVersion) -> float:
    return version.score.measured_at.timestamp() if hasattr(version, "score") else 0.0


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
