"""People who label, and a queue for them."""

from uuid import uuid4

import pytest

from labeler.labeling import annotations, refill
from labeler.labeling.models import QueueItem
from labeler.projects.models import Label, Membership, User


@pytest.fixture
def labels(project):
    """The ids of the project's labels, by name."""
    return {label.name: label.pk for label in Label.objects.filter(project=project)}


@pytest.fixture
def people(project):
    """A function that makes so many annotators of the project."""

    def make(number):
        users = [User.objects.create_user(f"person{n}") for n in range(number)]
        for user in users:
            Membership.objects.create(project=project, user=user, role="annotator")
        return users

    return make


@pytest.fixture
def ranked(project, images, labels):
    """A queue of the eight images outside the audit sample, best first: rows 9, 8, … 2."""
    beliefs = {str(labels["rust"]): 0.5, str(labels["mildew"]): 0.4, str(labels["healthy"]): 0.1}
    rows = [refill.Ranked(image.pk, 0.9, beliefs) for image in reversed(images[2:])]
    refill.replace(project, rows, strategy="margin", version=3)
    return project


@pytest.fixture
def answer(project):
    """A function that records one answer of a user and gives the outcome."""

    def record(user, item, *labels, skip=None, uuid=None, **more):
        sent = {"uuid": str(uuid or uuid4()), "item": getattr(item, "pk", item), **more}
        sent |= {"skip": skip} if skip else {"labels": list(labels)}
        return annotations.record(project=project, user=user, answers=[sent])[0]

    return record


@pytest.fixture
def expire():
    """A function that lets all claims run out, or those of one user."""

    def run_out(user=None):
        held = QueueItem.objects.filter(claimed_by__isnull=False, done_at=None)
        held = held.filter(claimed_by=user) if user else held
        held.update(claimed_until="2001-01-01T00:00:00Z")

    return run_out
