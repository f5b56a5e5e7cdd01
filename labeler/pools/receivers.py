"""What the pools do on their own when something happens below them."""

from typing import Any

from labeler.pools import storage


def forget_files(*, project_id: int, **_: Any) -> None:
    """Receives projects.signals.project_deleted; the sweep takes what was staged."""
    storage.forget(project_id)
