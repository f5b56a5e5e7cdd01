"""What the serving model believes of images: its probabilities by row, as names or as a ranking."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import predictions, versions
from labeler.training.models import ModelVersion

CHUNK = 500
MOST_LOOKED_AT = 20_000  # ranked rows looked at for one page


class NoModel(Exception):
    """There is no model version whose predictions could be asked."""


def of(project: Project, images: Sequence[Image]) -> dict[int, dict[str, float]]:
    """{row: {label name: probability}} of the images the serving version has scored."""
    version = versions.serving(project)
    if version is None or not images:
        return {}
    rows = [image.row for image in images]
    table = predictions.proba(version, rows)
    names = dict(Label.objects.filter(project=project).values_list("pk", "name"))
    columns = [names.get(pk, str(pk)) for pk in version.label_ids]
    scored = _scored(table)
    return {
        row: {name: round(float(p), 4) for name, p in zip(columns, table[i], strict=True)}
        for i, row in enumerate(rows)
        if scored[i]
    }


def ranked(
    project: Project,
    number: int | None,
    *,
    predicted: int | None,
    order: str,
    low: float | None,
    high: float | None,
) -> tuple[int, npt.NDArray[np.int64]]:
    """The version's number, and the rows it lets through, in `order`.

    number: a version to stay with, so that the pages of one list agree; None: the serving one.
    predicted: label id that must be the likeliest; confidence is the likeliest label's
    probability (of `predicted` itself where given). Raises NoModel.
    """
    version = _version(project, number)
    rows = np.arange(project.next_row, dtype=np.int64)
    table = predictions.proba(version, rows)
    keep = _scored(table)
    table[~keep] = 0
    confidence = table.max(axis=1) if table.size else np.zeros(len(rows), np.float32)
    if predicted is not None:
        if predicted not in version.label_ids:
            return version.number, rows[:0]
        keep &= table.argmax(axis=1) == version.label_ids.index(predicted)
    keep &= (confidence >= (low or 0)) & (confidence <= (1 if high is None else high))
    return version.number, _ordered(rows[keep], confidence[keep], order)


def _scored(table: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows of (n, n_labels) probabilities the model has given; the rest are NaN."""
    return np.asarray(~np.isnan(table).any(axis=1), dtype=np.bool_)


def _ordered(rows: npt.NDArray[np.int64], confidence: Any, order: str) -> npt.NDArray[np.int64]:
    if order == "row":
        return rows
    if order == "-row":
        return rows[::-1]
    signed = -confidence if order == "-confidence" else confidence
    return rows[np.argsort(signed, kind="stable")]


def _version(project: Project, number: int | None) -> ModelVersion:
    if number is None:
        version = versions.serving(project)
    else:
        version = ModelVersion.objects.filter(project=project, number=number).first()
    if version is None:
        raise NoModel("There is no model yet. Label some images; the first round makes one.")
    return version
