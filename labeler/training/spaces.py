"""Spaces: vectors that may be compared with each other, and learned from together."""

from typing import NamedTuple

from labeler.projects.models import Project
from labeler.training.models import FeatureFit, ModelVersion, Shard
from ml import features


class Space(NamedTuple):
    """A feature set as it was when it made its vectors.

    fingerprint: of what it had learned from the pool; "" for one that learns nothing, and for
        one that has not learned yet.
    """

    features: str
    fingerprint: str = ""


def of(row: Shard | ModelVersion) -> Space:
    """The space of a shard's vectors, or of those that a version was trained on."""
    return Space(row.features, row.fingerprint)


def chosen(project: Project) -> Space:
    """The space of the feature set that the project's settings name, as it has learned by now."""
    return newest(project, project.features)


def newest(project: Project, name: str) -> Space:
    """The space of a feature set as it has learned by now in this project."""
    if not learns(name):
        return Space(name)
    fits = FeatureFit.objects.filter(project=project, features=name)
    return Space(name, fits.values_list("fingerprint", flat=True).first() or "")


def is_there(space: Space) -> bool:
    """Whether the feature set can embed: it has learned, or need not."""
    return bool(space.fingerprint) or not learns(space.features)


def wrong_with(name: str) -> str:
    """Why no feature set has this name; empty if one has."""
    try:
        features.get(name)
    except ValueError as error:
        return str(error)
    return ""


def learns(name: str) -> bool:
    """Whether the feature set of this name learns in a project; an unknown one does not."""
    try:
        found = features.get(name)
    except ValueError:
        return False
    return found.learns or found.learns_from_labels
