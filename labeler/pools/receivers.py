"""What the pools do on their own when something happens below them."""

from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from labeler.pools import storage
from labeler.projects.models import Project


@receiver(post_delete, sender=Project)
def forget_files(instance: Project, **_: Any) -> None:
    """With a project go its pictures and arrays; the sweep takes what was staged."""
    pk = instance.pk
    transaction.on_commit(lambda: storage.forget(pk), robust=True)
