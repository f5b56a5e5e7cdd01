"""How good a model version is, per label and in all, measured on the audit sample alone."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import averaging, measures, sample, scored
from labeler.evaluation.averaging import Ranked, Row
from labeler.evaluation.measures import Measure
from labeler.evaluation.memory import Memory
from labeler.evaluation.sample import AuditSample
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.projects.models import Label, Project
from labeler.training import versions
from labeler.training.models import ModelVersion
from ml import metrics
from ml.threads import one_blas_thread

NUMBER_FROM = 50  # audit labels; below that macro F1 says nothing
FEW = 5  # images of a label; below that its figures say nothing


@dataclass(frozen=True)
class LabelReport:
    """One label's counts and figures. The figures are None where they are undefined."""

    label: Label
    tp: int
    fp: int
    fn: int
    threshold: float
    precision: Measure | None
    recall: Measure | None
    f1: Measure | None
    average_precision: Measure | None = None  # whatever the threshold

    @property
    def support(self) -> int:
        """Audit images that have this label, as people say."""
        return self.tp + self.fn

    @property
    def too_few(self) -> bool:
        """Too few images to say anything."""
        return self.support < FEW

    @property
    def lowest(self) -> float:
        """The worse of the two lower bounds: what the label is worth at least."""
        return min(m.low for m in (self.precision, self.recall) if m) if self.recall else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The API's form. Too few images: counts, but no figure."""
        names = ("precision", "recall", "f1", "average_precision")
        figures: dict[str, Measure | None] = {name: getattr(self, name) for name in names}
        return {
            "id": self.label.pk,
            "name": self.label.name,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "support": self.support,
            "threshold": self.threshold,
            "too_few": self.too_few,
            **{k: m.as_dict() if m and not self.too_few else None for k, m in figures.items()},
        }


@dataclass(frozen=True)
class Report:
    """What is known about a model version; `version` is None while there is no model."""

    version: int | None
    n_labels: int  # answers it was trained on
    audit_labels: int  # answered audit images it was measured on
    audit_images: int  # drawn for the audit sample
    audit_skipped: int
    audit_unscored: int  # answered, but added after the version was made
    thresholds: Thresholds
    labels: tuple[LabelReport, ...] = ()
    macro_f1: Measure | None = None
    overall: tuple[Row, ...] = ()  # micro, macro, weighted; empty below NUMBER_FROM
    accuracy: Measure | None = None  # single-label projects
    confusion: tuple[tuple[int, ...], ...] | None = None  # rows: people; last column: unknown
    cross_validated: Measure | None = None  # accuracy on the labels so far, chosen, not drawn
    readable: bool = True  # False: its probabilities are gone

    @property
    def enough(self) -> bool:
        """Whether macro F1 is told at all."""
        return self.macro_f1 is not None

    @property
    def mistakes(self) -> int:
        """How often the version gave a wrong label or missed a right one (single: once each)."""
        if self.confusion is not None:
            matrix = np.array(self.confusion)
            return int(matrix.sum() - matrix.diagonal().sum())
        return sum(label.fp + label.fn for label in self.labels)

    def of_label(self, label_id: int) -> LabelReport | None:
        """The figures of one label."""
        return next((each for each in self.labels if each.label.pk == label_id), None)

    def as_dict(self) -> dict[str, Any]:
        """The API's form, ready for JSON."""
        return {
            "model_version": self.version,
            "n_labels": self.n_labels,
            "sample": "audit",
            "audit_labels": self.audit_labels,
            "audit_images": self.audit_images,
            "audit_skipped": self.audit_skipped,
            "audit_unscored": self.audit_unscored,
            "number_from": NUMBER_FROM,
            "threshold": self.thresholds.one,
            "macro_f1": self.macro_f1.as_dict() if self.macro_f1 else None,
            "accuracy": self.accuracy.as_dict() if self.accuracy else None,
            "overall": {row.name: row.as_dict() for row in self.overall},
            "labels": [label.as_dict() for label in self.labels],
            "confusion": self._confusion_dict(),
            "cross_validated": self.cross_validated.as_dict() if self.cross_validated else None,
        }

    def _confusion_dict(self) -> dict[str, Any] | None:
        if self.confusion is None:
            return None
        ids = [each.label.pk for each in self.labels]
        return {"truth": ids, "predicted": [*ids, None], "counts": [*map(list, self.confusion)]}


_reports: Memory[Report] = Memory(256)


def report(
    project: Project,
    version: ModelVersion | None = None,
    threshold: float | None = None,
    *,
    as_of: int | None = None,
    thresholds: Thresholds | None = None,
) -> Report:
    """Measure `version` (default: the serving one) on the audit labels known now.

    threshold: one for all labels, in [0, 1], instead of those saved with the version.
    as_of: on the audit labels as they stood when this annotation id was the newest.
    thresholds: those to apply instead, such as they were once.
    Raises: ValueError for a threshold out of range.
    """
    if threshold is not None and not 0 <= threshold <= 1:
        raise ValueError("The threshold must lie between 0 and 1.")
    answers = sample.of(project, as_of)
    version = version or versions.serving(project)
    if version is None:
        return _without_model(project, answers, threshold)
    thresholds = thresholds or Thresholds.of_version(project, version, threshold)
    return measured_on(project, version, answers, thresholds)


def measured_on(
    project: Project,
    version: ModelVersion,
    answers: AuditSample,
    thresholds: Thresholds,
    which: str = scored.AUDIT,
) -> Report:
    """Measure the version on these answers to the images of `which`."""
    try:
        compared = scored.of(project, version, answers, which=which)
    except NotScored:
        return _head(version, answers, thresholds, audit_labels=0, readable=False)
    key: Hashable = (compared.key, answers.skipped, thresholds, str(version.cross_validated))
    return _reports.get(key, lambda: _measure(version, answers, compared, thresholds))


def unmeasured(project: Project, version: ModelVersion, thresholds: Thresholds) -> Report:
    """What is known of the version and the sample without measuring the one on the other."""
    return _head(version, sample.of(project), thresholds, audit_labels=0)


def _without_model(project: Project, answers: AuditSample, threshold: float | None) -> Report:
    return Report(
        version=None,
        n_labels=0,
        audit_labels=len(answers),
        audit_images=answers.drawn,
        audit_skipped=answers.skipped,
        audit_unscored=0,
        thresholds=Thresholds(project.is_multi, threshold),
    )


def _head(
    version: ModelVersion, answers: AuditSample, thresholds: Thresholds, **fields: Any
) -> Report:
    said = version.cross_validated or {}
    known = "accuracy" in said
    return Report(
        version=version.number,
        n_labels=version.n_labels,
        audit_images=answers.drawn,
        audit_skipped=answers.skipped,
        thresholds=thresholds,
        cross_validated=Measure(said["accuracy"], said["low"], said["high"]) if known else None,
        **{"audit_unscored": 0, **fields},
    )


@one_blas_thread()
def _measure(
    version: ModelVersion, answers: AuditSample, compared: Scored, thresholds: Thresholds
) -> Report:
    n, matrix = len(compared.image_ids), None
    given = compared.decide(thresholds)
    if not thresholds.multi:
        said = compared.likeliest(thresholds)
        matrix = metrics.confusion(compared.true_columns(), said, len(compared.labels))
    counted = metrics.counts(compared.truth, given)
    ranked = averaging.ranked(compared.truth, compared.proba)
    enough = n >= NUMBER_FROM
    rows = averaging.of(compared.truth, given, compared.proba, ranked) if enough else ()
    return _head(
        version,
        answers,
        thresholds,
        audit_labels=n,
        audit_unscored=compared.missing,
        labels=_label_reports(compared, counted, ranked, thresholds),
        macro_f1=next((row.f1 for row in rows if row.name == "macro"), None),
        overall=rows,
        accuracy=_accuracy(matrix) if enough else None,
        confusion=None if matrix is None else tuple(map(tuple, matrix.tolist())),
    )


def _accuracy(matrix: npt.NDArray[np.int64] | None) -> Measure | None:
    if matrix is None:
        return None
    return measures.share(int(matrix.diagonal().sum()), int(matrix.sum()))


def _label_reports(
    compared: Scored, counted: metrics.Counts, ranked: Ranked, thresholds: Thresholds
) -> tuple[LabelReport, ...]:
    precision, recall = metrics.precision_recall_intervals(counted)
    f1 = measures.f1(counted)
    made = []
    for at, label in enumerate(compared.labels):
        figures = {
            name: measures.measure(*(np.asarray(column)[at] for column in columns))
            for name, columns in (("precision", precision), ("recall", recall), ("f1", f1))
        }
        tp, fp, fn = (int(c[at]) for c in (counted.tp, counted.fp, counted.fn))
        threshold = thresholds.for_label(label.pk)
        figures["average_precision"] = ranked.of(at)
        made.append(LabelReport(label=label, tp=tp, fp=fp, fn=fn, threshold=threshold, **figures))
    return tuple(made)
