"""A project's exported models, for the models' page."""

from django import template

from labeler.projects.models import Project
from labeler.serving.export import listed

register = template.Library()


@register.simple_tag
def exported(project: Project) -> listed.Listed:
    """The newest exports and what can be exported."""
    return listed.of(project)
