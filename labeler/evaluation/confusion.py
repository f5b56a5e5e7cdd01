"""What is taken for what."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeler.evaluation.report import Report
from labeler.projects.models import Label

MOST_IN_TABLE = 15  # labels; beyond that a list of pairs says more than a table
PAIRS = 15
MOST_PAIRS = 60  # with many labels there are thousands

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """How many images of `truth` the model called `predicted` (None: unknown)."""

    truth: Label
    predicted: Label | None
    count: int
    step: int  # 0 none, 1 to 3 how grave a mistake, 4 right

    @property
    def css(self) -> str:
        """Its class in the table."""
        return ("z", "e1", "e2", "e3", "d")[self.step]


@dataclass(frozen=True)
class Confusion:
    """A table of cells while the labels are few, and the mistaken pairs, most frequent first."""

    labels: tuple[Label, ...]
    unknown: bool  # whether the table has the column "unknown"
    table: tuple[tuple[Cell, ...], ...]
    pairs: tuple[Cell, ...]
    cut: bool  # whether there are more pairs than these

    @property
    def first_pairs(self) -> tuple[Cell, ...]:
        return self.pairs[:PAIRS]

    @property
    def more_pairs(self) -> tuple[Cell, ...]:
        return self.pairs[PAIRS:]


def of(report: Report) -> Confusion | None:
    """The confusion of a single-label project; None where there is none to show."""
    if report.confusion is None or not report.audit_labels:
        return None
    labels = tuple(each.label for each in report.labels)
    wrong = _wrong(report.confusion)
    small, unknown = len(labels) <= MOST_IN_TABLE, bool(wrong[:, -1].any())
    return Confusion(
        labels,
        unknown,
        _table(labels, report.confusion, wrong.max(), unknown=unknown) if small else (),
        _pairs(labels, wrong),
        cut=bool(np.count_nonzero(wrong) > MOST_PAIRS),
    )


def _wrong(confusion: tuple[tuple[int, ...], ...]) -> Counts:
    wrong = np.array(confusion)
    np.fill_diagonal(wrong, 0)
    return wrong


def _table(
    labels: tuple[Label, ...], counts: tuple[tuple[int, ...], ...], worst: int, *, unknown: bool
) -> tuple[tuple[Cell, ...], ...]:
    columns: tuple[Label | None, ...] = (*labels, None) if unknown else labels
    return tuple(
        tuple(
            Cell(label, column, count, 4 if label is column else _step(count, worst))
            for column, count in zip(columns, row, strict=False)
        )
        for label, row in zip(labels, counts, strict=True)
    )


def _pairs(labels: tuple[Label, ...], wrong: Counts) -> tuple[Cell, ...]:
    columns: tuple[Label | None, ...] = (*labels, None)
    rows, at = np.nonzero(wrong)
    found, worst = wrong[rows, at], int(wrong.max())
    return tuple(
        Cell(labels[rows[i]], columns[at[i]], int(found[i]), _step(int(found[i]), worst))
        for i in np.argsort(-found, kind="stable")[:MOST_PAIRS]
    )


def _step(count: int, worst: int) -> int:
    """Three steps: up to a third of the worst cell, up to two thirds, above."""
    return 0 if not count else min(3, 1 + 3 * (count - 1) // max(worst, 3))


def most_taken_for(report: Report, label: Label) -> Cell | None:
    """What the label's images are most often called instead; None for unknown, and for nothing."""
    labels = [each.label for each in report.labels]
    if report.confusion is None or label not in labels:
        return None
    at = labels.index(label)
    wrong = [0 if i == at else count for i, count in enumerate(report.confusion[at])]
    often = max(wrong)
    said = wrong.index(often)
    if not often or said == len(labels):
        return None
    return Cell(label, labels[said], often, step=3)
