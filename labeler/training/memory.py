"""What a rounds worker keeps between rounds: embeddings, image ids, the last head.

Reading 10,000 embeddings and image rows takes longer than a round, and they hardly change.
"""

import mmap
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import shards
from labeler.training.models import Shard
from labeler.training.picture_codes import Compared
from labeler.training.spaces import Space
from ml.arrays import SHARD, present
from ml.heads import Head
from ml.neighbours import near_duplicates

MOST_BYTES = 400_000_000  # of embeddings as float32; beyond, they stay mapped files
MOST_POOLS = 3
SAMPLED = 2048  # images whose mean stands for the pool's

Rows = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Block:
    """The embeddings of rows first, first + 1, …; `there` says which images have one."""

    first: int
    table: npt.NDArray[Any]  # (n, d) float32 in memory, or float16 mapped from the file
    there: npt.NDArray[np.bool_]
    stamp: tuple[int, int, int]

    @property
    def rows(self) -> Rows:
        return np.arange(self.first, self.first + len(self.there))

    def let_go(self) -> None:
        """Give back the memory that reading a mapped file took; the system may still keep it."""
        if isinstance(self.table, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
            self.table._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]


@dataclass
class Pool:
    """A project's embeddings in one space, and its images by row."""

    project_id: int
    space: Space
    blocks: dict[int, Block] = field(default_factory=dict)
    ids: Rows = field(default_factory=lambda: np.empty(0, np.int64))  # 0: no image in that row
    keys: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    near_audit: dict[int, bool] = field(default_factory=dict)  # row → looks like an audit image
    compared_with: bytes = b""  # the audit rows and pool that `near_audit` holds for
    mean: Vectors = field(default_factory=lambda: np.empty(0, np.float32))  # then
    audit: Vectors = field(default_factory=lambda: np.empty((0, 0), np.float32))  # around it
    codes: Compared = field(default_factory=Compared)  # their pictures with the audit sample's
    head: tuple[int, Head] | None = None  # version number and head of the last round

    def __len__(self) -> int:
        """How many rows are embedded, counting images that could not be read."""
        return sum(len(block.there) for block in self.blocks.values())

    def __iter__(self) -> Iterator[Block]:
        return (self.blocks[number] for number in sorted(self.blocks))

    @property
    def memory(self) -> int:
        return sum(b.table.nbytes for b in self if b.table.dtype == np.float32)

    def vectors(self, rows: Rows) -> Vectors:
        """The embeddings of these rows, (n, d) float32; NaN where there is none."""
        width = next(iter(self)).table.shape[1] if self.blocks else 0
        found = np.full((len(rows), width), np.nan, dtype=np.float32)
        for number, block in self.blocks.items():
            here = np.flatnonzero(rows // SHARD == number)
            here = here[rows[here] % SHARD < len(block.there)]
            if len(here):
                found[here] = block.table[rows[here] % SHARD]
                block.let_go()
        return found

    def like_audit(self, rows: Rows, audit: Rows) -> npt.NDArray[np.bool_]:
        """Which of the rows show nearly the same picture as an image of the audit sample.

        Compared around the pool's mean: pictures of one kind all lie in one direction, and
        only what is left beside it tells them apart.
        """
        key = audit.tobytes() + len(self).to_bytes(8)
        if key != self.compared_with:
            self._compare_with(audit, key)
        new = np.array([row for row in rows.tolist() if row not in self.near_audit], dtype=np.int64)
        if len(new) and len(self.audit):
            near = near_duplicates(np.nan_to_num(self.vectors(new)) - self.mean, self.audit)
            self.near_audit.update(zip(new.tolist(), near.tolist(), strict=True))
        return np.array([self.near_audit.get(row, False) for row in rows.tolist()], dtype=bool)

    def _compare_with(self, audit: Rows, key: bytes) -> None:
        """Keep the mean, from a sample spread over the pool, and the audit images around it."""
        self.near_audit, self.compared_with = {}, key
        found = self.vectors(audit)
        found = found[np.isfinite(found[:, 0])] if found.size else found[:0]
        if len(found):
            self.mean = self.mean_of(SAMPLED)
            found = found - self.mean
        self.audit = found

    def mean_of(self, images: int) -> Vectors:
        """The mean of about so many embeddings, spread over the pool, (d,)."""
        every = max(1, len(self) // images)
        some = np.concatenate([b.rows[b.there][::every] for b in self])
        return np.asarray(self.vectors(some).mean(axis=0), dtype=np.float32)


_pools: OrderedDict[tuple[int, Space], Pool] = OrderedDict()


def pool(project: Project, space: Space) -> Pool:
    """The project's pool as it is now; only what changed since the last call is read.

    Raises: EmbeddingsDamaged.
    """
    key = (project.pk, space)
    found = _pools.pop(key, None) or Pool(project.pk, space)
    _read_shards(found, shards.embedded(project, space))
    _read_images(found)
    _pools[key] = found
    while len(_pools) > MOST_POOLS or (len(_pools) > 1 and _all_bytes() > MOST_BYTES):
        _pools.popitem(last=False)
    return found


def _all_bytes() -> int:
    return sum(found.memory for found in _pools.values())


def _read_shards(found: Pool, current: list[Shard]) -> None:
    for number in set(found.blocks) - {shard.number for shard in current}:
        del found.blocks[number]
    for shard in current:
        known = found.blocks.get(shard.number)
        if known is None or known.stamp != _stamp(shard):
            found.blocks[shard.number] = _block(shard, found.memory)


def _stamp(shard: Shard) -> tuple[int, int, int]:
    try:
        facts = shards.path(shard).stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (facts.st_mtime_ns, facts.st_size, shard.rows_done)


def _block(shard: Shard, so_far: int) -> Block:
    stamp = _stamp(shard)
    table = shards.load(shard)
    there = present(table)
    fits = so_far + 2 * table.nbytes <= MOST_BYTES
    kept = np.asarray(table, dtype=np.float32) if fits else table
    return Block(shard.number * SHARD, kept, there, stamp)


def _read_images(found: Pool) -> None:
    """Rows are dense and only ever added; a removed image is noticed by the refill."""
    new = Image.objects.filter(project=found.project_id, row__gte=len(found.ids))
    facts = list(new.order_by("row").values_list("row", "pk", "key"))
    if not facts:
        return
    ids = np.zeros(facts[-1][0] + 1, dtype=np.int64)
    keys = np.zeros(len(ids))
    ids[: len(found.ids)], keys[: len(found.keys)] = found.ids, found.keys
    rows = np.array([row for row, _, _ in facts])
    ids[rows] = [pk for _, pk, _ in facts]
    keys[rows] = [key for _, _, key in facts]
    found.ids, found.keys = ids, keys
