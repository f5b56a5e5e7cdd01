"""The vectors of a pool, shard by shard: what maps, indexes and searches read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labeler.projects.models import Project
from labeler.training import embeddings, shards, spaces
from labeler.training.models import Shard
from labeler.training.spaces import Space
from ml.arrays import SHARD, Half


@dataclass(frozen=True)
class Vectors:
    """Everything that one feature set has computed for a pool so far."""

    project: Project
    space: Space
    shards: tuple[Shard, ...]

    @property
    def rows(self) -> int:
        """One more than the last row that may have a vector."""
        return max((each.number * SHARD + each.rows_done for each in self.shards), default=0)

    @property
    def count(self) -> int:
        """Rows that are done, also of images that could not be read."""
        return sum(each.rows_done for each in self.shards)

    @property
    def width(self) -> int:
        """Numbers per image; 0 while there are none."""
        return int(shards.load(self.shards[0]).shape[1]) if self.shards else 0

    def blocks(self) -> Iterator[tuple[int, Half]]:
        """(row of the first, (n, d) float16 mapped into memory) of each shard. Raises
        EmbeddingsDamaged."""
        for shard in self.shards:
            yield shard.number * SHARD, shards.load(shard)

    def some(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The vectors of these rows, (n, d), NaN where there is none. Raises
        EmbeddingsDamaged."""
        return embeddings.read(self.project, rows, self.space)


def of(project: Project, features: str = "") -> Vectors:
    """The vectors of a feature set by name, or of the one that serves."""
    space = spaces.newest(project, features) if features else embeddings.serving(project)
    return in_space(project, space)


def in_space(project: Project, space: Space) -> Vectors:
    """The vectors of one space."""
    return Vectors(project, space, tuple(shards.embedded(project, space)))


def spaces_of(project: Project) -> list[Space]:
    """The spaces that have vectors here, the serving one first, one for each feature set."""
    known = Shard.objects.filter(project=project, rows_done__gt=0)
    names = sorted(set(known.values_list("features", flat=True)))
    first = embeddings.serving(project)
    found = [first, *(spaces.newest(project, name) for name in names if name != first.features)]
    there = set(known.values_list("features", "fingerprint"))
    return [space for space in found if tuple(space) in there]
