"""The embeddings' files: where a project's shards lie, and reading them without trusting them."""

import hashlib
import re
from pathlib import Path

from django.db.models import F

from labeler.pools import storage
from labeler.projects.models import Project
from labeler.training import spaces
from labeler.training.models import Shard
from labeler.training.spaces import Space
from ml import arrays, features
from ml.arrays import SHARD, ArrayDamaged, Half


class EmbeddingsDamaged(ArrayDamaged):
    """A file of embeddings is missing or broken; its shard is due again."""


def folder(project: Project, space: Space) -> Path:
    """embeddings/<feature set>-<its version>[-<fingerprint>] in the project's folder."""
    version = features.get(space.features).version
    learned = f"-{space.fingerprint}" if space.fingerprint else ""
    name = f"{safe_name(space.features)}-{version}{learned}"
    return storage.arrays_folder(project) / "embeddings" / name


def safe_name(feature_set: str) -> str:
    """The name of a feature set as part of a file's name; two sets never share one."""
    plain = feature_set.replace(":", "-")
    if re.fullmatch(r"[\w@+,=][\w@+,=.-]*", plain, re.ASCII):
        return plain
    digest = hashlib.sha256(feature_set.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^a-zA-Z0-9]+', '-', plain).strip('-')}~{digest}"


def path(shard: Shard) -> Path:
    """The shard's file."""
    return folder(shard.project, spaces.of(shard)) / f"{shard.number}.npy"


def embedded(project: Project, space: Space) -> list[Shard]:
    """The shards that hold rows, by number."""
    of = Shard.objects.filter(project=project, rows_done__gt=0, **space._asdict())
    return list(of.order_by("number").select_related("project"))


def load(shard: Shard) -> Half:
    """The rows that are done, mapped into memory: (rows_done, d) float16, NaN where an image
    could not be read.

    Raises: EmbeddingsDamaged, after making the shard due again from its first row.
    """
    try:
        table = arrays.read_shard(path(shard))
        if len(table) < shard.rows_done:
            raise ArrayDamaged(f"it holds {len(table)} rows where {shard.rows_done} are due")
    except (FileNotFoundError, ArrayDamaged) as error:
        _start_over(shard)
        first = shard.number * SHARD
        raise EmbeddingsDamaged(
            f"The embeddings of images {first:,} to {first + shard.rows_done - 1:,} are damaged "
            f"({error}). They are being computed again; training goes on when they are there."
        ) from error
    return table[: shard.rows_done]


def _start_over(shard: Shard) -> None:
    Shard.objects.filter(pk=shard.pk).update(
        rows_done=0,
        state=Shard.State.DUE,
        attempts=0,
        lease_no=F("lease_no") + 1,
        not_before=None,
        error="",
    )
