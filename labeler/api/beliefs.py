"""What the serving model believes of images: its probabilities by row, as names."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import predictions, versions


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


def _scored(table: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which rows of (n, n_labels) probabilities the model has given; the rest are NaN."""
    return np.asarray(~np.isnan(table).any(axis=1), dtype=np.bool_)
