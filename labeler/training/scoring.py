"""A head's word on every image of a pool: shard by shard on all cores, into the version's files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np

from labeler.training import answers_by_row
from labeler.training.candidates import Proba
from labeler.training.fitting import Fitted
from labeler.training.memory import Block, Pool
from ml import arrays, halves, spread
from ml.heads.base import Kind

Seen = TypeVar("Seen")


def over(
    pool: Pool, fitted: Fitted, kind: Kind, *, into: Path, look: Callable[[Block, Proba], Seen]
) -> Iterator[tuple[int, Seen]]:
    """Score and store each shard, and yield its first row with what `look` makes of it, in order.

    look: runs in a thread and gets the block and its probabilities, (rows, n_labels) float32, NaN
        where an image has no embedding. The answers by row are written behind the last shard.
    Call it with one BLAS thread, as a round does.
    """
    size = max((int(block.rows[-1]) + 1 for block in pool), default=0)
    answers = answers_by_row.blank(size)

    def work(block: Block) -> tuple[int, Seen]:
        proba = _predict(block, fitted, kind)
        block.let_go()
        arrays.write_shard(into / f"{block.first // arrays.SHARD}.npy", proba)
        answers_by_row.fill(answers, block.first, proba, multi=kind == "multi")
        return block.first, look(block, proba)

    is_large = any(isinstance(block.table, np.memmap) for block in pool)
    yield from spread.over(pool, work, begin=halves.be_quick if is_large else lambda: None)
    answers_by_row.keep(into, answers)


def _predict(block: Block, fitted: Fitted, kind: Kind) -> Proba:
    if block.there.all():
        return fitted.proba(block.table, kind)
    proba = np.full((len(block.there), fitted.head.n_labels), np.nan, dtype=np.float32)
    if block.there.any():
        proba[block.there] = fitted.proba(block.table[block.there], kind)
    return proba
