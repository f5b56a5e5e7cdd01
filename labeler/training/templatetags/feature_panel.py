"""The panel on the settings page that tells how far the features are."""

from typing import Any

from django import template

from labeler.projects.choices import FEATURES, called
from labeler.projects.models import Project
from labeler.training import feature_states

register = template.Library()
HEIGHT = 100  # of the drawn losses, whose width is 100 too


@register.inclusion_tag("training/features.html")
def feature_panel(project: Project) -> dict[str, Any]:
    """What the panel shows."""
    state = feature_states.of(project)
    return {
        "project": project,
        "features": state,
        "title": called(FEATURES, state.features),
        "curves": curves(state.losses),
    }


def curves(losses: list[dict[str, float]]) -> dict[str, str]:
    """Each loss as the points of a line in a square of 100; nothing for fewer than two passes."""
    if len(losses) < 2:
        return {}
    most = max(max(each.values()) for each in losses) or 1.0
    step = 100 / (len(losses) - 1)
    return {
        name: " ".join(
            f"{i * step:.2f},{HEIGHT * (1 - each[name] / most):.2f}"
            for i, each in enumerate(losses)
        )
        for name in losses[0]
        if all(name in each for each in losses)
    }
