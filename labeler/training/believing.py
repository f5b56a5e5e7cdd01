"""The serving version's beliefs, for the floor below that exports them."""

from functools import partial

from labeler.labeling.believed import Model
from labeler.projects.models import Project
from labeler.training import predictions, versions


def model(project: Project) -> Model | None:
    """The version that serves, or None before the first."""
    version = versions.serving(project)
    if version is None:
        return None
    thresholds = {int(pk): float(p) for pk, p in version.thresholds.items()}
    ids = tuple(version.label_ids)
    return Model(version.number, ids, thresholds, partial(predictions.proba, version))
