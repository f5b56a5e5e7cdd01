"""Pools whose embeddings are made up: three groups of points, one per label."""

import uuid

import numpy as np

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import rounds, shards
from labeler.training.models import Round, Shard
from labeler.work.tasks import run
from ml import arrays, features

FEATURES = "efficientnet_lite0"


def fill(project: Project, n: int = 60, seed: int = 1) -> np.ndarray:
    """`n` embedded images whose row % 3 is their label; every tenth is in the audit sample."""
    rng = np.random.default_rng(seed)
    width = features.get(FEATURES).dimensions
    centres = rng.normal(size=(3, width)) * 2
    table = centres[np.arange(n) % 3] + rng.normal(size=(n, width))
    Image.objects.bulk_create(
        Image(
            project=project, row=row, sha256=f"{project.pk:032x}{row:032x}", name=f"{row}.png",
            width=32, height=24, format="PNG", bytes=99, key=float(rng.random()),
            audit=row % 10 == 9,
        )
        for row in range(n)
    )  # fmt: skip
    Project.objects.filter(pk=project.pk).update(next_row=n)
    project.refresh_from_db()
    shard = Shard.objects.create(
        project=project, features=FEATURES, number=0, rows_wanted=n, rows_done=n, state="done"
    )
    arrays.write_shard(shards.path(shard), table)
    return table


def answer(project: Project, rows, *, label=None, user=None) -> None:
    """True answers (row % 3) for these rows, or the label with this place for all of them."""
    labels = list(Label.objects.filter(project=project).order_by("place"))
    for image in Image.objects.filter(project=project, row__in=list(rows)):
        made = Annotation.objects.create(
            uuid=uuid.uuid4(), project=project, image=image, user=user or project.created_by,
            audit=image.audit, source=Annotation.Source.SIMULATED,
        )  # fmt: skip
        made.labels.add(labels[image.row % 3 if label is None else label])
        Image.objects.filter(pk=image.pk).update(state=Image.State.LABELED)


def work_on(kind: str) -> None:
    """What a worker does with the next due row, in this process; errors are stored as there."""
    run(kind)


def run_round(project: Project, reason: str = Round.Reason.ASKED) -> Round:
    """Ask for a round and do it."""
    asked = rounds.ask(project, reason)
    Round.objects.filter(pk=asked.pk).update(not_before=None)
    work_on("round")
    asked.refresh_from_db()
    return asked
