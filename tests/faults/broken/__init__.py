"""Labeler with a promise broken on purpose: the suite must turn red.

DJANGO_SETTINGS_MODULE=tests.faults.broken.settings  BROKEN=claims,durability
"""

import os
import random

from django.apps import AppConfig

WAYS = frozenset(os.environ.get("BROKEN", "").split(","))
FORGOTTEN = 0.05  # of the answers


class Broken(AppConfig):
    """Breaks, once everything is loaded, what BROKEN names."""

    name = "tests.faults.broken"
    label = "broken"

    def ready(self) -> None:
        if "claims" in WAYS:
            _claim_without_lock()
        if "answers" in WAYS:
            _acknowledge_without_commit()


def _claim_without_lock() -> None:
    """Two people who claim at one moment see the same images free."""
    from labeler.labeling import queue

    queue.lock = lambda rows: rows


def _acknowledge_without_commit() -> None:
    """Now and then an answer is acknowledged, and rolled back."""
    from django.db import transaction

    from labeler.labeling import annotations

    settled = annotations.settled

    def forgetful(project, store):
        with transaction.atomic():
            outcome = settled(project, store)
            transaction.set_rollback(random.random() < FORGOTTEN)
        return outcome

    annotations.settled = forgetful
