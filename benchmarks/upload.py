"""A large file sent to a real web server over loopback, against this machine's own limits.

    python benchmarks/upload.py [--bytes 1000000000] [--runs 3] [--files 500] [--folder DIR]

A site in an empty data folder takes the file in pieces (the tus protocol, as the page does), as one
part of a form, and beside them `cp` copies it and syncs the copy, on the same disk. Then many small
files go both ways, which says from which size on pieces are no slower than a form. The memory of
the web process is read from /proc meanwhile. The last line: the speed in pieces as a ratio of `cp`.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_STORAGE_URL")
PIECE = 64 << 20
BLOCK = 1 << 20
BEGIN = """
from labeler.projects import tokens
from labeler.projects.models import Project, User
user = User.objects.create_superuser("owner", password="a long enough phrase")
project = Project.objects.create(name="Upload", audit_seed=1, created_by=user)
print(project.pk, tokens.issue(user=user, name="benchmark")[1])
"""


class Site:
    """A gunicorn on a data folder of its own, as `manage.py up` starts it."""

    def __init__(self, data: Path) -> None:
        self.env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.env |= {"LABELER_DATA": str(data), "LABELER_MAX_BYTES": str(1 << 40)}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=self.env, check=True
        )
        told = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", BEGIN], cwd=ROOT, env=self.env,
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        project, self.token = told.split()[-2:]
        self.imports = f"/api/v1/projects/{project}/imports"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "labeler.wsgi", "--bind", f"127.0.0.1:{self.port}",
             "--worker-class", "gthread", "--threads", "8", "--log-level", "error"],
            cwd=ROOT, env=self.env | {"LABELER_DEBUG": "1"}, start_new_session=True,
        )  # fmt: skip
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz")
                    break
                time.sleep(0.1)
            self.worker = _child_of(server.pid)
            yield
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=30)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, blocksize=BLOCK)

    def ask(self, line: http.client.HTTPConnection, method: str, path: str, body: object = None,
            **headers: str) -> http.client.HTTPResponse:  # fmt: skip
        given = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(method, path, body=body, headers=given)  # type: ignore[arg-type]
        answer = line.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {text[:300]!r}")
        answer.text = text  # type: ignore[attr-defined]
        return answer

    def memory(self) -> float:
        """Megabytes that the worker holds now."""
        lines = Path(f"/proc/{self.worker}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1000


def _child_of(pid: int) -> int:
    for _ in range(100):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.1)
    sys.exit("The web server has no worker.")


# ---- The ways ---------------------------------------------------------------------------------


def by_copy(file: Path, beside: Path) -> None:
    """What the disk can do: cp, then sync the copy."""
    subprocess.run(["cp", "--reflink=never", str(file), str(beside)], check=True)
    with beside.open("rb") as copy:
        os.fsync(copy.fileno())
    beside.unlink()


def in_pieces(site: Site, files: list[Path]) -> None:
    """Open an import, send each file by tus, cancel."""
    line = site.connect()
    opened = site.ask(line, "POST", f"{site.imports}/open", b"{}", Content_Type="application/json")
    at = json.loads(opened.text)  # type: ignore[attr-defined]
    for file in files:
        size = file.stat().st_size
        name = base64.b64encode(file.name.encode()).decode()
        told = {"Upload_Length": str(size), "Upload_Metadata": f"filename {name}"}
        where = site.ask(line, "POST", at["uploads_url"], **told).headers["Location"]
        with file.open("rb") as source:
            for offset in range(0, size, PIECE):
                length = min(PIECE, size - offset)
                head = {"Upload_Offset": str(offset), "Content_Length": str(length),
                        "Content_Type": "application/offset+octet-stream"}  # fmt: skip
                site.ask(line, "PATCH", where, _blocks(source, length), **head)
    site.ask(line, "POST", f"{site.imports}/{at['id']}/cancel")


def _blocks(source: object, length: int) -> Iterator[bytes]:
    while length:
        block = source.read(min(BLOCK, length))  # type: ignore[attr-defined]
        length -= len(block)
        yield block


def as_form(site: Site, files: list[Path], most: int = 100) -> None:
    """Parts of forms, `most` in each; the import is cancelled."""
    for start in range(0, len(files), most):
        batch = files[start : start + most]
        heads = [
            b"--limit\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%b\"\r\n\r\n"
            % file.name.encode() for file in batch
        ]  # fmt: skip
        size = sum(
            len(head) + file.stat().st_size + 2 for head, file in zip(heads, batch, strict=True)
        )

        def body(batch: list[Path] = batch, heads: list[bytes] = heads) -> Iterator[bytes]:
            for head, file in zip(heads, batch, strict=True):
                yield head
                with file.open("rb") as source:
                    yield from _blocks(source, file.stat().st_size)
                yield b"\r\n"
            yield b"--limit--\r\n"

        line = site.connect()
        head = {
            "Content_Type": "multipart/form-data; boundary=limit",
            "Content_Length": str(size + 11),
        }
        made = site.ask(line, "POST", site.imports, body(), **head)
        number = json.loads(made.text)["id"]  # type: ignore[attr-defined]
        site.ask(line, "POST", f"{site.imports}/{number}/cancel")


# ---- Measuring --------------------------------------------------------------------------------


def seconds(work: Callable[[], None]) -> float:
    os.sync()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Watch:
    """The most memory that the web process held meanwhile."""

    def __init__(self, site: Site) -> None:
        self.site, self.most, self.over = site, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self.before = self.site.memory()
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(0.05):
            self.most = max(self.most, self.site.memory())


def made(folder: Path, count: int, size: int) -> list[Path]:
    """Files of random bytes."""
    folder.mkdir()
    for n in range(count):
        with (folder / f"{n:05}.bin").open("wb") as file:
            for left in range(size, 0, -BLOCK):
                file.write(os.urandom(min(BLOCK, left)))
    return sorted(folder.iterdir())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--bytes", type=int, default=1_000_000_000)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--files", type=int, default=500, help="megabytes of smaller files")
    arguments.add_argument("--folder", help="on the disk to be measured, if not the one of /tmp")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        here = Path(folder)
        (here / "data").mkdir()
        site = Site(here / "data")
        with site.running():
            ratio = large(site, here, wanted.bytes, wanted.runs)
            small(site, here, wanted.files * 1_000_000)
    print(f"in pieces: {ratio:.2f} of the speed of cp and sync")


def large(site: Site, here: Path, size: int, runs: int) -> float:
    """Speeds of the three ways with one file; the first as a ratio of cp's."""
    (file,) = made(here / "large", 1, size)
    ways = {
        "cp and sync": lambda: by_copy(file, here / "copy.bin"),
        "in pieces": lambda: in_pieces(site, [file]),
        "as a form": lambda: as_form(site, [file]),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs):  # in turns: the machine is not the same all the time
        for name, way in ways.items():
            with Watch(site) as watch:
                took[name].append(seconds(way))
            told = f"{size / took[name][-1] / 1e6:.0f} MB/s, the web process held"
            print(
                f"{name}: {told} {watch.before:.0f} MB before, {watch.most:.0f} at most", flush=True
            )
    speed = {name: size / statistics.median(times) for name, times in took.items()}
    print("median: " + ", ".join(f"{name} {each / 1e6:.0f} MB/s" for name, each in speed.items()))
    return speed["in pieces"] / speed["cp and sync"]


def small(site: Site, here: Path, total: int) -> None:
    """From which size on pieces are no slower than a form."""
    for size in (100_000, 1_000_000, 4_000_000, 8_000_000, 32_000_000):
        files = made(here / f"small-{size}", max(1, min(500, total // size)), size)
        forms = [
            files[n : n + max(1, 8_000_000 // size)]
            for n in range(0, len(files), max(1, 8_000_000 // size))
        ]
        as_forms = seconds(lambda forms=forms: [as_form(site, each) for each in forms])  # type: ignore[misc]
        pieces = seconds(lambda files=files: in_pieces(site, files))  # type: ignore[misc]
        sent = sum(file.stat().st_size for file in files) / 1e6
        speeds = f"forms {sent / as_forms:.0f} MB/s, pieces {sent / pieces:.0f} MB/s"
        ratio = as_forms / pieces
        print(f"{len(files)} of {size / 1e6:g} MB: {speeds}, ratio {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
