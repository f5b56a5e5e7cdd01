"""How many disagreements wait, for the links of reviewers."""

from django import template

from labeler.labeling import disputes
from labeler.projects.models import Project

register = template.Library()


@register.simple_tag
def open_disputes(project: Project) -> int:
    """Images on which people disagree and nobody has decided."""
    return disputes.count(project)
