"""A project with a model of drawn stripes, and batches judged as a worker would."""

import io
from typing import Any

from labeler.serving import judging, orders
from labeler.serving.models import BatchPrediction
from labeler.training import embeddings
from labeler.work import leases
from labeler.work.tasks import run
from tests.training.drawn import draw, striped
from tests.training.invented import answer, run_round

ROWS = 30


def teach(project: Any) -> None:
    """Give the project a small pool and its first model version."""
    project.features = "pixels"
    project.save()
    draw(project, range(ROWS))
    embeddings.follow(project)
    run(embeddings.KIND)
    answer(project, [row for row in range(22) if row % 10 != 9])
    assert run_round(project).state == "done"


def stripes(count: int, start: int = 100) -> list[tuple[str, bytes]]:
    """Pictures that the pool does not hold."""
    return [(f"{row}.png", striped(row)) for row in range(start, start + count)]


def send(project: Any, user: Any, files: list[tuple[str, bytes]], **asked: Any) -> BatchPrediction:
    """Ask for a batch of these files; no worker has looked at it yet."""
    opened = [(name, io.BytesIO(data)) for name, data in files]
    return orders.of_files(project, user, opened, **asked)


def work(batch: BatchPrediction, **asked: Any) -> BatchPrediction:
    """Do what a worker would do with the batch."""
    row = leases.claim(BatchPrediction, batch.pk)
    assert row is not None, f"nobody may take {batch}"
    judging.run(row, **{"patient": False, **asked})
    batch.refresh_from_db()
    return batch
