"""From the POST of a label to a claim ranked by a model that has seen it.

    python benchmarks/freshness.py [--images 10000] [--labels 100] [--team]

Starts what `manage.py up` starts, a web server and two workers, on a data folder of its own with
made-up embeddings, and labels over the API with a model after every label (retrain_after = 1).
Each label is waited for; the time ends when a claim brings an image ranked by a model that has
seen it. The limit is 1 s for the 95th percentile. `--team` runs on PostgreSQL and RabbitMQ:
DATABASE_URL (default postgres://root@127.0.0.1:5432/postgres; a database of its own is made there
and dropped) and CELERY_BROKER_URL (default amqp://guest:guest@127.0.0.1:5672//).
"""

import argparse
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import make_pool
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LIMIT = 1.0  # seconds
GIVE_UP = 20.0
BEGUN = 100  # answers there before the measured ones
LABELS = 10
AUDIT = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--team", action="store_true", help="PostgreSQL and RabbitMQ")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, database(options.team) as url:
        port = free_port()
        os.environ |= {
            "LABELER_DATA": data,
            "DJANGO_SETTINGS_MODULE": "labeler.settings",
            "LABELER_SECRET_KEY": secrets.token_hex(40),
            "DATABASE_URL": url or f"sqlite:///{data}/labeler.sqlite3",
            "CELERY_BROKER_URL": os.environ.get(
                "CELERY_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//"
            )
            if options.team
            else "folder://",
        }
        token, project = prepare(options.images)
        with programs(port):
            taken = measure(f"http://127.0.0.1:{port}/api/v1", token, project, options.labels)
        phases = of_the_rounds(project, options.labels)
    say(np.array(taken), phases, options)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def database(team: bool) -> Iterator[str]:
    """The address of a database of our own; empty for SQLite in the data folder."""
    if not team:
        yield ""
        return
    import psycopg2

    server = os.environ.get("DATABASE_URL", "postgres://root@127.0.0.1:5432/postgres")
    name = f"labeler_freshness_{os.getpid()}"
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            from django.db import connections

            connections.close_all()
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def prepare(images: int) -> tuple[str, int]:
    """A project with made-up embeddings and some answers; a token and the project's number."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.core.management.utils import get_random_secret_key

    call_command("migrate", verbosity=0)
    from labeler.projects import tokens
    from labeler.projects.models import Project, User

    owner = User.objects.create_superuser("owner", password=get_random_secret_key())
    number, _ = make_pool.make(
        images, 0, labels=LABELS, audit=AUDIT, files=False, name="Freshness", audit_share=0.0,
        retrain_after=1,
    )  # fmt: skip
    project = Project.objects.get(pk=number)
    begin(project, owner)
    return tokens.issue(user=owner, name="benchmark")[1], project.pk


def begin(project, owner) -> None:
    from labeler.labeling import annotations, queue

    done = 0
    while done < BEGUN:
        items = queue.claim(project=project, user=owner, count=50)
        answers = [answer(item.pk, item.image.row) for item in items]
        annotations.record(project=project, user=owner, answers=answers, source="simulated")
        done += len(items)


def answer(item: int, row: int) -> dict[str, object]:
    import uuid

    return {"uuid": str(uuid.uuid4()), "item": item, "labels": [f"class {row % LABELS}"],
            "elapsed_ms": 1}  # fmt: skip


@contextmanager
def programs(port: int) -> Iterator[None]:
    """The web server and the two workers, as the supervisor starts them."""
    from labeler.supervisor import programs as known

    commands = [known.web(f"127.0.0.1:{port}"), known.worker("rounds"), known.worker("chores")]
    started = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def measure(api: str, token: str, project: int, labels: int) -> list[float]:
    """Seconds per label."""
    rng = np.random.default_rng(2)
    one_each = httpx.Limits(max_keepalive_connections=0)  # the server ends idle ones when it likes
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(headers=headers, timeout=30, limits=one_each) as client:
        until_answers(client, api)
        wait_for(lambda: newest_seen(project) > 0, 60)
        item, taken = claim(client, api, project), []
        for _ in range(labels):
            time.sleep(rng.random() * 0.3)  # people are not in step with the machine
            row = int(item["name"].removesuffix(".jpg"))
            began = time.perf_counter()
            reply = client.post(
                f"{api}/projects/{project}/annotations", json=answer(item["item"], row)
            )
            reply.raise_for_status()
            seen_by = wait_for_model(project)
            item = claim(client, api, project)
            taken.append(time.perf_counter() - began)
            if (item["why"]["model_version"] or 0) < seen_by:
                sys.exit(f"The claim was ranked by an older model: {item['why']}")
    return taken


def until_answers(client: httpx.Client, api: str) -> None:
    def up() -> bool:
        try:
            return client.get(f"{api}/projects").status_code == 200
        except httpx.TransportError:
            return False

    wait_for(up, 60)


def claim(client: httpx.Client, api: str, project: int) -> dict:
    reply = client.post(f"{api}/projects/{project}/queue/claim", json={"count": 1})
    reply.raise_for_status()
    return reply.json()["items"][0]


def newest_seen(project: int) -> int:
    from labeler.training.models import ModelVersion

    serving = ModelVersion.objects.filter(project=project, serving=True)
    return serving.values_list("seen_annotation", flat=True).first() or 0


def wait_for_model(project: int) -> int:
    """The number of the serving model once it has seen the newest answer."""
    from labeler.labeling.models import Annotation
    from labeler.training.models import ModelVersion

    newest = Annotation.objects.filter(project=project).order_by("-pk").values_list("pk", flat=True)
    mine = newest[0]
    wait_for(lambda: newest_seen(project) >= mine, GIVE_UP)
    return ModelVersion.objects.get(project=project, serving=True).number


def wait_for(condition, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"It did not happen within {seconds:.0f} s.")
        time.sleep(0.005)


def of_the_rounds(project: int, labels: int) -> str:
    """Where the last rounds spent their time: medians in milliseconds."""
    from labeler.training.models import Round

    rounds = Round.objects.filter(project=project, state="done").order_by("-number")[:labels]
    timings = [each.timings for each in rounds]
    names = sorted({name for timing in timings for name in timing})
    medians = {n: 1000 * float(np.median([t.get(n, 0) for t in timings])) for n in names}
    return ", ".join(
        f"{name} {ms:.0f}" for name, ms in sorted(medians.items(), key=lambda m: -m[1])
    )


def say(taken: np.ndarray, phases: str, options: argparse.Namespace) -> None:
    p50, p95 = np.percentile(taken, [50, 95])
    kind = "PostgreSQL + RabbitMQ" if options.team else "embedded (SQLite, folder broker)"
    print(f"{kind}: {options.images:,} embedded images, {len(taken)} labels, a model after each")
    print(f"label to claim: p50 {p50:.2f} s, p95 {p95:.2f} s, slowest {taken.max():.2f} s")
    print(f"the round, median ms: {phases}")
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"p95 is {p95 / LIMIT:.2f} of the limit of {LIMIT:.0f} s")
    sys.exit(int(p95 > LIMIT))


if __name__ == "__main__":
    main()
