"""The prediction service over HTTP against the bare model loop on the same pictures and cores.

    python benchmarks/serving.py [--seconds 4] [--pairs 5] [--swaps 30] [--pictures 1 8]

The bare loop decodes, prepares, judges and calibrates real photos in one process, without a network
or a database: pictures are decoded by as many threads as there are cores while the model, with
every core, works on the last batch. It runs before and after each run of the service, and a ratio
is the median over such pairs. Eight clients on the same machine ask the service; what they use of
its cores counts against the service.

1. Pictures per second with 8 clients, against the bare loop with as many pictures in a batch as
   the clients have under way (at most 32): the service's own port, then through the web server.
2. The 95th percentile at half that load, arrivals at random, against one picture in the bare loop.
3. Errors and mixed answers while model versions are swapped in under load.
"""

import argparse
import hashlib
import http.client
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PHOTOS = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data")) / "photos.tar"
CLIENTS, MOST_BATCH = 8, 32
SHARE, SLOWER = 0.85, 3.0  # what is wanted
EACH = 24  # photos of each label
PICTURES = 8  # that are asked for while versions change
CLOSE = 1e-3  # of two scores of one version


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--swaps", type=int, default=30)
    parser.add_argument("--pictures", type=int, nargs="*", default=[1, 8], help="in a request")
    parser.add_argument("--port", type=int, default=0, help="of the service; the web's is the next")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        port = options.port or free_port()
        os.environ |= {
            "LABELER_DATA": data,
            "DJANGO_SETTINGS_MODULE": "labeler.settings",
            "LABELER_SECRET_KEY": secrets.token_hex(40),
            "DATABASE_URL": f"sqlite:///{data}/labeler.sqlite3",
            "CELERY_BROKER_URL": "folder://",
            "LABELER_SERVE_BIND": f"127.0.0.1:{port}",
            "OMP_WAIT_POLICY": "passive",  # as the service has it, for the bare loop too
        }
        photos = read_photos()
        token, project = prepare(photos, options.swaps)
        blobs = [blob for _, blob in photos]
        with bare_loop() as bare, programs(port):
            ask = Asker(port, token, project, blobs)
            ask.until_ready()
            through = Asker(port + 1, token, project, blobs)
            through.until_ready()
            compare(options, bare, ask, through)
            good = swap(options.swaps, ask, project)
    sys.exit(not good)


def compare(options, bare, ask: "Asker", through: "Asker") -> None:
    """The first and the second line of what is measured."""
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}")
    for count in options.pictures:
        for name, asker in (("its own port", ask), ("through the web", through)):
            speed(options, bare, asker, name, count)
    rates, slows, singles = [], [], []
    for _ in range(options.pairs):  # each with its own load: others may use the machine meanwhile
        rates.append(ask.rate(1, options.seconds / 2) / 2)
        before = bare("single", 1, options.seconds / 2)
        slows.append(float(np.percentile(ask.at(rates[-1], 2 * options.seconds), 95)))
        singles.append((before + bare("single", 1, options.seconds / 2)) / 2)
    ratios = [slow / single for slow, single in zip(slows, singles, strict=True)]
    print(
        f"half load, {statistics.median(rates):.0f} requests/s: p95 "
        f"{1000 * statistics.median(slows):.0f} ms, one bare picture "
        f"{1000 * statistics.median(singles):.0f} ms, {told(ratios)}, wanted at most {SLOWER}"
    )


def speed(options, bare, asker: "Asker", name: str, count: int) -> None:
    batch = min(MOST_BATCH, CLIENTS * count)
    ratios, rates, plain = [], [], []
    for _ in range(options.pairs):
        before = bare("rate", batch, options.seconds)
        rates.append(asker.rate(count, options.seconds))
        plain.append((before + bare("rate", batch, options.seconds)) / 2)
        ratios.append(rates[-1] / plain[-1])
    print(
        f"{CLIENTS} clients, {count} in a request, {name}: {statistics.median(rates):.0f} of "
        f"{statistics.median(plain):.0f} pictures/s (batch {batch}), {told(ratios)}, "
        f"wanted {SHARE}"
    )


def told(ratios: list[float]) -> str:
    return f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def swap(swaps: int, ask: "Asker", project: int) -> bool:
    """Let one version after the other serve under load; compare each answer with its version's."""
    stop, answers, errors = threading.Event(), [], []
    clients = [
        threading.Thread(target=ask.on_and_on, args=(stop, answers, errors)) for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    began = time.monotonic()
    for number in range(2, swaps + 2):
        let_serve(project, number)
        until = time.monotonic() + 30
        while not any(said["model_version"] == number for _, said in answers[-50:]):
            time.sleep(0.02)
            if time.monotonic() > until:
                errors.append(f"version {number} never came")
                break
    took = time.monotonic() - began
    stop.set()
    for client in clients:
        client.join()
    wrong = mixed(ask, answers, swaps)
    print(
        f"{swaps} versions swapped in within {took:.0f} s: {len(answers):,} answers, "
        f"{len(errors)} errors, {wrong} mixed or wrong answers"
    )
    for error in errors[:3]:
        print("  ", error)
    return not errors and not wrong


def let_serve(project: int, number: int) -> None:
    from django.db import transaction

    from labeler.training import versions
    from labeler.training.models import ModelVersion

    with transaction.atomic():
        versions.let_serve(ModelVersion.objects.get(project=project, number=number))


def mixed(ask: "Asker", answers: list, swaps: int) -> int:
    """Answers in which something is not what the version they name says of the picture."""
    expected = {}
    for number in range(1, swaps + 2):
        right = ask.once(range(PICTURES), f"?model_version={number}")
        expected[number] = [said["scores"] for said in right["predictions"]]
    return sum(not is_right(which, answer, expected) for which, answer in answers)


def is_right(which: list[int], answer: dict, expected: dict) -> bool:
    number = answer["model_version"]
    return all(
        said["model_version"] == number
        and all(abs(p - expected[number][at][name]) < CLOSE for name, p in said["scores"].items())
        for at, said in zip(which, answer["predictions"], strict=True)
    )


# The service ------------------------------------------------------------------------------


class Asker:
    """Clients of one address; requests are put together beforehand."""

    def __init__(self, port: int, token: str, project: int, blobs: list[bytes]) -> None:
        self.port, self.blobs = port, blobs
        self.path = f"/api/v1/projects/{project}/predict"
        self.headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "multipart/form-data; boundary=edge",
        }
        self.local = threading.local()

    def until_ready(self) -> None:
        for _ in range(600):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    self.once([0])
                    return
            except (OSError, AssertionError):
                time.sleep(0.1)
        raise SystemExit("The service does not answer.")

    def body(self, which) -> bytes:
        head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%d.jpg"\r\n\r\n'
        parts = [head % at + self.blobs[at % len(self.blobs)] + b"\r\n" for at in which]
        return b"".join([*parts, b"--edge--\r\n"])

    def once(self, which, query: str = "") -> dict:
        status, body = self.send(self.body(which), query)
        assert status == 200, (status, body[:300])
        return json.loads(body)

    def send(self, body: bytes, query: str = "") -> tuple[int, bytes]:
        """Over a connection that stays open, as client libraries do."""
        for fresh in (False, True):
            connection = self.connection(fresh)
            try:
                connection.request("POST", self.path + query, body, self.headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                if fresh:  # else it was closed while it idled: no answer was lost
                    raise
        raise AssertionError

    def connection(self, fresh: bool) -> http.client.HTTPConnection:
        known = getattr(self.local, "connection", None)
        if known is not None and not fresh:
            return known
        made = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        made.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local.connection = made
        return made

    def rate(self, count: int, seconds: float) -> float:
        """Pictures per second that all clients get judged."""
        until = time.monotonic() + seconds

        def client(number: int) -> int:
            bodies = [self.body(range(at, at + count)) for at in range(number, 400, 50)]
            done = 0
            while time.monotonic() < until:
                status, body = self.send(bodies[done % len(bodies)])
                assert status == 200, body[:300]
                done += 1
            return done

        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            done = sum(pool.map(client, range(CLIENTS)))
        return count * done / (time.monotonic() - began)

    def at(self, rate: float, seconds: float) -> list[float]:
        """Seconds each request took, from when it was due; they come at random."""
        gaps = np.random.default_rng(0).exponential(1 / rate, max(10, int(rate * seconds)))
        due = time.monotonic() + 0.1 + np.cumsum(gaps)
        bodies = [self.body([at]) for at in range(50)]

        def one(number: int) -> float:
            time.sleep(max(0.0, due[number] - time.monotonic()))
            status, _ = self.send(bodies[number % len(bodies)])
            assert status == 200
            return time.monotonic() - due[number]

        with ThreadPoolExecutor(64) as pool:
            return list(pool.map(one, range(len(due))))

    def on_and_on(self, stop: threading.Event, answers: list, errors: list) -> None:
        rng = np.random.default_rng(threading.get_ident() % 2**32)
        while not stop.is_set():
            which = rng.integers(0, PICTURES, 4).tolist()
            try:
                answers.append((which, self.once(which)))
            except Exception as error:
                errors.append(repr(error))


@contextmanager
def programs(port: int) -> Iterator[None]:
    """The service and a web server, as the supervisor starts them."""
    from labeler.supervisor import programs as known

    commands = [known.serve(), known.web(f"127.0.0.1:{port + 1}")]
    started = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


# The bare loop ----------------------------------------------------------------------------


@contextmanager
def bare_loop() -> Iterator:
    """A process that measures the bare loop when it is told to."""
    command = [sys.executable, __file__, "bare"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(what: str, batch: int, seconds: float) -> float:
        process.stdin.write(f"{what} {batch} {seconds}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(30)


def bare() -> None:
    import django

    django.setup()
    from labeler.serving.loaded import Loaded
    from labeler.training.models import ModelVersion

    loaded = Loaded(ModelVersion.objects.select_related("project").get(number=1))
    blobs = [blob for _, blob in read_photos()]
    for line in sys.stdin:
        what, batch, seconds = line.split()
        measured = single if what == "single" else in_batches
        print(measured(loaded, blobs, int(batch), float(seconds)), flush=True)


def in_batches(loaded, blobs: list[bytes], batch: int, seconds: float) -> float:
    """Pictures per second; the next batch is decoded while the model works on this one."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:

        def decoding(at: int) -> list:
            some = (blobs[n % len(blobs)] for n in range(at, at + batch))
            return [pool.submit(loaded.prepared, blob) for blob in some]

        done, ahead, began = 0, decoding(0), time.monotonic()
        while time.monotonic() - began < seconds:
            ready, ahead = ahead, decoding(done + batch)
            loaded._judge(np.stack([each.result() for each in ready]))
            done += batch
        return done / (time.monotonic() - began)


def single(loaded, blobs: list[bytes], batch: int, seconds: float) -> float:
    """Seconds for one picture, the median."""
    times, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        loaded._judge(loaded.prepared(blobs[len(times) % len(blobs)])[None])
        times.append(time.monotonic() - began)
    return statistics.median(times)


# A project with real photos ---------------------------------------------------------------


def read_photos() -> list[tuple[str, bytes]]:
    """(label, bytes) of some photos of each label."""
    found: dict[str, list[bytes]] = {}
    with tarfile.open(PHOTOS) as archive:
        for member in archive:
            label = Path(member.name).parent.name
            if member.name.endswith(".jpg") and len(found.setdefault(label, [])) < EACH:
                found[label].append(archive.extractfile(member).read())
    return [(label, blob) for number in range(EACH) for label, some in sorted(found.items())
            for blob in some[number : number + 1]]  # fmt: skip


def prepare(photos: list[tuple[str, bytes]], swaps: int) -> tuple[str, int]:
    """A project whose first version learned from the photos, and copies of it, less sure each."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from labeler.projects import tokens
    from labeler.projects.models import Label, Project, User

    owner = User.objects.create_superuser("owner")
    project = Project.objects.create(
        name="Serving", audit_seed=1, audit_share=0.0, created_by=owner, next_row=len(photos)
    )
    names = sorted({label for label, _ in photos})
    Label.objects.bulk_create(
        Label(project=project, name=name, place=n) for n, name in enumerate(names)
    )
    fill(project, photos)
    train(project)
    copy(project, swaps)
    return tokens.issue(user=owner, name="benchmark")[1], project.pk


def fill(project, photos: list[tuple[str, bytes]]) -> None:
    """The photos as labeled, embedded images."""
    from labeler.labeling.models import Annotation
    from labeler.pools.models import Image
    from labeler.projects.models import Label
    from labeler.training import shards
    from labeler.training.models import Shard
    from ml import arrays, features
    from ml.images import open_image

    labels = {label.name: label for label in Label.objects.filter(project=project)}
    for row, (label, blob) in enumerate(photos):
        image = Image.objects.create(
            project=project, row=row, sha256=hashlib.sha256(blob + b"%d" % row).hexdigest(),
            name=f"{row}.jpg", width=1, height=1, format="JPEG", bytes=len(blob),
            key=row / len(photos), state="labeled",
        )  # fmt: skip
        said = Annotation.objects.create(
            uuid=uuid.uuid4(), project=project, image=image, user=project.created_by
        )
        said.labels.add(labels[label])
    found = features.get(project.features)
    table = found.embed(open_image(blob, at_least=found.size) for _, blob in photos)
    shard = Shard.objects.create(
        project=project, features=project.features, number=0, state="done",
        rows_wanted=len(photos), rows_done=len(photos),
    )  # fmt: skip
    arrays.write_shard(shards.path(shard), table)


def train(project) -> None:
    from labeler.training import rounds
    from labeler.training.models import Round
    from labeler.work.tasks import run

    asked = rounds.ask(project, Round.Reason.ASKED)
    Round.objects.filter(pk=asked.pk).update(not_before=None)
    run("round")
    asked.refresh_from_db()
    assert asked.state == "done", asked.error


def copy(project, swaps: int) -> None:
    from labeler.training import versions
    from labeler.training.models import ModelVersion, Round

    first = ModelVersion.objects.get(project=project)
    for number in range(2, swaps + 2):
        made = Round.objects.create(project=project, number=number, reason="asked", state="done")
        shutil.copytree(versions.folder(first), versions.folder(first).parent / str(number))
        version = ModelVersion.objects.get(pk=first.pk)
        version.pk, version.number, version.round, version.serving = None, number, made, False
        version.temperature = first.temperature * (1 + 0.05 * number)
        version.save()


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        bare()
    else:
        main()
