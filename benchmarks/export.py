"""Export of many answers in each format, beside a bare loop that reads the same rows as CSV.

python benchmarks/export.py [--answers 100000]

The bare loop, plain sqlite3 and csv without Django, is what this machine can do at best. Each
format is written by a process of its own, so that its memory is its own: growth is the most it
held beyond what it held before the first row.
"""

import argparse
import csv
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LABELS = 10
TARGET = 10.0  # seconds for each text format
BARE = """
    SELECT i.id, l.name, i.name, i.sha256, u.username, a.created_at, a.source, a.strategy, a.score,
           a.rank, a.version, a.audit, a.suggestion_shown, a.elapsed_ms
    FROM labeling_annotation a
    JOIN pools_image i ON i.id = a.image_id
    JOIN projects_user u ON u.id = a.user_id
    JOIN labeling_annotation_labels al ON al.annotation_id = a.id
    JOIN projects_label l ON l.id = al.label_id
    WHERE a.current
"""


def held() -> int:
    """The most memory this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def django() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "labeler.settings"
    import django as framework

    framework.setup()


def make(answers: int) -> None:
    """A project whose every image has one answer, one tenth of them two."""
    django()
    from uuid import uuid4

    from django.core.management import call_command

    from labeler.labeling.models import Annotation
    from labeler.pools.models import Image
    from labeler.projects.models import Label, Project, User

    call_command("migrate", verbosity=0)
    users = [User.objects.create(username=f"person {n}") for n in range(4)]
    images = answers * 10 // 11
    project = Project.objects.create(
        name="Export", audit_seed=1, created_by=users[0], next_row=images
    )
    labels = [Label.objects.create(project=project, name=f"l{n}", place=n) for n in range(LABELS)]
    splits = ["train", "train", "validation", "test", ""]
    made = [
        Image(project=project, row=row, sha256=f"{row:064x}", name=f"folder/leaf {row}.jpg",
              width=640, height=480, format="JPEG", bytes=90_000, key=row / images,
              state="labeled", split=splits[row % 5], audit=row % 100 == 0)
        for row in range(images)
    ]  # fmt: skip
    Image.objects.bulk_create(made, batch_size=2000)
    ids = list(Image.objects.order_by("row").values_list("pk", flat=True))
    ids += ids[: answers - images]
    rows = [
        Annotation(uuid=uuid4(), project=project, image_id=pk, user=users[n >= images],
                   strategy="margin", score=0.4, rank=n % 500, version=3, audit=n % 100 == 0,
                   suggestion_shown=True, elapsed_ms=900 + n % 700)
        for n, pk in enumerate(ids)
    ]  # fmt: skip
    Annotation.objects.bulk_create(rows, batch_size=2000)
    through = Annotation.labels.through
    pairs = zip(
        Annotation.objects.order_by("pk").values_list("pk", flat=True), range(answers), strict=True
    )
    through.objects.bulk_create(
        (through(annotation_id=pk, label=labels[n % images % LABELS]) for pk, n in pairs),
        batch_size=4000,
    )


def bare(database: Path, target: Path) -> None:
    """Read and write, with nothing in between."""
    began = time.perf_counter()
    with target.open("w", newline="") as file, sqlite3.connect(database) as rows:
        csv.writer(file).writerows(rows.execute(BARE))
    print(json.dumps({"seconds": time.perf_counter() - began}))


def export(key: str, target: Path) -> None:
    """One format, as the command writes it."""
    django()
    from labeler.labeling import exporting
    from labeler.projects.models import Project

    project = Project.objects.get()
    format = exporting.FORMATS[key]
    if "parquet" in key:
        import pyarrow.parquet  # noqa: F401 - not counted as rows
    before, began = held(), time.perf_counter()
    size, first = 0, 0.0
    with target.open("wb") as file:
        for piece in format.pieces(project):
            first = first or time.perf_counter() - began
            size += file.write(piece)
    taken = time.perf_counter() - began
    grown = held() - before
    print(json.dumps({"seconds": taken, "grown": grown, "bytes": size, "first": first}))


def child(environment: dict[str, str], *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {}


def compare(answers: int, folder: Path) -> None:
    environment = os.environ | {
        "LABELER_DATA": str(folder), "DATABASE_URL": f"sqlite:///{folder}/labeler.sqlite3",
    }  # fmt: skip
    child(environment, "--make", str(answers))
    limit = min(
        child(environment, "--bare", str(folder / "labeler.sqlite3"), str(folder / "bare.csv"))[
            "seconds"
        ]
        for _ in range(3)
    )
    print(f"{answers:,} answers; the bare loop: {limit:.2f} s, {answers / limit:,.0f} a second\n")
    print(f"{'format':18} {'s':>6} {'answers/s':>10} {'×bare':>6} {'first s':>8} {'MB more':>8}")
    os.environ |= environment
    django()
    from labeler.labeling import exporting

    late = []
    for key, format in exporting.FORMATS.items():
        if format.write is None:
            continue
        told = child(environment, "--export", key, str(folder / "out"))
        seconds = told["seconds"]
        print(
            f"{key:18} {seconds:6.2f} {answers / seconds:10,.0f} {seconds / limit:6.1f} "
            f"{told['first']:8.2f} {told['grown'] / 1e6:8.1f}"
        )
        late += [key] if seconds > TARGET * answers / 100_000 else []
    print(f"\nslower than {TARGET:.0f} s for 100,000: {', '.join(late) or 'none'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--bare", nargs=2, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make(given.make)
    elif given.bare:
        bare(*given.bare)
    elif given.export:
        export(given.export[0], Path(given.export[1]))
    else:
        with tempfile.TemporaryDirectory() as made_folder:
            compare(given.answers, Path(made_folder))
