"""A project's exports for a page."""

from dataclasses import dataclass

from labeler.projects.models import Project
from labeler.serving.models import ModelExport
from labeler.training.models import ModelVersion

SHOWN = 6
VERSIONS = 50  # to choose from


@dataclass(frozen=True)
class Listed:
    """The newest exports, the versions that can be exported, and whether one is on its way."""

    rows: list[ModelExport]
    versions: list[ModelVersion]

    @property
    def moving(self) -> bool:
        """Whether the page should look again."""
        return any(row.is_open for row in self.rows)


def of(project: Project) -> Listed:
    """What the models' page shows."""
    rows = ModelExport.objects.filter(version__project=project).select_related("version")
    versions = ModelVersion.objects.filter(project=project).order_by("-serving", "-number")
    return Listed(list(rows.order_by("-pk")[:SHOWN]), list(versions[:VERSIONS]))
