"""Answered audit images as vectors and labels, for studies that learn throwaway models.

Such a model answers one question and is forgotten: no model that serves learns from them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import sample
from labeler.projects.models import Label, Project
from labeler.training.memory import Pool


@dataclass(frozen=True, eq=False)
class Material:
    """Row i of `x` is an answered audit image that says `y[i]`."""

    label_ids: list[int]  # column order
    x: npt.NDArray[np.float32]  # (n, d)
    y: npt.NDArray[Any]  # label numbers (n,), or marks (n, n_labels)

    def __len__(self) -> int:
        return len(self.x)


def of_audit(project: Project, pool: Pool) -> Material:
    """The audit sample as it is answered now; images without an embedding are left out, and
    answers that name a retired label alone."""
    answers = sample.of(project)
    labels = Label.objects.filter(project=project, retired=False).order_by("place")
    label_ids = list(labels.values_list("pk", flat=True))
    column = {pk: at for at, pk in enumerate(label_ids)}
    marks = np.zeros((len(answers), len(label_ids)), dtype=bool)
    for i, said in enumerate(answers.labels):
        marks[i, [column[pk] for pk in said if pk in column]] = True
    x = pool.vectors(np.array(answers.rows, dtype=np.int64))
    kept = np.isfinite(x[:, 0]) if x.size else np.zeros(len(answers), dtype=bool)
    if not project.is_multi:
        kept &= marks.any(axis=1)
    y = marks[kept] if project.is_multi else marks[kept].argmax(axis=1)
    return Material(label_ids, x[kept], y)
