"""How much a person's answer on an image is worth: in [0, 1], higher means ask sooner.

Each score walks over the table in float32 blocks that stay in the processor's cache.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ml.checks import TOLERANCE, check_table

Score = Callable[[npt.ArrayLike], npt.NDArray[np.float32]]
Block = npt.NDArray[np.float32]

BLOCK_BYTES = 256 * 1024
MANY_LABELS = 48  # measured


def least_confidence(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how little the likeliest label is believed.

    proba: (n_images, n_labels >= 2), each row a probability distribution.
    Returns: (n_images,) float32 in [0, 1]: one minus the largest probability,
        divided by its maximum 1 - 1 / n_labels. 1 is a uniform guess, 0 certainty.
    Raises: ValueError if `proba` is not such a table.
    Source: Settles (2010), Active Learning Literature Survey, section 3.1.
    """
    return _by_block(proba, _least_confidence)


def margin(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how nearly the two likeliest labels tie: 1 - (first - second).

    Arguments, result and errors as in `least_confidence`. 1 is a tie, 0 certainty.
    Source: Settles (2010), Active Learning Literature Survey, section 3.1.
    """
    return _by_block(proba, _margin)


def entropy(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how spread the belief is: entropy divided by ln(n_labels).

    Arguments, result and errors as in `least_confidence`. 1 is a uniform guess, 0
    certainty. n_labels counts every label of the project, also those not seen yet.
    Source: Shannon (1948); Settles (2010), section 3.1.
    """
    return _by_block(proba, _entropy)


SCORES: dict[str, Score] = {
    "least_confidence": least_confidence,
    "margin": margin,
    "entropy": entropy,
}


def binary(
    score: str, proba: npt.ArrayLike, how: Literal["max", "mean"] = "max"
) -> npt.NDArray[np.float32]:
    """Score images of a multi-label project: each label is a yes-or-no question of its own.

    score: a name in SCORES. proba: (n_images, n_labels >= 1), each value in [0, 1] alone.
    how: "max" asks about the most doubtful label, "mean" about all together.
    Returns: (n_images,) float32 in [0, 1].
    """
    if score not in SCORES:
        raise ValueError(f"no score is called {score!r}; there are {', '.join(SCORES)}")
    if how not in ("max", "mean"):
        raise ValueError(f"how must be max or mean, not {how!r}")
    step = _binary_entropy if score == "entropy" else _binary_doubt

    def aggregated(block: Block, axis: int) -> Block:
        doubt = step(block)
        return np.asarray(doubt.max(axis=axis) if how == "max" else doubt.mean(axis=axis))

    return _by_block(proba, aggregated, distributions=False)


# Steps over one block ------------------------------------------------------------------
#
# A block holds labels along `axis`: 0 with few labels, where one row per label lets every
# step run over many images at once; 1 with many, where turning the table costs more.


def _least_confidence(block: Block, axis: int) -> Block:
    n_labels = block.shape[axis]
    return np.asarray((1 - block.max(axis=axis)) * np.float32(n_labels / (n_labels - 1)))


def _margin(block: Block, axis: int) -> Block:
    first, second = _top_two_rows(block) if axis == 0 else _top_two_columns(block)
    first -= second
    return np.asarray(np.subtract(1, first, out=first))


def _top_two_rows(block: Block) -> tuple[Block, Block]:
    first = np.maximum(block[0], block[1])
    second = np.minimum(block[0], block[1])
    loser = np.empty_like(first)
    for row in block[2:]:
        np.minimum(first, row, out=loser)
        np.maximum(second, loser, out=second)
        np.maximum(first, row, out=first)
    return first, second


def _top_two_columns(block: Block) -> tuple[Block, Block]:
    best = block.argmax(axis=1)[:, None]
    first = np.take_along_axis(block, best, axis=1)[:, 0]
    others = block.copy()
    np.put_along_axis(others, best, -1, axis=1)
    return first, others.max(axis=1)


def _entropy(block: Block, axis: int) -> Block:
    return np.asarray(-_sum(_plogp(block), axis) / np.float32(np.log(block.shape[axis])))


def _binary_doubt(block: Block) -> Block:
    """1 at p = 0.5, 0 at 0 and 1: least confidence and margin of two labels agree."""
    return np.asarray(1 - np.abs(2 * block - 1))


def _binary_entropy(block: Block) -> Block:
    return np.asarray(-(_plogp(block) + _plogp(1 - block)) / np.float32(np.log(2)))


def _plogp(block: Block) -> Block:
    # The smallest normal float stands in for 0: its product with the logarithm is 0 in effect.
    safe = np.maximum(block, np.finfo(np.float32).tiny)
    logs = np.log(safe)
    return np.asarray(np.multiply(logs, safe, out=logs))


def _sum(block: Block, axis: int) -> Block:
    # A product with ones is several times faster than numpy's sum over short rows.
    ones = np.ones(block.shape[axis], dtype=np.float32)
    return np.asarray(ones @ block if axis == 0 else block @ ones)


def check(proba: npt.ArrayLike, *, distributions: bool = True) -> None:
    """Raise ValueError unless `proba` is what the scores take; memory stays at a block.

    distributions: rows that sum to 1, of two labels or more; otherwise each value alone.
    """
    _by_block(proba, lambda block, axis: block.max(axis=axis), distributions=distributions)


# Walking -------------------------------------------------------------------------------


def _by_block(
    proba: npt.ArrayLike, step: Callable[[Block, int], Block], *, distributions: bool = True
) -> npt.NDArray[np.float32]:
    table = np.asarray(proba)
    if table.dtype not in (np.float16, np.float32, np.float64) or table.ndim != 2:
        table = check_table(proba, "probabilities")
    if table.shape[1] < (2 if distributions else 1):
        raise ValueError(f"a table of {table.shape[1]} labels has nothing to choose between")
    axis = 0 if table.shape[1] < MANY_LABELS else 1
    result = np.empty(len(table), dtype=np.float32)
    for rows, block in _blocks(table, axis):
        _check_block(block, axis, distributions)
        np.clip(step(block, axis), 0, 1, out=result[rows])
    return result


def _blocks(table: npt.NDArray[Any], axis: int) -> Iterator[tuple[slice, Block]]:
    length = max(64, BLOCK_BYTES // (4 * table.shape[1]))
    for start in range(0, len(table), length):
        rows = slice(start, start + length)
        block = table[rows].T if axis == 0 else table[rows]
        yield rows, np.ascontiguousarray(block, dtype=np.float32)


def _check_block(block: Block, axis: int, distributions: bool) -> None:
    # A NaN makes every comparison false, so it is refused here too.
    if not (block.min() >= -TOLERANCE and block.max() <= 1 + TOLERANCE):
        raise ValueError("probabilities must be finite and in [0, 1]; are these logits?")
    if distributions and not np.abs(_sum(block, axis) - 1).max() <= TOLERANCE:
        raise ValueError("each row of probabilities must sum to 1")
