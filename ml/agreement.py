"""How far people agree beyond chance: Cohen's kappa of two, Krippendorff's alpha of many.

Answers are numbers of values (one question per image), or tables of yes and no (one question per
label). With several questions the observed and the expected agreement are summed over them first.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.intervals import bootstrap, wilson

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Agreement(NamedTuple):
    """1 is perfect, 0 is chance, below 0 is worse than chance. NaN where undefined.

    low, high: 95 % interval; n: images it was measured on; same: their share of equal answers
    (with several questions: of equal answers to single questions).
    """

    value: float
    low: float
    high: float
    n: int
    same: float


def kappa(first: npt.ArrayLike, second: npt.ArrayLike, n_values: int, seed: int = 0) -> Agreement:
    """Agreement of two people on the same images.

    first, second: (n_images,) numbers in 0..n_values-1, or (n_images, n_questions) of them.
    Undefined (NaN) without images, and where both always gave one and the same value.
    Raises: ValueError for tables of different shapes or values out of range.
    Source: Cohen (1960), A coefficient of agreement for nominal scales, Educational and
        Psychological Measurement 20. Several questions: the pooled kappa of De Vries, Elliott,
        Kanouse and Teleki (2008), Field Methods 20. The interval: see `_interval`.
    """
    a, b = _values(first, n_values), _values(second, n_values)
    if a.shape != b.shape:
        raise ValueError(f"the two people's answers have shapes {a.shape} and {b.shape}")
    if not a.size:
        return NOTHING
    questions = a.shape[1]
    rows, seen = np.unique(np.concatenate([a, b], axis=1), axis=0, return_counts=True)
    a, b = rows[:, :questions], rows[:, questions:]
    same = (a == b).mean(axis=1)
    marks_a, marks_b = _marks(a, n_values), _marks(b, n_values)

    def observed_and_expected(draws: Floats) -> tuple[Floats, Floats]:
        n = draws.sum(axis=1)
        chance = ((draws @ marks_a) * (draws @ marks_b)).sum(axis=1) / (n * n * questions)
        return 1 - draws @ same / n, 1 - chance

    return _interval(observed_and_expected, seen, questions, seed)


def alpha(counts: npt.ArrayLike, seed: int = 0) -> Agreement:
    """Agreement of any number of people, each of whom answered some of the images.

    counts: (n_images, n_values), how many people gave each value; or (n_images, n_questions,
        n_values). Images that fewer than two people answered are left out.
    Undefined (NaN) without such images, and where everybody always gave one and the same value.
    Raises: ValueError for negative counts.
    Source: Krippendorff (2004), Reliability in content analysis, Human Communication Research
        30; nominal values, missing answers as in Krippendorff (2011), Computing Krippendorff's
        alpha-reliability. The interval: see `_interval`.
    """
    table = np.asarray(counts, dtype=np.int64)
    table = table[:, None, :] if table.ndim == 2 else table
    if table.ndim != 3 or (table < 0).any():
        raise ValueError("counts must be a table (n_images, n_values) of numbers from 0 up")
    table = table[(table.sum(axis=2) >= 2).all(axis=1)]
    if not table.size:
        return NOTHING
    questions, n_values = table.shape[1:]
    rows, seen = np.unique(table.reshape(len(table), -1), axis=0, return_counts=True)
    cells = rows.reshape(len(rows), questions, n_values).astype(np.float64)
    people = cells.sum(axis=2)
    apart = ((people**2 - (cells**2).sum(axis=2)) / (people - 1)).sum(axis=1)
    answers, flat = people.sum(axis=1), rows.astype(np.float64)

    def observed_and_expected(draws: Floats) -> tuple[Floats, Floats]:
        n = draws @ people[:, 0]  # everybody answers all questions of an image
        each = (draws @ flat).reshape(len(draws), questions, n_values)
        by_chance = (n[:, None] ** 2 - (each**2).sum(axis=2)).sum(axis=1) / (n - 1)
        return draws @ apart / (draws @ answers), by_chance / (n * questions)

    return _interval(observed_and_expected, seen, questions, seed)


NOTHING = Agreement(float("nan"), float("nan"), float("nan"), 0, float("nan"))
Rates = Callable[[Floats], tuple[Floats, Floats]]


def _interval(rates: Rates, seen: Counts, questions: int, seed: int) -> Agreement:
    """1 − observed/expected disagreement with the wider of two 95 % intervals.

    The bootstrap over images (Zapf, Castell, Morawietz and Karch, 2016, BMC Medical Research
    Methodology 16) sees no width where nobody ever disagreed; the Wilson interval of the
    observed disagreement over all questions, the expected one taken as known, does.
    """
    n = int(seen.sum())
    found, chance = (float(rate[0]) for rate in rates(seen[None, :].astype(np.float64)))
    if chance <= 0:
        return Agreement(float("nan"), float("nan"), float("nan"), n, 1 - found)
    value = 1 - found / chance

    def statistic(draws: Counts) -> Any:
        apart, by_chance = rates(draws.astype(np.float64))
        defined = by_chance > 0
        return 1 - np.divide(apart, by_chance, out=np.full(len(draws), np.nan), where=defined)

    low, high = bootstrap(statistic, seen, seed=seed)
    asked = n * questions
    fewest, most = wilson(min(found, 1.0) * asked, asked)
    return Agreement(
        value=value,
        low=float(np.nanmin([low, 1 - most / chance, value])),
        high=float(min(1.0, np.nanmax([high, 1 - fewest / chance, value]))),
        n=n,
        same=1 - found,
    )


def _values(answers: npt.ArrayLike, n_values: int) -> Counts:
    table = np.asarray(answers).astype(np.int64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or (table.size and not (table.min() >= 0 and table.max() < n_values)):
        raise ValueError(f"answers must be numbers in 0..{n_values - 1}, one row per image")
    return table


def _marks(table: Counts, n_values: int) -> Floats:
    """(rows, questions x values): 1 where the question got the value."""
    marks = table[:, :, None] == np.arange(n_values)
    return np.asarray(marks.reshape(len(table), -1), dtype=np.float64)
