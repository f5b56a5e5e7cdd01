"""Images per second of a real import against a bare loop on the same machine, and its memory.

    python benchmarks/import.py [--images 1000] [--pairs 3] [--long 100000]

The real work is what `manage.py import_pool` does with a folder: list, read, hash, decode and
shrink in child processes, store each file synced, write rows. The bare loop reads, hashes, decodes,
shrinks with the same library and writes original and derivatives, in one process per core, with no
sync, no database and no limits on what a hostile picture may do. Both are measured in turns; the
ratio is the median of the pairs' and its goal 0.80.

With --long one import of so many images follows: the time and the processor time per image of
each tenth against the first, and the largest memory of any of its processes from the first thousand
images to the last.

Reads the pack `photos.tar` from the folder in LABELER_TEST_DATA (default: ../shared/data). Every
image is made different by a few bytes after its end.
"""

import argparse
import hashlib
import itertools
import os
import secrets
import statistics
import sys
import tarfile
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from processes import cpu_seconds, resident_mib

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

PACKS = Path(os.environ.get("LABELER_TEST_DATA", ROOT.parent / "shared" / "data"))
GOAL = 0.80
MEMORY_GOAL = 400  # MiB in any process
PER_FOLDER = 1_000
LIMITS = {"max_pixels": 50_000_000, "max_side": 20_000, "max_bytes": 50 * 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--long", type=int, default=0, metavar="IMAGES")
    options = parser.parse_args()
    if 0 < options.long < 10_000:
        parser.error("--long takes 10,000 images at least")
    pack = PACKS / "photos.tar"
    if not pack.exists():
        print(f"Skipped: {pack} is not here; set LABELER_TEST_DATA to the folder of image packs.")
        return
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {
            "LABELER_DATA": f"{place}/data",
            "DJANGO_SETTINGS_MODULE": "labeler.settings",
            "DATABASE_URL": f"sqlite:///{place}/data/labeler.sqlite3",
            "CELERY_BROKER_URL": "folder://",
            "LABELER_SECRET_KEY": secrets.token_hex(40),
        }
        begin()
        ratios = [pair(pack, Path(place), n, options.images) for n in range(options.pairs)]
        ratio = statistics.median(ratios)
        print(f"ratio {ratio:.2f} of the bare loop (median of {len(ratios)} pairs, goal {GOAL})")
        good = ratio >= GOAL
        if options.long:
            good &= long_run(pack, Path(place), options.long)
    sys.exit(int(not good))


def begin() -> None:
    import django

    Path(os.environ["LABELER_DATA"]).mkdir()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def lay_out(pack: Path, folder: Path, count: int, name: str) -> Path:
    """Write so many different photos below the folder."""
    with tarfile.open(pack) as tar:
        photos = [tar.extractfile(m).read() for m in tar if m.name.endswith(".jpg")]
    for n in range(count):
        file = folder / f"{n // PER_FOLDER:03}" / f"{n:07}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photos[n % len(photos)] + f"{name} {n}".encode())
    return folder


def pair(pack: Path, place: Path, number: int, count: int) -> float:
    """The real work's speed as a share of the bare loop's, over the same files."""
    folder = lay_out(pack, place / f"pair{number}", count, f"pair {number}")
    if number % 2:
        real, bare = real_speed(folder), bare_speed(folder, place)
    else:
        bare, real = bare_speed(folder, place), real_speed(folder)
    print(f"import {real:.0f} images/s, bare loop {bare:.0f} images/s: {real / bare:.2f}")
    return real / bare


def bare_speed(folder: Path, place: Path) -> float:
    """Images per second of the bare loop, its processes already started."""
    files = sorted(folder.rglob("*.jpg"))
    with tempfile.TemporaryDirectory(dir=place) as out, ProcessPoolExecutor() as processes:
        list(processes.map(bare, files[:8], [out] * 8))
        started = time.perf_counter()
        list(processes.map(bare, files, [out] * len(files), chunksize=16))
        return len(files) / (time.perf_counter() - started)


def bare(file: Path, out: str) -> None:
    from labeler.pools.decoder import look

    data = file.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    _facts, thumb, screen = look(data, LIMITS)
    for end, content in (("", data), (".thumb", thumb), (".screen", screen)):
        if content:
            (Path(out) / f"{sha256}{end}").write_bytes(content)


def real_speed(folder: Path) -> float:
    """Images per second of an import, its children already started."""
    from labeler.pools import decoding

    first = next(folder.rglob("*.jpg")).read_bytes()
    list(decoding.decode([first] * 8))
    imp = started_import(folder)
    started = time.perf_counter()
    run(imp)
    seconds = time.perf_counter() - started
    imp.refresh_from_db()
    assert imp.state == imp.State.DONE and imp.added, (imp.state, imp.error)
    return imp.added / seconds


def started_import(folder: Path):
    from labeler.pools import imports
    from labeler.projects.models import Project, User

    owner, _ = User.objects.get_or_create(username="owner")
    project = Project.objects.create(name=folder.name, audit_seed=1, created_by=owner)
    return imports.start(
        project=project, user=owner, source="folder", path=str(folder), anywhere=True
    )


def run(imp, watch=lambda imp: None) -> None:
    from labeler.pools import importing
    from labeler.pools.models import Import
    from labeler.work import leases

    importing.run(leases.claim(Import, imp.pk), watch=watch, patient=False)


def long_run(pack: Path, place: Path, count: int) -> bool:
    """Whether one large import keeps its pace and its memory."""
    folder = lay_out(pack, place / "long", count, "long")
    marks = [Mark(0, 0.0, 0.0, 0.0)]
    peak = Peak()
    started, spent = time.perf_counter(), cpu_seconds(os.getpid())

    def mark(imp) -> None:
        used = cpu_seconds(os.getpid()) - spent
        marks.append(Mark(imp.read, time.perf_counter() - started, used, peak.take()))

    run(started_import(folder), mark)
    peak.stop()
    tenths = [next(m for m in marks if m.images >= count * part / 10) for part in range(11)]
    wall = [later.since(before).seconds for before, later in itertools.pairwise(tenths)]
    work = [later.since(before).processor for before, later in itertools.pairwise(tenths)]
    early = max(m.mib for m in marks if m.images <= max(1000, marks[1].images))
    highest = max(m.mib for m in marks)
    print("ms per image in each tenth:      " + " ".join(f"{1000 * each:.2f}" for each in wall))
    print("ms of processor time in each:    " + " ".join(f"{1000 * each:.2f}" for each in work))
    print(f"last tenth {wall[-1] / wall[0]:.2f} of the first; in processor time, which another "
          f"load disturbs less, {work[-1] / work[0]:.2f} (goal within 10 %)")  # fmt: skip
    print(f"memory of the largest process: {early:.0f} MiB early, {highest:.0f} MiB at most")
    return abs(work[-1] / work[0] - 1) <= 0.10 and highest <= MEMORY_GOAL


class Mark(NamedTuple):
    """How far an import was: images, seconds, processor seconds of all its processes, and the
    largest memory of any of them since the last mark."""

    images: int
    seconds: float
    processor: float
    mib: float

    def since(self, before: "Mark") -> "Mark":
        """Seconds per image between two marks."""
        images = self.images - before.images
        seconds = (self.seconds - before.seconds) / images
        return Mark(images, seconds, (self.processor - before.processor) / images, self.mib)


class Peak(threading.Thread):
    """The largest resident memory, in MiB, of this process and its children, between looks."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.over = 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.05):
            self.highest = max(self.highest, resident_mib(os.getpid()))

    def take(self) -> float:
        seen, self.highest = self.highest, 0.0
        return seen

    def stop(self) -> None:
        self.over.set()


if __name__ == "__main__":
    main()
