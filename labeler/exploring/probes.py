"""A linear probe of a feature set on the labels so far: how well a plain head reads them."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import columns, surveys, vectors
from labeler.exploring.models import Survey
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training.spaces import Space
from labeler.work.leases import Hopeless
from ml.intervals import wilson
from ml.probe import FEWEST, linear_probe

MOST = 4_000  # labeled images that a probe looks at, drawn by lot

Ints = npt.NDArray[np.int64]


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Cross-validate a linear head on this feature set. No audit image is used.

    The facts: {"right", "images", "low", "high"}, the ends of a 95 % Wilson interval.
    Raises: Hopeless without enough labels.
    """
    surveys.note(row, "reading", 0, 0)
    rows, answers, labels = lesson(row.project)
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    x = source.some(rows)
    there = np.isfinite(x[:, 0]) if x.size else np.zeros(len(rows), dtype=bool)
    if there.sum() < FEWEST:
        raise Hopeless(f"A probe needs {FEWEST} labeled images with features; label some more.")
    surveys.note(row, "comparing", 0, 0)
    found = linear_probe(x[there], answers[there], n_labels=len(labels))
    low, high = wilson(found.right, found.images)
    return {"right": found.right, "images": found.images, "low": float(low), "high": float(high)}


def lesson(project: Project) -> tuple[Ints, Ints, list[int]]:
    """Rows of labeled images, their answers, and the label ids of the answers' numbers.

    The answers are numbers (n,), or marks (n, labels) where an image may have several. An image
    on which people differ is left out where it may have one label only.
    """
    known = columns.whole(project)
    labeled = np.flatnonzero(known.states == columns.STATES.index(Image.State.LABELED))
    labeled = labeled[~known.audit[labeled]]
    if len(labeled) > MOST:
        labeled = np.sort(np.random.default_rng(0).choice(labeled, MOST, replace=False))
    labels = sorted({int(pk) for pk in known.answers[:, 1] if pk})
    marks = np.zeros((len(labeled), max(1, len(labels))), dtype=np.int64)
    place = np.full(len(known), -1)
    place[labeled] = np.arange(len(labeled))
    lines = known.answers[(place[known.answers[:, 0]] >= 0) & (known.answers[:, 1] > 0)]
    marks[place[lines[:, 0]], np.searchsorted(labels, lines[:, 1])] = 1
    if project.is_multi:
        return labeled, marks, labels
    plain = marks.sum(axis=1) == 1
    return labeled[plain], marks[plain].argmax(axis=1), labels
