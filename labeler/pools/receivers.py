"""What the pools do on their own when something happens below them."""

from typing import Any

from labeler.pools import removing, storage
from labeler.pools.models import Import
from labeler.projects.models import Project, User


def forget_files(*, project_id: int, **_: Any) -> None:
    """Receives projects.signals.project_deleted; the sweep takes what was staged."""
    storage.forget(project_id)


def take_apart(*, project: Project, user: User | None, **_: Any) -> None:
    """Receives projects.signals.project_leaving."""
    removing.begin(project, user.pk if user else None)


def pause_imports(*, project: Project, **_: Any) -> None:
    """Receives projects.signals.project_archived: what comes in waits for its admin's word."""
    Import.objects.filter(project=project, state__in=Import.OPEN).update(
        state=Import.State.PAUSED, lease_until=None, not_before=None
    )
