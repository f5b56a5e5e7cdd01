"""What a model says of the answered images that it did not learn from: cross-validated scores.

A round cross-validates when there are enough new answers and keeps the table with its version.
Web pages read it: nothing here loads what learns.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labeler.projects.models import Project
from labeler.training import versions
from labeler.training.models import ModelVersion
from ml import arrays
from ml.arrays import ArrayDamaged

FILE = "cross_validated.npz"

Proba = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Row i of `proba` is the image in row `rows[i]` of the pool, held out when it was scored.

    Calibrated probabilities in [0, 1]; never an audit image, nor one that the features learned
    from with its label. The answers themselves are not kept: they may have changed since.
    """

    version: int  # the number of the model version whose round made it
    label_ids: list[int]  # column order
    rows: Rows  # (n,), each once
    proba: Proba  # (n, n_labels)

    def __len__(self) -> int:
        """How many answered images it covers."""
        return len(self.rows)


def write(into: Path, rows: Rows, proba: Proba) -> None:
    """Keep held-out probabilities beside the head: (n,), (n, n_labels)."""
    arrays.write_arrays(into / FILE, {"rows": rows, "proba": proba.astype(np.float32)})


def newest(project: Project) -> CrossValidated | None:
    """The newest table; None before the first. A damaged one is passed over for the one before."""
    mine = ModelVersion.objects.filter(project=project).order_by("-number")
    for version in mine.iterator(chunk_size=20):  # the newest few usually have it
        version.project = project
        if found := _read(version):
            return found
    return None


def _read(version: ModelVersion) -> CrossValidated | None:
    try:
        found = arrays.read_arrays(versions.folder(version) / FILE, {"rows": 1, "proba": 2})
    except (FileNotFoundError, ArrayDamaged):
        return None
    rows, proba = found["rows"].astype(np.int64), found["proba"].astype(np.float32)
    if proba.shape != (len(rows), len(version.label_ids)) or not _sound(rows, proba):
        return None
    return CrossValidated(version.number, list(version.label_ids), rows, proba)


def _sound(rows: Rows, proba: Proba) -> bool:
    """Whether these are probabilities of different images; NaN is none."""
    once = len(np.unique(rows)) == len(rows) and bool((rows >= 0).all())
    return once and bool(((proba >= 0) & (proba <= 1)).all())
