"""People who label, a queue for them, and a pool to export."""

from uuid import uuid4

import numpy as np
import pytest

from labeler.labeling import annotations, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Membership, User
from labeler.training import predictions
from ml import arrays
from tests.conftest import picture
from tests.evaluation.conftest import Bench


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


@pytest.fixture
def pool(project, people, reviewer):
    """Ten images with files: 0–3 labeled, 4 disputed, 5 settled, 6 skipped, 7–9 open; splits."""
    ann, ben = people(2)
    bench = Bench(project, ann)
    images = bench.images(10, audit=False)
    for image in images:
        storage.save_original(project, image.sha256, picture(image.row))
    for image, place in zip(images[:4], (0, 1, 1, 2), strict=True):
        bench.answer(image, place)
    bench.answer(images[4], 0)
    bench.answer(images[4], 1, user=ben)
    bench.answer(images[5], 0)
    bench.answer(images[6], skip="broken")
    bench.labels_by_name = {label.name: label.pk for label in bench.labels}
    annotations.review(
        project=project, user=reviewer, image=images[5], uuid=uuid4(),
        label_ids=[bench.labels_by_name["mildew"]],
    )  # fmt: skip
    for row, split in ((0, "train"), (1, "train"), (2, "validation"), (3, "test")):
        Image.objects.filter(project=project, row=row).update(split=split)
    Image.objects.filter(project=project, row=3).update(audit=True)
    Annotation.objects.filter(image__row=3).update(audit=True)
    bench.ben = ben
    return bench


@pytest.fixture
def model(pool):
    """A version that believes "rust" of everything, the surer the higher the row; 9 is unscored."""
    version = pool.version([], np.empty((0, 3)))
    sure = np.linspace(0.5, 0.9, 9)
    table = np.stack([(1 - sure) / 2, sure, (1 - sure) / 2], axis=1).astype(np.float16)
    arrays.write_shard(predictions.folder(version) / "0.npy", table)
    return version
