"""The model's own answers on images that nobody has labeled, page by page.

Nothing is measured here: nobody has said what these images show.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project
from labeler.training import answers_by_row, predictions, thresholds
from labeler.training.models import ModelVersion
from ml.arrays import SHARD, shard_count

PAGE = 60
CHUNK = 400  # rows looked up at once
MOST_LOOKED_AT = 20_000  # rows looked at for one page
Order = Literal["surest", "least"]
ORDERS: tuple[Order, ...] = ("surest", "least")


@dataclass(frozen=True)
class Answers:
    """Images that the version calls a label and nobody has answered, in the order wished.

    proba: (n, n_labels) in the order of `version.label_ids`. after: where the next page starts,
    None at the end. called: images of the whole pool that the version calls so, labeled or not.
    """

    images: tuple[Image, ...]
    proba: npt.NDArray[np.float32]
    called: int
    after: int | None


def of(
    project: Project, version: ModelVersion, label: Label, order: Order = "surest", after: int = 0
) -> Answers:
    """One page, without audit images, which are answered blind before anybody looks."""
    ranked = _ranked(project, version, label, order)
    images, reached = _open_images(project, ranked, max(0, after))
    proba = predictions.proba(version, [image.row for image in images])
    return Answers(images, proba, len(ranked), reached)


def _ranked(
    project: Project, version: ModelVersion, label: Label, order: Order
) -> npt.NDArray[np.int64]:
    """Rows that the version calls the label."""
    into = merged.now(project.pk)
    columns = [at for at, pk in enumerate(version.label_ids) if into.get(pk, pk) == label.pk]
    floor = thresholds.floor(version, label.pk)
    rows, scores = (_several if project.is_multi else _single)(version, columns, floor)
    signed = -scores if order == "surest" else scores
    return rows[np.argsort(signed, kind="stable")]


Called = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


def _single(version: ModelVersion, columns: list[int], floor: float) -> Called:
    said = answers_by_row.of(version)
    rows = np.flatnonzero(np.isin(said.label, columns))
    scores = said.confidence[rows].astype(np.float32)
    return rows[scores >= floor], scores[scores >= floor]


def _several(version: ModelVersion, columns: list[int], floor: float) -> Called:
    """Of each shard only the label's columns are read."""
    parts = []
    for number in range(shard_count(version.project.next_row)):
        table = predictions.shard(version, number)[:, columns]
        if table.size:
            best = np.nan_to_num(table.astype(np.float32)).max(axis=1)
            here = np.flatnonzero(best >= max(floor, 1e-6))
            parts.append((here + number * SHARD, best[here]))
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _open_images(
    project: Project, ranked: npt.NDArray[np.int64], start: int
) -> tuple[tuple[Image, ...], int | None]:
    """Walk the rows in chunks until the page is full."""
    found: list[Image] = []
    unlabeled = Image.objects.filter(project=project, audit=False, state=Image.State.OPEN)
    for begin in range(start, min(len(ranked), start + MOST_LOOKED_AT), CHUNK):
        chunk = ranked[begin : begin + CHUNK].tolist()
        there: dict[int, Any] = {image.row: image for image in unlabeled.filter(row__in=chunk)}
        for place, row in enumerate(chunk, begin):
            if row in there:
                found.append(there[row])
                if len(found) == PAGE:
                    return tuple(found), place + 1 if place + 1 < len(ranked) else None
    reached = start + MOST_LOOKED_AT
    return tuple(found), reached if reached < len(ranked) else None
