"""What every view of Explore shows: filters on the left, the chosen images on the right."""

from typing import Any

from labeler.labeling import exporting, together
from labeler.projects import keys
from labeler.projects.models import Project

OWN_KEYS = frozenset("AFGIKXZ[],.+-/?")  # what the pages of Explore themselves answer to


def context(project: Project, view: str) -> dict[str, Any]:
    """The page's context; `view` is "list", "map" or "clusters": the one that is shown."""
    labels = keys.labels_of(project)
    for label in labels:
        label.key = "" if label.key.upper() in OWN_KEYS else label.key
    return {
        "project": project,
        "tab": "explore",
        "view": view,
        "labels": labels,
        "most": together.MOST,
        "formats": [f for f in exporting.formats(project) if f.rows != "log"],
        "frame_boot": {
            "project": project.pk,
            "multi": project.is_multi,
            "labels": [{"id": la.pk, "name": la.name, "mark": la.mark} for la in labels],
        },
    }
