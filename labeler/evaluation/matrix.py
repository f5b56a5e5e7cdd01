"""The confusion matrix, with labels that are taken for one another side by side.

In a project of several labels per image nothing is called something else. What can be told there:
which label was wrongly given to an image where another one was missed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation.scored import Scored, Thresholds
from labeler.projects.models import Label
from ml import metrics
from ml.seriation import together
from ml.threads import one_blas_thread

MOST_IN_TABLE = 15  # labels; beyond that a list of pairs says more than a table
PAIRS = 15
COUNTS, ROWS, COLUMNS = "", "rows", "columns"
CSS = ("z", "e1", "e2", "e3", "d")

Table = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cell:
    """Images of `truth` that the model called `predicted` (None: unknown, or nothing instead).

    `empty` cells lie between it and the one before it in its row.
    """

    truth: Label
    predicted: Label | None
    count: int
    share: float | None  # of its row or column, where shares are asked for
    css: str
    empty: int = 0


@dataclass(frozen=True)
class Line:
    """A row of the matrix: its cells, and how many empty ones follow the last."""

    label: Label
    cells: tuple[Cell, ...]
    empty: int


@dataclass(frozen=True)
class Matrix:
    """Rows what people say, columns what the model says; `last`: whether it has a column "unknown",
    or "nothing instead" in a project of several labels. `lines` are empty where only the pairs
    were asked for."""

    labels: tuple[Label, ...]
    multi: bool
    shares: str
    last: bool
    lines: tuple[Line, ...]
    pairs: tuple[Cell, ...]  # mistakes, most frequent first

    @property
    def is_large(self) -> bool:
        return len(self.labels) > MOST_IN_TABLE

    @property
    def first_pairs(self) -> tuple[Cell, ...]:
        return self.pairs[:PAIRS]


@one_blas_thread()
def of(
    compared: Scored, thresholds: Thresholds, *, shares: str = COUNTS, full: bool = False
) -> Matrix | None:
    """The matrix of a version's decisions; None without any image.

    shares: "" for counts, "rows" or "columns" for shares of these. full: the table also for more
    than MOST_IN_TABLE labels.
    """
    if not compared.image_ids or not compared.labels:
        return None
    counts = confusion(compared, thresholds)
    k = len(compared.labels)
    order = together(counts[:, :k])
    counts = counts[order][:, [*order, k]]
    labels = tuple(compared.labels[at] for at in order)
    last = bool(counts[:, k].any())
    cells = _cells(counts, labels, shares)
    mistakes = (cell for cell in cells.values() if cell.css != "d")
    pairs = tuple(sorted(mistakes, key=lambda cell: -cell.count))
    lines = _lines(cells, labels, k + last) if full or k <= MOST_IN_TABLE else ()
    return Matrix(labels, thresholds.multi, shares, last, lines, pairs)


def confusion(compared: Scored, thresholds: Thresholds) -> Table:
    """(n_labels, n_labels + 1) counts of images; the last column: unknown, or nothing instead.

    Of several labels: row missed, column wrongly given on the same image. An image on which two
    are missed and two wrongly given counts in four cells.
    """
    if not thresholds.multi:
        said = compared.likeliest(thresholds)
        return metrics.confusion(compared.true_columns(), said, len(compared.labels))
    given = compared.decide(thresholds)
    missed, wrong = (compared.truth & ~given).astype(float), (given & ~compared.truth).astype(float)
    nothing = missed.T @ (~wrong.any(axis=1)).astype(float)
    both = np.concatenate([missed.T @ wrong, nothing[:, None]], axis=1)
    return np.asarray(both.astype(np.int64))


def _cells(counts: Table, labels: tuple[Label, ...], shares: str) -> dict[tuple[int, int], Cell]:
    values = counts.astype(np.float64)
    if shares:
        sums = values.sum(axis=1 if shares == ROWS else 0, keepdims=True)
        values = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    wrong = values.copy()
    np.fill_diagonal(wrong, 0)
    worst = float(wrong.max()) if wrong.size else 0.0
    found: dict[tuple[int, int], Cell] = {}
    for row, column in zip(*np.nonzero(counts), strict=True):
        value = float(values[row, column])
        css = CSS[4] if row == column else CSS[_step(value, worst if shares else max(worst, 3))]
        predicted = labels[column] if column < len(labels) else None
        count, share = int(counts[row, column]), value if shares else None
        found[int(row), int(column)] = Cell(labels[row], predicted, count, share, css)
    return found


def _step(value: float, worst: float) -> int:
    """Three steps: up to a third of the worst cell, up to two thirds, above."""
    return 1 + (value > worst / 3 + 1e-9) + (value > 2 * worst / 3 + 1e-9)


def _lines(
    cells: dict[tuple[int, int], Cell], labels: tuple[Label, ...], width: int
) -> tuple[Line, ...]:
    of_row: dict[int, list[tuple[int, Cell]]] = {}
    for (row, column), cell in sorted(cells.items(), key=lambda each: each[0]):
        of_row.setdefault(row, []).append((column, cell))
    made = []
    for row, label in enumerate(labels):
        placed, at = [], 0
        for column, cell in of_row.get(row, []):
            placed.append(_after(cell, column - at))
            at = column + 1
        made.append(Line(label, tuple(placed), width - at))
    return tuple(made)


def _after(cell: Cell, empty: int) -> Cell:
    return Cell(cell.truth, cell.predicted, cell.count, cell.share, cell.css, empty)


def as_dict(found: Matrix) -> dict[str, Any]:
    """The API's form of the mistaken pairs and of the order of labels."""
    return {
        "order": [label.pk for label in found.labels],
        "pairs": [
            {
                "truth": cell.truth.pk,
                "predicted": cell.predicted.pk if cell.predicted else None,
                "images": cell.count,
            }
            for cell in found.pairs
        ],
    }
