"""What a pool of a million images costs, each figure beside its limit.

    python benchmarks/million.py FOLDER [--images 1000000] [--labels 100] [--answers 50000]
        [--people 16] [--fresh 20] [--seconds 60] [--skip fresh load …] [--json PATH]

Makes the pool of `make_pool.py` in the data folder and in the database that DATABASE_URL names
(default: SQLite in the folder), or takes the one that is there. Then it starts the web server and
the workers and measures:

    sizes   bytes on disk and in the database
    fit     the head learned anew from 10,000 answers of 10 labels, warm
    rescore the whole pool scored, beside reading its embeddings once with all cores
    fresh   a label → a claim ranked by a model that has seen it, over HTTP
    load    people with the pauses that people make: claims and answers
    pages   processor time of the web process per page

On a machine that others use, too, processor time is the figure to trust; both are printed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import load_people
import make_pool
import numpy as np
from freshness import answer, claim, free_port, newest_seen, until_answers, wait_for
from processes import cpu_seconds, peak_mib, tree

ROOT = Path(__file__).resolve().parents[1]
THINKING = 1.5  # seconds between two answers of one person
FIT = (10_000, 10)  # answers, labels
PATIENCE = 3600  # seconds for a first model


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is None where only the number was asked for."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"limit {self.limit:g}"
        held = "" if self.limit is None else ("held" if self.value <= self.limit else "MISSED")
        told = f"{self.name:<46} {self.value:>14,.3f} {self.unit:<4}"
        return f"{told} {limit:<11} {held:<7} {self.note}".rstrip()


@dataclass(frozen=True)
class Stage:
    """Where it is measured."""

    project: Any
    owner: Any
    people: list[dict[str, Any]]
    options: argparse.Namespace


def main() -> None:
    options = read_options()
    os.environ.setdefault("CELERY_BROKER_URL", "folder://")
    os.environ.setdefault("LABELER_LOG_LEVEL", "WARNING")
    make_pool.begin(options.folder)
    stage = prepare(options)
    figures: list[Figure] = []
    parts = {"sizes": sizes, "fit": fit, "rescore": rescore, "served": served}
    for name, part in parts.items():
        if name not in options.skip:
            for figure in part(stage):
                print(figure, flush=True)
                figures.append(figure)
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(each) for each in figures], indent=1))
    missed = [each for each in figures if each.limit is not None and each.value > each.limit]
    sys.exit(int(bool(missed)))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--answers", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--fresh", type=int, default=20, help="labels that are waited for")
    parser.add_argument("--seconds", type=float, default=60, help="how long people label")
    parser.add_argument("--skip", nargs="*", default=[], help="parts to leave out")
    parser.add_argument("--json", metavar="PATH", help="write the figures to this file, too")
    return parser.parse_args()


def prepare(options: argparse.Namespace) -> Stage:
    from labeler.projects.models import Membership, Project

    if not Project.objects.exists():
        make_pool.make(
            options.images, options.people, labels=options.labels, answers=options.answers,
            retrain_after=1,
        )  # fmt: skip
    project = Project.objects.order_by("pk")[0]
    ids = list(project.labels.order_by("place").values_list("pk", flat=True))
    members = Membership.objects.filter(project=project).select_related("user").order_by("pk")
    people = [
        {"project": project.pk, "user": each.user_id, "labels": ids,
         "session": make_pool.session_of(each.user)} for each in members[: options.people]
    ]  # fmt: skip
    return Stage(project, make_pool.owner(), people, options)


# Arrays -----------------------------------------------------------------------------------


def sizes(stage: Stage) -> Iterator[Figure]:
    """What the pool takes on disk."""
    from django.conf import settings
    from django.db import connection

    from labeler.pools import storage
    from labeler.training import embeddings, shards

    images = stage.project.next_row
    space = embeddings.serving(stage.project)
    files = [shards.path(each).stat().st_size for each in shards.embedded(stage.project, space)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            stored = cursor.fetchone()[0]
    else:
        stored = Path(settings.DATABASES["default"]["NAME"]).stat().st_size
    arrays = sum(
        each.stat().st_size
        for each in storage.arrays_folder(stage.project).rglob("*")
        if each.is_file()
    )
    yield Figure("images", images, "")
    yield Figure("database", stored / 1e6, "MB")
    yield Figure("largest shard of embeddings", max(files) / 1e6, "MB")
    yield Figure("embeddings", sum(files) / 1e6, "MB")
    yield Figure("bytes per image in the database", stored / images, "B")
    yield Figure("bytes per image in arrays", arrays / images, "B")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """(seconds, seconds of processor time)."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - busy


def fit(stage: Stage) -> Iterator[Figure]:
    """A head for ten labels, warm-started, with as many answers as the limit names."""
    from labeler.training import embeddings, memory
    from ml import heads
    from ml.threads import one_blas_thread

    n, labels = FIT
    pool = memory.pool(stage.project, embeddings.serving(stage.project))
    n = min(n, len(pool))
    x = pool.vectors(np.arange(n))
    y = np.array([make_pool.label_of(row, labels) for row in range(n)])
    kind = heads.get("logistic")
    with one_blas_thread():
        last = kind.fit(x[:-1], y[:-1], n_labels=labels)
        wall, busy = timed(lambda: kind.fit(x, y, n_labels=labels, warm=last))
    about = f"{n:,} answers, {labels} labels"
    yield Figure("head fit, warm: processor", busy, "s", 1.0, about)
    yield Figure("head fit, warm: waited", wall, "s", None, about)


def rescore(stage: Stage) -> Iterator[Figure]:
    """The whole pool under a head of all labels; the product alone; reading alone."""
    import tempfile

    from labeler.training import embeddings, memory, scoring
    from labeler.training.fitting import Fitted
    from ml import arrays, heads, spread
    from ml.threads import one_blas_thread

    labels = stage.options.labels
    pool = memory.pool(stage.project, embeddings.serving(stage.project))
    n = min(len(pool), 2000)
    y = np.array([make_pool.label_of(row, labels) for row in range(n)])
    head = heads.get("logistic").fit(pool.vectors(np.arange(n)), y, n_labels=labels)
    fitted = Fitted(head, 1.1, {})
    weights = head.weights

    def read() -> None:
        every = spread.over(pool, lambda block: int(np.asarray(block.table).view(np.uint32).sum()))
        assert len(list(every)) == len(pool.blocks)

    def multiply() -> None:
        some = np.ones((arrays.SHARD, weights.shape[0]), dtype=np.float32)
        list(spread.over(range(len(pool.blocks)), lambda _: np.matmul(some, weights)[0, 0]))

    def score() -> None:
        with tempfile.TemporaryDirectory(dir=stage.options.folder) as folder:
            list(scoring.over(pool, fitted, "single", into=Path(folder), look=lambda *_: None))

    read()  # once, so that all of them find it in the page cache
    with one_blas_thread():
        (wall, busy), (product, products), (waited, spent) = map(timed, (read, multiply, score))
    yield Figure("embeddings read once, all cores: waited", wall, "s")
    yield Figure("embeddings read once, all cores: processor", busy, "s")
    yield Figure("the matrix product alone: waited", product, "s")
    yield Figure("the matrix product alone: processor", products, "s")
    yield Figure("whole pool rescored: waited", waited, "s", 3.0)
    yield Figure("whole pool rescored: processor", spent, "s")
    yield Figure("rescored / read once, processor", spent / busy, "×", 1.5)
    yield Figure("rescored / the product alone, processor", spent / products, "×")


# Over HTTP --------------------------------------------------------------------------------


def served(stage: Stage) -> Iterator[Figure]:
    port = free_port()
    with programs(port) as running:
        api = f"http://127.0.0.1:{port}/api/v1"
        for name, part in {"pages": pages, "load": load, "fresh": fresh}.items():
            if name not in stage.options.skip:
                yield from part(stage, port, api, running)
        for name, process in running.items():
            most = max(peak_mib(each) for each in tree(process.pid))
            yield Figure(f"peak memory, {name}", most, "MiB", 4096)


@contextmanager
def programs(port: int) -> Iterator[dict[str, subprocess.Popen]]:
    """The web server and the workers, as the supervisor starts them."""
    from labeler.supervisor import programs as known

    commands = {
        "web": known.web(f"127.0.0.1:{port}"),
        "worker of rounds": known.worker("rounds"),
        "worker of chores": known.worker("chores"),
    }
    started = {name: subprocess.Popen(each, cwd=ROOT) for name, each in commands.items()}
    try:
        yield started
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait(60)


def browser(stage: Stage, port: int) -> httpx.Client:
    cookie = {load_people.COOKIE: make_pool.session_of(stage.owner)}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", cookies=cookie, timeout=300)


def pages(stage: Stage, port: int, api: str, running: dict[str, Any]) -> Iterator[Figure]:
    """Processor time of the web process per page, once it has been asked for before."""
    web, base = running["web"].pid, f"/projects/{stage.project.pk}"
    asked = {
        "dashboard": base,
        "browse": f"{base}/explore",
        "a page of tiles": f"{base}/explore/images?offset=500000",
        "galleries": f"{base}/review",
        "export starts": f"/api/v1{base}/export?format=csv",
        "list of images": f"/api/v1{base}/images?limit=100",
        "projects": "/",
    }
    with browser(stage, port) as client:
        until_answers(client, api)
        for name, path in asked.items():
            first = begun(client, path)
            before, times = cpu_seconds(web), [begun(client, path) for _ in range(5)]
            spent = 1000 * (cpu_seconds(web) - before) / len(times)
            waited = 1000 * float(np.median(times))
            about = f"first {1000 * first:.0f} ms, then {waited:.0f} ms waited"
            yield Figure(f"{name}: processor", spent, "ms", 150, about)


def begun(client: httpx.Client, path: str) -> float:
    """Seconds until the first bytes of the answer."""
    began = time.perf_counter()
    with client.stream("GET", path) as reply:
        assert reply.status_code == 200, (path, reply.status_code)
        next(reply.iter_raw(), b"")
        return time.perf_counter() - began


def load(stage: Stage, port: int, api: str, running: dict[str, Any]) -> Iterator[Figure]:
    """People who label with the page's look-ahead, each with a pause of a second or two."""
    cast = [{**person, "port": port} for person in stage.people]
    web = running["web"].pid
    everybody = load_people.everybody
    everybody(cast, labels=len(cast), seconds=60, ahead=12)
    before = cpu_seconds(web)
    seen = everybody(cast, labels=10**6, seconds=stage.options.seconds, ahead=12, thinking=THINKING)
    spent = 1000 * (cpu_seconds(web) - before) / max(1, len(seen.stored))
    about = f"{len(cast)} people, a pause of {THINKING} s, {len(seen.stored)} labels"
    for name, times in (("claim", seen.claims), ("submit", seen.answers)):
        p50, p95 = np.percentile(1000 * np.array(times or [np.nan]), [50, 95])
        yield Figure(f"{name}, p50", p50, "ms", None, about)
        yield Figure(f"{name}, p95", p95, "ms", 20, about)
    yield Figure("processor of the web server per label", spent, "ms", 6, about)
    yield Figure("errors", len(seen.errors), "", 0, " ".join(seen.errors[:1]))


def fresh(stage: Stage, port: int, api: str, running: dict[str, Any]) -> Iterator[Figure]:
    """From the POST of a label to a claim ranked by a model that has seen it."""
    from labeler.projects import tokens
    from labeler.projects.models import Project
    from labeler.training.models import Round

    Project.objects.filter(pk=stage.project.pk).update(retrain_after=1, audit_share=0)
    token = tokens.issue(user=stage.owner, name="benchmark")[1]
    taken: list[float] = []
    worker = running["worker of rounds"].pid
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        item = claim(client, api, stage.project.pk)
        for number in range(stage.options.fresh + 1):
            if number == 1:  # the first round reads the pool and learns anew
                before = cpu_seconds(worker)
            row = int(item["name"].removesuffix(".jpg"))
            began = time.perf_counter()
            sent = answer(item["item"], row) | {
                "labels": [f"class {make_pool.label_of(row, stage.options.labels)}"]
            }
            reply = client.post(f"{api}/projects/{stage.project.pk}/annotations", json=sent)
            reply.raise_for_status()
            wait_for(lambda: seen_all(stage.project), PATIENCE)
            item = claim(client, api, stage.project.pk)
            if number:
                taken.append(time.perf_counter() - began)
    spent = (cpu_seconds(worker) - before) / max(1, len(taken))
    p50, p95 = np.percentile(taken or [np.nan], [50, 95])
    rounds = Round.objects.filter(project=stage.project, state="done").order_by("-number")
    about = f"{len(taken)} labels; the last round: {rounds[0].timings}"
    yield Figure("label to re-ranked claim, whole pool, p50", p50, "s", None)
    yield Figure("label to re-ranked claim, whole pool, p95", p95, "s", 3.0, about)
    yield Figure("processor of the worker per round", spent, "s")


def seen_all(project: Any) -> bool:
    """Whether the serving model has seen the newest answer."""
    from labeler.labeling.models import Annotation

    answers = Annotation.objects.filter(project=project).order_by("-pk")
    return newest_seen(project.pk) >= answers.values_list("pk", flat=True)[0]


if __name__ == "__main__":
    main()
