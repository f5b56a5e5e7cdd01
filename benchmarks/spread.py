"""Embedding and batch prediction with one worker and with two: how much less time.

    python benchmarks/spread.py [--images 512] [--workers 1 2] [--broker rabbitmq]

Starts PostgreSQL, the broker and workers for chores from their packages (tests/team/stand.py),
one thread each. Embedding: four shards of `--images` pictures, in four projects, from the moment
they are due until all are done. Batch prediction: one pool of four times as many, from the order
until it is done. The workers are warm, with the network in memory. On a machine with few cores,
or one that others use, two workers cannot be twice as fast: the cores that the workers got
meanwhile are printed beside the seconds, and the ratio of the work done per core second.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import make_pool  # noqa: E402
from processes import cpu_seconds  # noqa: E402

from tests.team.process import Process  # noqa: E402
from tests.team.stand import Stand, stand, until  # noqa: E402

POOLS = 4
PATIENCE = 1800.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--broker", default="rabbitmq", choices=["rabbitmq", "redis"])
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        stand(
            Path(folder), database="postgresql", broker=options.broker, webs=0, predict=False,
            workers=["chores"] * max(options.workers), start=False,
            environment={"OMP_NUM_THREADS": "1", "LABELER_LOG_LEVEL": "WARNING"},
        ) as team,
    ):  # fmt: skip
        os.environ |= team.environment | {"DJANGO_SETTINGS_MODULE": "labeler.settings"}
        import django

        django.setup()
        measure(team, options)


def measure(team: Stand, options: argparse.Namespace) -> None:
    pools = [make_pool.make(options.images, 1)[0] for _ in range(POOLS)]
    large = taught(POOLS * options.images)
    every = list(team.processes.values())
    workers = [process for process in every if process.name.startswith("chores")]
    found: dict[str, list[tuple[float, float]]] = {"embedding": [], "batch prediction": []}
    for number in options.workers:
        running = workers[:number]
        team.start([worker for worker in running if not worker.alive])
        embedded(pools[:number])  # every worker loads the network
        found["embedding"].append(timed(running, lambda: embedded(pools)))
        found["batch prediction"].append(timed(running, lambda: judged(large)))
    print("                   workers  seconds   times as fast  cores used  per core second")
    for name, rows in found.items():
        for number, row in zip(options.workers, rows, strict=True):
            print(line(name, number, row, rows[0]))
    print(f"load of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def line(name: str, number: int, row: tuple[float, float], first: tuple[float, float]) -> str:
    (seconds, cpu), (alone, cpu_alone) = row, first
    return (
        f"{name:<18} {number:7} {seconds:8.1f} {alone / seconds:14.2f}× {cpu / seconds:10.2f}"
        f" {cpu_alone / cpu:15.2f}×"
    )


def timed(running: list[Process], work: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and seconds of cores that the workers used."""

    def used() -> float:
        return sum(cpu_seconds(worker.pid) for worker in running)

    before, began = used(), time.monotonic()
    work()
    return time.monotonic() - began, used() - before


def embedded(projects: list[int]) -> None:
    """Let the shards of these projects be due, and wait until all are done."""
    from django.db import transaction

    from labeler.training import embeddings
    from labeler.training.models import Shard
    from labeler.work.messages import nudge

    mine = Shard.objects.filter(project__in=projects)
    with transaction.atomic():
        mine.update(rows_done=0, state="due", attempts=0)
        nudge(embeddings.KIND)
    until(lambda: not mine.filter(state__in=("due", "running")).exists(), PATIENCE)
    assert not mine.exclude(state="done").exists(), mine.exclude(state="done").get().error


def judged(number: int) -> None:
    """Order a batch prediction over the whole pool, and wait until it is done."""
    from labeler.projects.models import Project
    from labeler.serving import orders

    project = Project.objects.get(pk=number)
    batch = orders.of_pool(project, project.created_by)

    def over() -> bool:
        batch.refresh_from_db()
        return batch.state in orders.OVER

    until(over, PATIENCE)
    assert (batch.state, batch.read) == ("done", project.next_row), batch.error
    assert sum(batch.parts.values_list("rows", flat=True)) == project.next_row


def taught(images: int) -> int:
    """A pool with a model; the project's number."""
    from labeler.pools.models import Image
    from labeler.projects.models import Project
    from tests.training.invented import answer, run_round

    project = Project.objects.get(pk=make_pool.make(images, 1)[0])
    # All pictures here are the same one: none may be learned from that looks like an audit image.
    Image.objects.filter(project=project).update(audit=False)
    answer(project, range(60))
    done = run_round(project)
    assert done.state == "done", done.error
    return project.pk


if __name__ == "__main__":
    main()
