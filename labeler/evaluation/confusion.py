"""What is taken for what."""

from dataclasses import dataclass

from labeler.evaluation.report import Report
from labeler.projects.models import Label

MOST_IN_TABLE = 15  # labels; beyond that a list of pairs says more than a table
PAIRS = 15


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
    unknown = any(row[-1] for row in report.confusion)
    columns: tuple[Label | None, ...] = (*labels, None)
    worst = max((c for i, row in enumerate(report.confusion) for j, c in enumerate(row) if i != j))
    rows = tuple(
        tuple(
            Cell(label, column, count, 4 if label is column else _step(count, worst))
            for column, count in zip(columns, row, strict=True)
            if column is not None or unknown
        )
        for label, row in zip(labels, report.confusion, strict=True)
    )
    mistakes = (cell for row in rows for cell in row if cell.count and cell.step != 4)
    pairs = tuple(sorted(mistakes, key=lambda cell: -cell.count))
    return Confusion(labels, unknown, rows if len(labels) <= MOST_IN_TABLE else (), pairs)


def _step(count: int, worst: int) -> int:
    """Three steps: up to a third of the worst cell, up to two thirds, above."""
    return 0 if not count else min(3, 1 + 3 * (count - 1) // max(worst, 3))


def most_taken_for(report: Report, label: Label) -> Cell | None:
    """What the label's images are most often called instead."""
    found = of(report)
    of_label = [cell for cell in (found.pairs if found else ()) if cell.truth == label]
    return of_label[0] if of_label and of_label[0].predicted else None
