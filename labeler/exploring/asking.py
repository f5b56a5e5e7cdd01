"""Asking for a comparison of the pool, over whatever there is to compare."""

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.projects.models import Project, User
from labeler.training import embeddings


def compare(project: Project, user: User, by: str) -> Survey:
    """The comparison under way, or a new one, of the pictures' codes and of what the serving
    feature set has computed."""
    space = embeddings.serving(project)
    there = space in vectors.spaces_of(project)
    return surveys.ask(project, user, Survey.Kind.DUPLICATES, space if there else None, {"by": by})
