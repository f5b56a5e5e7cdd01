"""What stands beside each label in the list of labels: counts, and no claim about the pool."""

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from labeler.evaluation.memory import Memory
from labeler.evaluation.report import LabelReport, Report
from labeler.evaluation.scored import Scored, Thresholds
from labeler.projects import merged
from labeler.training import answers_by_row
from labeler.training.models import ModelVersion
from ml import metrics

Matrix = tuple[tuple[int, ...], ...] | None

_counts: Memory[tuple[tuple[LabelReport, ...], Matrix]] = Memory(8)


def counted(unmeasured: Report, compared: Scored, thresholds: Thresholds) -> Report:
    """The report with these images' counts, and no figures: those are of the audit sample alone."""
    key: Hashable = compared.key, thresholds
    labels, matrix = _counts.get(key, lambda: _count(compared, thresholds))
    return replace(
        unmeasured, audit_labels=len(compared.image_ids), labels=labels, confusion=matrix
    )


def _count(compared: Scored, thresholds: Thresholds) -> tuple[tuple[LabelReport, ...], Matrix]:
    given, matrix = compared.decide(thresholds), None
    if not thresholds.multi:
        said = compared.likeliest(thresholds)
        matrix = metrics.confusion(compared.true_columns(), said, len(compared.labels))
    found = metrics.counts(compared.truth, given)
    labels = tuple(
        LabelReport(
            label=label, tp=int(found.tp[at]), fp=int(found.fp[at]), fn=int(found.fn[at]),
            threshold=thresholds.for_label(label.pk), precision=None, recall=None, f1=None,
        )
        for at, label in enumerate(compared.labels)
    )  # fmt: skip
    return labels, None if matrix is None else tuple(map(tuple, matrix.tolist()))


def called(version: ModelVersion) -> dict[int, int]:
    """{label id: images whose likeliest label it is}, labeled or not, whatever the thresholds.

    Empty in a multi-label project, where an image may have several labels.
    """
    if version.project.is_multi:
        return {}
    said = answers_by_row.of(version)
    counts = np.bincount(said.label[said.scored], minlength=len(version.label_ids))
    into, found = merged.now(version.project_id), dict[int, int]()
    for pk, n in zip(version.label_ids, counts.tolist(), strict=False):
        found[into.get(pk, pk)] = found.get(into.get(pk, pk), 0) + n
    return found
