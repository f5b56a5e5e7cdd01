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
Step = Callable[[Block, int, Block], Block | np.float32]

BLOCK_BYTES = 512 * 1024
# From so many labels on a score is faster label by label within a row; measured.
ROWS_FROM = {"least_confidence": 32, "margin": 60, "entropy": 12}
HIGHEST_BITS = np.float32(1 + TOLERANCE).view(np.uint32)


def least_confidence(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how little the likeliest label is believed.

    proba: (n_images, n_labels >= 2), each row a probability distribution.
    Returns: (n_images,) float32 in [0, 1]: one minus the largest probability,
        divided by its maximum 1 - 1 / n_labels. 1 is a uniform guess, 0 certainty.
    Raises: ValueError if `proba` is not such a table.
    Source: Settles (2010), Active Learning Literature Survey, section 3.1.
    """
    doubt = _by_block(proba, None, ROWS_FROM["least_confidence"])
    n_labels = np.shape(proba)[1]
    np.subtract(1, doubt, out=doubt)
    doubt *= np.float32(n_labels / (n_labels - 1))
    return np.clip(doubt, 0, 1, out=doubt)


def margin(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how nearly the two likeliest labels tie: 1 - (first - second).

    Arguments, result and errors as in `least_confidence`. 1 is a tie, 0 certainty.
    Source: Settles (2010), Active Learning Literature Survey, section 3.1.
    """
    return _by_block(proba, _margin, ROWS_FROM["margin"])


def entropy(proba: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Score how spread the belief is: entropy divided by ln(n_labels).

    Arguments, result and errors as in `least_confidence`. 1 is a uniform guess, 0
    certainty. n_labels counts every label of the project, also those not seen yet.
    Source: Shannon (1948); Settles (2010), section 3.1.
    """
    return _by_block(proba, _entropy, ROWS_FROM["entropy"])


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

    def aggregated(block: Block, axis: int, spare: Block) -> Block:
        doubt = step(block, spare)
        return np.asarray(doubt.max(axis=axis) if how == "max" else doubt.mean(axis=axis))

    return _by_block(proba, aggregated, ROWS_FROM["margin"], distributions=False)


# Steps over one block ------------------------------------------------------------------
#
# A block holds labels along `axis`: 0 with few labels, where one row per label lets every
# step run over many images at once; 1 with many, where turning the table costs more. Its
# values are 0 and above. `spare` is memory of the same shape, to be overwritten: asking the
# system for new memory at every block can cost as much as a step.


def _margin(block: Block, axis: int, spare: Block) -> Block:
    first, second = _top_two_rows(block) if axis == 0 else _top_two_columns(block, spare)
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


def _top_two_columns(block: Block, spare: Block) -> tuple[Block, Block]:
    best = block.view(np.int32).argmax(axis=1)
    best += np.arange(0, block.size, block.shape[1])
    np.copyto(spare, block)
    others = spare.reshape(-1)
    first = others[best]
    others[best] = 0
    return first, _largest(spare)


def _largest(block: Block) -> Block:
    return np.asarray(block.view(np.int32).max(axis=1).view(np.float32))


def _entropy(block: Block, axis: int, spare: Block) -> Block:
    spread = _sum_plogp(block, axis, spare)
    return np.asarray(np.divide(spread, -np.float32(np.log(block.shape[axis])), out=spread))


def _sum_plogp(block: Block, axis: int, spare: Block) -> Block:
    logs = _logs(block, spare)
    if axis == 1:
        return np.asarray(np.einsum("ij,ij->i", block, logs))
    return _sum(np.multiply(block, logs, out=logs), axis)


def _binary_doubt(block: Block, spare: Block) -> Block:
    """1 at p = 0.5, 0 at 0 and 1: least confidence and margin of two labels agree."""
    return np.asarray(1 - np.abs(2 * block - 1))


def _binary_entropy(block: Block, spare: Block) -> Block:
    total = block * _logs(block, spare)
    other = np.maximum(1 - block, 0)
    total += other * _logs(other, spare)
    return np.asarray(np.divide(total, -np.float32(np.log(2)), out=total))


def _logs(block: Block, spare: Block) -> Block:
    # Added to 0 alone, in effect, is the smallest normal float: 0 times its logarithm is 0.
    np.add(block, np.finfo(np.float32).tiny, out=spare)
    return np.asarray(np.log(spare, out=spare))


def _sum(block: Block, axis: int) -> Block:
    # A product with ones is several times faster than numpy's sum over short rows.
    ones = np.ones(block.shape[axis], dtype=np.float32)
    return np.asarray(ones @ block if axis == 0 else block @ ones)


def check(proba: npt.ArrayLike, *, distributions: bool = True) -> None:
    """Raise ValueError unless `proba` is what the scores take; memory stays at a block.

    distributions: rows that sum to 1, of two labels or more; otherwise each value alone.
    """
    _by_block(proba, lambda block, axis, spare: np.float32(0), 0, distributions=distributions)


# Walking -------------------------------------------------------------------------------


def _by_block(
    proba: npt.ArrayLike, step: Step | None, rows_from: int, *, distributions: bool = True
) -> npt.NDArray[np.float32]:
    """Return what the step gives, (n,) in [0, 1]; without one the largest of each row.

    rows_from: the number of labels from which blocks are not turned.
    """
    table = np.asarray(proba)
    if table.dtype not in (np.float16, np.float32, np.float64) or table.ndim != 2:
        table = check_table(proba, "probabilities")
    if table.shape[1] < (2 if distributions else 1):
        raise ValueError(f"a table of {table.shape[1]} labels has nothing to choose between")
    axis = 0 if table.shape[1] < rows_from else 1
    result = np.empty(len(table), dtype=np.float32)
    for rows, block, spare in _blocks(table, axis):
        # Floats from 0 up sort as their bits do; below 0, and NaN, comes after 1 then. Whole
        # numbers are compared faster, too, as no NaN can be among them.
        bits = block.view(np.uint32)
        largest = bits.max(axis=None if step else axis)
        tidy = _checked(block, axis, distributions, bool(largest.max() <= HIGHEST_BITS))
        if step:
            value = step(tidy, axis, spare)
        else:
            value = largest.view(np.float32) if tidy is block else tidy.max(axis=axis)
        np.clip(value, 0, 1, out=result[rows])
    return result


def _blocks(table: npt.NDArray[Any], axis: int) -> Iterator[tuple[slice, Block, Block]]:
    """Yield the table's parts as float32, and memory of the same shape.

    The next part overwrites both, where the part is not the table's own memory.
    """
    length = min(max(64, BLOCK_BYTES // (4 * table.shape[1])), len(table))
    own = axis == 1 and table.dtype == np.float32 and table.flags.c_contiguous
    memory = np.empty((2, length * table.shape[1]), dtype=np.float32)
    for start in range(0, len(table), max(length, 1)):
        rows = slice(start, start + length)
        part = table[rows].T if axis == 0 else table[rows]
        block, spare = memory[:, : part.size].reshape(2, *part.shape)
        if own:
            block = part
        else:
            np.copyto(block, part, casting="same_kind")
        yield rows, block, spare


def _checked(block: Block, axis: int, distributions: bool, tidy: bool) -> Block:
    """Return the block, without values below 0, or raise ValueError.

    tidy: whether all of it is known to lie in [0, 1 + TOLERANCE].
    """
    if not tidy and not (block.min() >= -TOLERANCE and block.max() <= 1 + TOLERANCE):
        raise ValueError("probabilities must be finite and in [0, 1]; are these logits?")
    if distributions:
        sums = _sum(block, axis)
        if not (sums.max() - 1 <= TOLERANCE and 1 - sums.min() <= TOLERANCE):
            raise ValueError("each row of probabilities must sum to 1")
    return block if tidy else np.maximum(block, 0)
