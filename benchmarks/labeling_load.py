"""Many people label at once: how fast, at what cost, and does every promise hold.

    python benchmarks/labeling_load.py [--quick] [--images 1000 10000 100000] [--people 1 4 16 64]
                                       [--databases sqlite postgresql] [--ahead 12]
    python benchmarks/labeling_load.py --webs 1 2       # one web server against two
    python benchmarks/labeling_load.py --soak 30        # 64 people, so many minutes: memory, errors

Starts what `manage.py up` starts, a web server and a worker that trains (SQLite with the folder
broker, or PostgreSQL with RabbitMQ), over a made-up pool with real small pictures. Each person
claims, fetches the picture and answers, over HTTP with a session cookie, without a pause; rounds
run meanwhile. Then the database is checked. CPU per label is the figure to trust on a machine that
others use, too: it hardly depends on them. The peer is Label Studio 1.23.2, measured in the same
loop on a machine of the same size. The exit status is 1 if a promise was broken or a limit missed.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import load_check
import load_people
import make_pool
import numpy as np
from freshness import database, free_port, wait_for
from processes import cpu_seconds, database_cpu_seconds, resident_mib

ROOT = Path(__file__).resolve().parents[1]  # freshness.py lets Python find labeler and ml
SECONDS = 20.0
MOST_CPU = 6.0  # milliseconds of the web server per label
MOST_MIB = 150
SLOWEST_CLAIM = 50.0  # milliseconds, 95th percentile, with 16 people
LEAST_CORRELATION = 0.9
PEER = {  # labels per second: (images, people, database)
    (1_000, 1, "sqlite"): 2.0, (1_000, 16, "sqlite"): 2.1, (10_000, 1, "sqlite"): 1.9,
    (10_000, 16, "sqlite"): 1.4, (100_000, 16, "sqlite"): 1.6, (1_000, 16, "postgresql"): 5.4,
    (10_000, 16, "postgresql"): 4.5, (100_000, 16, "postgresql"): 4.0,
}  # fmt: skip
BEGUN = 60  # answers before the first measured one


@dataclass(frozen=True)
class Result:
    """One row of the table. Times are milliseconds, memory is MiB."""

    database: str
    images: int
    people: int
    labels: int
    labels_per_second: float
    times_the_peer: float | None
    claim: tuple[float, float, float]  # p50, p95, p99
    picture: tuple[float, float, float]
    submit: tuple[float, float, float]
    web_cpu: float  # per label
    database_cpu: float  # per label: PostgreSQL's, for the web server
    worker_cpu: float  # per label: the rounds that ran meanwhile
    web_mib: float
    rounds: int
    errors: int
    held_twice: int
    lost: int
    doubled: int
    correlation: float

    @property
    def broken(self) -> list[str]:
        """Which promises and limits were not kept."""
        limits = {
            "errors": self.errors > 0,
            "held twice": self.held_twice > 0,
            "lost or doubled": self.lost + self.doubled > 0,
            f"more than {MOST_CPU:.0f} ms CPU": self.web_cpu > MOST_CPU,
            f"more than {MOST_MIB} MiB": self.web_mib > MOST_MIB,
            "slow claims": self.people == 16 and self.claim[1] > SLOWEST_CLAIM,
            "rank lost": self.correlation < LEAST_CORRELATION,
        }
        return [name for name, broken in limits.items() if broken]


def main() -> None:
    options = read_options()
    if options.webs or options.soak:
        import load_team

        sys.exit(load_team.webs(options) if options.webs else load_team.soak(options))
    results = []
    print(HEAD, flush=True)
    for kind in options.databases:
        for images in options.images:
            for result in measured(kind, images, options):
                print(line(result), flush=True)
                results.append(result)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(r) for r in results], indent=1))
    sys.exit(summary(results))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--people", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument(
        "--ahead", type=int, default=0, help="as the label page: 12 (default: none)"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="longest time of one row")
    parser.add_argument("--quick", action="store_true", help="SQLite, 1,000 images, 4 people")
    parser.add_argument("--webs", type=int, nargs="+", help="numbers of web servers to compare")
    parser.add_argument("--soak", type=float, default=0.0, help="minutes of 64 people")
    parser.add_argument("--json", help="write the results to this file, too")
    options = parser.parse_args()
    if options.quick:
        options.databases, options.images, options.people = ["sqlite"], [1_000], [1, 4]
        options.seconds = 5.0
    return options


def measured(kind: str, images: int, options: argparse.Namespace) -> Iterator[Result]:
    """The rows of one pool in one database, in a process of its own: settings are read once."""
    arguments = [sys.executable, __file__, "--one", kind, str(images), str(options.seconds),
                 str(options.ahead), *map(str, options.people)]  # fmt: skip
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for told in process.stdout:
            if told.startswith("{"):
                yield Result(**json.loads(told))
        if process.wait():
            sys.exit(f"{kind}, {images:,} images: it ended with status {process.returncode}.")


def one(kind: str, images: int, seconds: float, ahead: int, people: list[int]) -> None:
    """Make the pool, start the programs, measure each number of people; a line of JSON each."""
    with tempfile.TemporaryDirectory() as data, database(kind == "postgresql") as url:
        port = free_port()
        os.environ |= environment(data, url, kind)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        project, cast = make_pool.make(images, max(people))
        with programs(port) as running:
            for person in cast:
                person["port"] = port
            begin(project, cast)
            for number in people:
                result = measure(running, project, cast[:number], kind, images, seconds, ahead)
                print(json.dumps(asdict(result)), flush=True)


def environment(data: str, url: str, kind: str) -> dict[str, str]:
    broker = os.environ.get("CELERY_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")
    return {
        "LABELER_DATA": data,
        "DJANGO_SETTINGS_MODULE": "labeler.settings",
        "LABELER_SECRET_KEY": secrets.token_hex(40),
        "LABELER_LOG_LEVEL": "WARNING",
        "DATABASE_URL": url or f"sqlite:///{data}/labeler.sqlite3",
        "CELERY_BROKER_URL": "folder://" if kind == "sqlite" else broker,
    }


@contextmanager
def programs(port: int) -> Iterator[dict[str, subprocess.Popen]]:
    """The web server and the worker that trains, as the supervisor starts them."""
    from labeler.supervisor import programs as known

    commands = {"web": known.web(f"127.0.0.1:{port}"), "worker": known.worker("rounds")}
    started = {
        name: subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PGAPPNAME": name})
        for name, command in commands.items()
    }
    try:
        yield started
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait(30)


def begin(project: int, cast: list[dict]) -> None:
    """The first answers and the first model; every web thread has done everything once."""
    wait_for(lambda: answers(cast[0]), 60)
    seen = load_people.everybody(cast[:8], labels=BEGUN, seconds=60)
    if seen.errors:
        sys.exit(seen.errors[0])
    wait_for(lambda: rounds_done(project) > 0, 120)


def answers(person: dict) -> bool:
    try:
        load_people.Person(**person).ask("/healthz")
    except OSError:
        return False
    return True


def rounds_done(project: int) -> int:
    from labeler.training.models import Round

    return Round.objects.filter(project=project, state="done").count()


def measure(
    running: dict[str, subprocess.Popen], project: int, cast: list[dict], kind: str, images: int,
    seconds: float, ahead: int,
) -> Result:  # fmt: skip
    """Let the cast label for a while, and look at the processes before and after."""

    def used() -> np.ndarray:
        spent = [cpu_seconds(running[name].pid) for name in ("web", "worker")]
        return np.array([*spent, database_cpu_seconds("web") if kind == "postgresql" else 0.0])

    before, rounds = used(), rounds_done(project)
    seen = load_people.everybody(
        cast, labels=max(len(cast), images // 5), seconds=seconds, ahead=ahead
    )
    taken = seen.ended - seen.began
    number = max(1, len(seen.stored))
    cpu = 1000 * (used() - before) / number
    lost, doubled = load_check.lost_and_doubled(project, seen)
    peer = PEER.get((images, len(cast), kind))
    return Result(
        database=kind, images=images, people=len(cast), labels=len(seen.stored),
        labels_per_second=number / taken, times_the_peer=peer and number / taken / peer,
        claim=spread(seen.claims), picture=spread(seen.pictures), submit=spread(seen.answers),
        web_cpu=cpu[0], worker_cpu=cpu[1], database_cpu=cpu[2],
        web_mib=resident_mib(running["web"].pid), rounds=rounds_done(project) - rounds,
        errors=report(seen.errors), held_twice=load_check.held_twice(seen), lost=lost,
        doubled=doubled, correlation=load_check.rank_correlation(seen),
    )  # fmt: skip


def report(errors: list[str]) -> int:
    for error in errors[:3]:
        print(error, file=sys.stderr)
    return len(errors)


def spread(seconds: list[float]) -> tuple[float, float, float]:
    return tuple(float(x) for x in np.percentile([1000 * s for s in seconds or [0]], [50, 95, 99]))


HEAD = (
    "database    images people  labels  labels/s   peer  claim ms 50/95/99    submit ms 50/95/99"
    "   web CPU ms  database  rounds  web MiB  rounds  errors  twice  lost  doubled  rank corr."
)


def line(r: Result) -> str:
    peer = f"{r.times_the_peer:5.0f}×" if r.times_the_peer else "     –"
    claim, submit = ("/".join(f"{ms:.0f}" for ms in each) for each in (r.claim, r.submit))
    return (
        f"{r.database:10} {r.images:7,} {r.people:6} {r.labels:7} {r.labels_per_second:9.1f} {peer}"
        f"  {claim:>17}  {submit:>20}  {r.web_cpu:11.2f} {r.database_cpu:9.2f} {r.worker_cpu:7.1f}"
        f"  {r.web_mib:7.0f} {r.rounds:7} {r.errors:7} {r.held_twice:6} {r.lost:5} {r.doubled:8}"
        f"  {r.correlation:10.3f}"
    )


def summary(results: list[Result]) -> int:
    """Say what was missed; the exit status."""
    print(f"load average of the last minute: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    missed = [(r, name) for r in results for name in r.broken]
    for r, name in missed:
        print(f"missed: {r.database}, {r.images:,} images, {r.people} people: {name}")
    return int(bool(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        kind, images, seconds, ahead, *people = sys.argv[2:]
        one(kind, int(images), float(seconds), int(ahead), [int(number) for number in people])
    else:
        main()
