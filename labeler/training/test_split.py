"""What a version believes of the images that a manifest holds out as its test split.

Predictions of the pool are kept for a few versions only; these stay beside the head, so that
every version can be measured on the split, later too.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import predictions, versions
from labeler.training.models import ModelVersion
from labeler.training.predictions import Proba, Rows
from ml import arrays
from ml.arrays import SHARD, ArrayDamaged

if TYPE_CHECKING:  # web pages read here; only a worker loads what learns
    from labeler.training.fitting import Fitted, Lesson
    from labeler.training.memory import Pool

FILE = "test.npz"


def rows(project: Project) -> Rows:
    """The rows of the split in the pool, rising."""
    found = Image.objects.filter(project=project, split=Image.Split.TEST).order_by("row")
    return np.array(found.values_list("row", flat=True), dtype=np.int64)


def write(into: Path, project: Project, pool: "Pool", lesson: "Lesson", fitted: "Fitted") -> None:
    """Keep the probabilities of the split's embedded images; nothing where there is no split."""
    held_out = rows(project)
    parts = []
    for start in range(0, len(held_out), SHARD):
        some = held_out[start : start + SHARD]
        x = pool.vectors(some)
        there = np.isfinite(x[:, 0]) if x.size else np.zeros(len(some), dtype=bool)
        if there.any():
            parts.append((some[there], fitted.proba(x[there], lesson.kind).astype(np.float16)))
    if parts:
        kept, proba = (np.concatenate(each) for each in zip(*parts, strict=True))
        arrays.write_arrays(into / FILE, {"rows": kept, "proba": proba})


def proba(version: ModelVersion) -> tuple[Rows, Proba]:
    """Rows and probabilities of the split's images at that version: (n,) and (n, n_labels)
    float32, columns in the order of `version.label_ids`.

    A version from before they were kept answers from its predictions of the pool, if it has them.
    Raises: ModelDamaged.
    """
    try:
        found = arrays.read_arrays(versions.folder(version) / FILE, {"rows": 1, "proba": 2})
    except FileNotFoundError:
        held_out = rows(version.project)
        return held_out, predictions.proba(version, held_out)
    except ArrayDamaged as error:
        raise versions.ModelDamaged(
            f"The test probabilities of version {version.number} cannot be read: {error}"
        ) from error
    return found["rows"].astype(np.int64), found["proba"].astype(np.float32)
