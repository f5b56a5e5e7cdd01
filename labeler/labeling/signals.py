"""News for the floors above, sent after the commit."""

from functools import partial

from django.db import transaction
from django.dispatch import Signal

# kwargs: project_id. After any answer, undo or review, and after labels came with an import.
answered = Signal()
# kwargs: project_id. After labels were merged or split, and everything says what it says now.
relabeled = Signal()


def tell_answered(project_id: int) -> None:
    """Send `answered` once the surrounding transaction, if any, is committed."""
    transaction.on_commit(
        partial(answered.send_robust, sender=None, project_id=project_id), robust=True
    )


def tell_relabeled(project_id: int) -> None:
    """Send `relabeled` once the surrounding transaction, if any, is committed."""
    transaction.on_commit(
        partial(relabeled.send_robust, sender=None, project_id=project_id), robust=True
    )
