"""What an array must be before anything is computed from it."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Bools = npt.NDArray[np.bool_]

# Probabilities are kept as float16: each is off by up to 2**-12, their sum by a little more.
TOLERANCE = 2e-3


def check_proba(proba: npt.ArrayLike) -> Floats:
    """Return `proba` as a float array after making sure that it is a table of distributions.

    proba: (n_images, n_labels >= 2); every row finite, in [0, 1] and summing to 1
        (within 0.002, the rounding of float16).
    Returns: the same values, float32 if they came as float16, else as they were.
    Raises: ValueError. Logits are refused, not guessed at.
    """
    table = check_table(proba, "probabilities")
    if table.shape[1] < 2:
        raise ValueError(f"probabilities need two labels or more, got {table.shape[1]}")
    if len(table):
        check_unit(table)
        check_rows_sum_to_one(table)
    return table


def check_unit(table: Floats) -> None:
    """Raise ValueError unless every value is finite and in [0, 1]."""
    # A NaN makes both comparisons false, so it is caught here too.
    if not (table.min() >= -TOLERANCE and table.max() <= 1 + TOLERANCE):
        raise ValueError("probabilities must be finite and in [0, 1]; are these logits?")


def check_rows_sum_to_one(table: Floats) -> None:
    """Raise ValueError unless every row of the table sums to 1."""
    # A product with ones is several times faster than sum(axis=1) on short rows.
    sums = table @ np.ones(table.shape[1], dtype=table.dtype)
    if not np.abs(sums - 1).max() <= TOLERANCE:
        raise ValueError("each row of probabilities must sum to 1")


def check_table(values: npt.ArrayLike, what: str) -> Floats:
    """Return `values` as a two-dimensional float array (float16 widened), or raise ValueError."""
    table = np.asarray(values)
    if table.ndim != 2:
        raise ValueError(f"{what} must be a table (n, m), got shape {table.shape}")
    if table.dtype in (np.float32, np.float64):
        return table
    if table.dtype == np.float16:
        return table.astype(np.float32)
    if table.dtype.kind not in "biu":
        raise ValueError(f"{what} must be numbers, got {table.dtype}")
    return table.astype(np.float64)


def check_labels(labels: npt.ArrayLike, n_labels: int, *, unknown: bool = False) -> Ints:
    """Return one label number per image as int64, or raise ValueError.

    labels: (n,), each 0 <= label < n_labels; with `unknown` also -1, the model abstained.
    """
    numbers = np.asarray(labels)
    if numbers.ndim != 1 or (numbers.dtype.kind not in "iu" and len(numbers)):
        raise ValueError(f"labels must be a list of whole numbers, got {numbers.dtype}")
    numbers = numbers.astype(np.int64)
    lowest = -1 if unknown else 0
    if len(numbers) and not (lowest <= numbers.min() and numbers.max() < n_labels):
        raise ValueError(f"labels must lie in {lowest}..{n_labels - 1}")
    return numbers


def check_marks(marks: npt.ArrayLike) -> Bools:
    """Return a table of yes/no marks (n_images, n_labels) as booleans, or raise ValueError."""
    table = np.asarray(marks)
    if table.ndim != 2 or not np.isin(table, (0, 1)).all():
        raise ValueError("marks must be a table (n_images, n_labels) of 0 and 1")
    return table.astype(bool)
