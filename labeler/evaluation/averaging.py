"""Precision, recall, F1 and average precision over all labels, averaged in three ways."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import measures
from labeler.evaluation.measures import Measure
from ml.average_precision import average_precision_bounds, average_precisions_of
from ml.averages import Average, averages

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One way of averaging; a figure is None where it is undefined."""

    name: str  # "micro", "macro" or "weighted"
    precision: Measure | None
    recall: Measure | None
    f1: Measure | None
    average_precision: Measure | None

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        names = ("precision", "recall", "f1", "average_precision")
        figures: list[Measure | None] = [getattr(self, name) for name in names]
        return {k: m.as_dict() if m else None for k, m in zip(names, figures, strict=True)}


@dataclass(frozen=True)
class Ranked:
    """Average precision of each label, and how many images carry it: (n_labels,) each."""

    value: Floats
    support: npt.NDArray[np.int64]
    low: Floats
    high: Floats

    def of(self, at: int) -> Measure | None:
        """One label's figure."""
        return measures.measure(self.value[at], self.low[at], self.high[at])

    def mean(self, wanted: Floats) -> Measure | None:
        """The labels' mean, weighed by `wanted`; their intervals combined as independent."""
        weights = np.where(np.isnan(self.value), 0.0, wanted)
        if not weights.sum():
            return None
        weights = weights / weights.sum()
        value = float(weights @ np.nan_to_num(self.value))
        below = float(np.linalg.norm(weights * np.nan_to_num(self.value - self.low)))
        above = float(np.linalg.norm(weights * np.nan_to_num(self.high - self.value)))
        return Measure(value, max(0.0, value - below), min(1.0, value + above))


def ranked(truth: Bools, proba: npt.NDArray[Any]) -> Ranked:
    """How well the probabilities rank each label's images, whatever the threshold."""
    value, support = average_precisions_of(truth, proba), truth.sum(axis=0)
    return Ranked(value, support, *average_precision_bounds(value, support))


def of(truth: Bools, given: Bools, proba: npt.NDArray[Any], each: Ranked) -> tuple[Row, ...]:
    """The three averages. truth, given: marks (n, n_labels); proba: (n, n_labels)."""
    found = averages(truth, given)
    precision = {
        "micro": _pooled(truth, proba),
        "macro": each.mean(np.ones(len(each.value))),
        "weighted": each.mean(each.support.astype(np.float64)),
    }
    return tuple(
        _row(name, getattr(found, name), precision[name]) for name in ("micro", "macro", "weighted")
    )


def _row(name: str, found: Average, average_precision: Measure | None) -> Row:
    precision, recall, f1 = (measures.measure(*each) for each in found)
    return Row(name, precision, recall, f1, average_precision)


def _pooled(truth: Bools, proba: npt.NDArray[Any]) -> Measure | None:
    """All decisions in one ranking; its interval counts images that carry a label, not labels."""
    value = average_precisions_of(truth.reshape(-1, 1), np.asarray(proba).reshape(-1, 1))
    low, high = average_precision_bounds(value, [truth.any(axis=1).sum()])
    return measures.measure(value[0], low[0], high[0])
