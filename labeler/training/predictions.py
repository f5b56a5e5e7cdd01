"""What a model version believes of the pool: probabilities by row, from files."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from labeler.pools import storage
from labeler.projects.models import Project
from labeler.training import versions
from labeler.training.models import ModelVersion
from ml import arrays
from ml.arrays import SHARD, ArrayDamaged

AUDIT = "audit.npz"
KEPT = 3  # versions whose predictions of the whole pool are kept

Proba = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


def folder(version: ModelVersion) -> Path:
    """Where the version's shards of predictions lie."""
    return storage.arrays_folder(version.project) / "predictions" / str(version.number)


def write_audit(into: Path, rows: Rows, proba: Proba) -> None:
    """Keep the probabilities of the audit images beside the head: (n,), (n, n_labels)."""
    arrays.write_arrays(into / AUDIT, {"rows": rows, "proba": proba.astype(np.float32)})


def audit_proba(version: ModelVersion) -> tuple[Rows, Proba]:
    """Rows and probabilities of the audit images at that version: (n,) and (n, n_labels)
    float32, columns in the order of `version.label_ids`. Kept for every version.

    Raises: ModelDamaged.
    """
    try:
        found = arrays.read_arrays(versions.folder(version) / AUDIT, {"rows": 1, "proba": 2})
    except (FileNotFoundError, ArrayDamaged) as error:
        raise versions.ModelDamaged(
            f"The audit probabilities of version {version.number} cannot be read: {error}"
        ) from error
    return found["rows"].astype(np.int64), found["proba"].astype(np.float32)


def proba(version: ModelVersion, rows: Sequence[int] | npt.NDArray[np.integer]) -> Proba:
    """The version's probabilities for images by row, (n, n_labels) float32 in the order asked.

    NaN for an image the version has not scored: it came later, could not be read, or the
    version is older than the last three, whose predictions alone are kept.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    table = np.full((len(wanted), len(version.label_ids)), np.nan, dtype=np.float32)
    for number in np.unique(wanted // SHARD):
        kept = shard(version, int(number))
        here = np.flatnonzero(wanted // SHARD == number)
        here = here[wanted[here] % SHARD < len(kept)]
        table[here] = kept[wanted[here] % SHARD]
    return table


def shard(version: ModelVersion, number: int) -> npt.NDArray[np.float16]:
    """Rows number*4096 … of the pool, mapped from the file: (n, n_labels); n is 0 without one."""
    try:
        return arrays.read_shard(
            folder(version) / f"{number}.npy", dimensions=len(version.label_ids)
        )
    except (FileNotFoundError, ArrayDamaged):
        return np.empty((0, len(version.label_ids)), dtype=np.float16)


def covers(version: ModelVersion, images: int = 1) -> bool:
    """Whether the version's predictions of so many images are there, read from the files."""
    shards = range(-(-images // SHARD))
    return all(len(shard(version, n)) >= min(SHARD, images - n * SHARD) for n in shards)


def prune(project: Project, newest: int) -> None:
    """Remove the predictions of all but the last versions and those that serve; heads and audit
    figures stay."""
    place = storage.arrays_folder(project) / "predictions"
    needed = ModelVersion.objects.filter(Q(serving=True) | Q(pinned=True), project=project)
    kept = set(needed.values_list("number", flat=True))
    for old in place.iterdir() if place.exists() else ():
        if old.name.isdigit() and int(old.name) <= newest - KEPT and int(old.name) not in kept:
            shutil.rmtree(old, ignore_errors=True)
