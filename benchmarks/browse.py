"""A page of 100 tiles at any offset of a large pool, behind each filter, beside 100 ms.

python benchmarks/browse.py [--images 1000000] [--labels 10] [--answers 100000] [--pages 40]
    [--keep FOLDER]

Makes a pool of its own in a temporary folder, or in one that is kept and used again, on SQLite or
in the (empty) database that DATABASE_URL names. Every page is asked for through the whole web
application, sign-in and permissions included. "First" is the first page of a filter, which works
its rows out; the other pages lie at random offsets. "cpu" is the processor's own time, for the
first page and for the rest: what a machine that does nothing else would take. What a process does
once after a start is told apart.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import make_pool

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

GOAL_MS = 100
SPLITS = ("", "train", "test")
DATES = 1_001
CAMERAS = ("Nikon D5", "Canon EOS R5", "Pixel 8", "")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--images", type=int, default=1_000_000)
    arguments.add_argument("--labels", type=int, default=10)
    arguments.add_argument("--answers", type=int, default=100_000)
    arguments.add_argument("--pages", type=int, default=40)
    arguments.add_argument("--keep", metavar="FOLDER")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(given.keep or folder)
        kept.mkdir(parents=True, exist_ok=True)
        begin(str(kept))
        began = time.perf_counter()
        project, labels = pool(given.images, given.labels, min(given.answers, given.images))
        print(f"{given.images:,} images made in {time.perf_counter() - began:.0f} s")
        measure(project, labels, given.pages)


def begin(folder: str) -> None:
    os.environ["LABELER_DATA"] = folder
    os.environ.setdefault("LABELER_SECRET_KEY", "b" * 60)
    os.environ["DJANGO_SETTINGS_MODULE"] = "labeler.settings"
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": plain}}
    call_command("migrate", verbosity=0)


# The pool ---------------------------------------------------------------------------------


def pool(images: int, labels: int, answers: int) -> tuple[Any, list[Any]]:
    """Images with names and cameras; every tenth labeled; predictions of all."""
    from labeler.exploring import prepared
    from labeler.projects.models import Label, Project, User

    if kept := Project.objects.order_by("pk").first():
        if not prepared.newest(kept):
            prepare(kept)
        return kept, list(Label.objects.filter(project=kept).order_by("place"))
    owner = User.objects.create_superuser("owner", password=None)
    project = Project.objects.create(
        name="Large", audit_seed=1, created_by=owner, next_row=images, features="pixels"
    )
    ids = make_pool.label_ids(project, labels)
    make_pool.write_images(
        project, images, name=lambda row: f"visit-{row % 97}/leaf-{row:07}.jpg", exif=exif,
        split=lambda row: SPLITS[row % 50] if row % 50 < 3 else "",
        is_audit=lambda row: row % 2_500 == 0,
    )  # fmt: skip
    make_pool.answer(project, ids, images, answers)
    make_pool.write_model(project, ids, images)
    prepare(project)
    return project, list(Label.objects.filter(project=project).order_by("place"))


def exif(row: int) -> dict[str, str]:
    """When the row's picture was taken, and by which camera."""
    n = row * 7 % DATES
    taken = f"2024-{n % 12 + 1:02}-{n % 28 + 1:02} 10:{n % 60:02}:00"
    camera = CAMERAS[row % len(CAMERAS)]
    return {"DateTimeOriginal": taken, "Model": camera} if camera else {}


def prepare(project: Any) -> None:
    """What a worker does before the first look."""
    from labeler.exploring import prepared, surveys
    from labeler.exploring.models import Survey
    from labeler.work import leases

    prepared.wish(project)
    row = leases.claim(Survey)
    began = time.perf_counter()
    surveys.run(row)
    facts = sum(file.stat().st_size for file in surveys.folder(row).iterdir()) / 1e6
    print(f"Prepared by a worker in {time.perf_counter() - began:.1f} s, {facts:.0f} MB of files")
    assert prepared.newest(project)


# The pages --------------------------------------------------------------------------------


def filters(labels: list[Any]) -> dict[str, str]:
    one = labels[0].pk
    return {
        "everything": "",
        "newest first": "order=-row",
        "people say": f"label={one}",
        "not labeled": "label=none",
        "state": "state=labeled",
        "split": "split=test",
        "import": "import=1",
        "person": "person=1",
        "without the audit sample": "audit=no",
        "the model says": f"predicted={one}",
        "confidence": "low=0.5&high=0.9",
        "least sure first": "order=confidence",
        "smallest margin first": "order=margin",
        "a name": "q=leaf-0001",
        "a common word": "q=jpg",
        "a camera": "q=nikon",
        "two words": "q=visit-13+canon",
        "all of it": f"label=none&predicted={one}&low=0.3&split=none&q=pixel&order=entropy",
        "by name": "order=name",
        "by date of the photo": "order=-taken",
        "a piece of many names": "q=.jpg",
        "a piece across signs": "q=leaf-0",
        "one digit": "q=1",
        "one sign": "q=-",
        "three words": "q=visit-1+2024-05+nikon",
        "label and word by margin": "label=none&q=jpg&order=margin",
        "split and sureness by name": "split=none&low=0.2&order=name",
        "word and sureness by date": "q=leaf&low=0.3&order=-taken",
    }


def measure(project: Any, labels: list[Any], pages: int) -> None:
    from django.test import Client

    client = Client()
    client.force_login(project.created_by)
    base = f"/projects/{project.pk}/explore"
    timed(client, "/projects/new")  # what every process loads with its first request
    print("Once after a start of the process:")
    for words, path in (("rows read", "images?count=1"), ("names read", "images?q=zzz&count=1")):
        print(f"  {words:<12} {timed(client, f'{base}/{path}')[0]:8.0f} ms")
    timed(client, f"{base}/images?order=name&count=1")
    print(f"  {'page':<12} {timed(client, base)[0]:8.0f} ms")
    print(f"  {'counts':<12} {timed(client, f'{base}/counts')[0]:8.0f} ms")
    print(
        f"{'filter':<26} {'images':>10} {'first':>8} {'p50':>8} {'p95':>8} {'of 100 ms':>10}"
        f" {'cpu':>8} {'cpu p95':>8}"
    )
    worst = [row(client, base, *each, pages) for each in filters(labels).items()]
    for place, words in enumerate(("first page", "p95")):
        slowest = max(each[place] for each in worst)
        print(f"worst {words}: {slowest:.0f} ms, {slowest / GOAL_MS:.2f} of the goal")


def timed(client: Any, url: str) -> tuple[float, Any]:
    """Milliseconds, with the processor's own time for it as `response.busy`."""
    began, busy = time.perf_counter(), time.process_time()
    response = client.get(url)
    spent = 1000 * (time.perf_counter() - began)
    response.busy = 1000 * (time.process_time() - busy)
    assert response.status_code == 200, (url, response.content[:300])
    return spent, response


def row(client: Any, base: str, name: str, query: str, pages: int) -> tuple[float, float]:
    first, response = timed(client, f"{base}/images?{query}&count=100")
    told = response.json()
    total, spent, busy = told["total"], [], [response.busy]
    for _ in range(pages):
        at = random.randrange(max(1, total))
        url = f"{base}/images?{query}&offset={at}&count=100&at={told['stamp']}"
        took, response = timed(client, url)
        spent.append(took)
        busy.append(response.busy)
    p95 = statistics.quantiles(spent, n=20)[-1]
    middle = statistics.median(spent)
    figures = f"{first:>8.0f} {middle:>8.0f} {p95:>8.0f} {p95 / GOAL_MS:>10.2f}"
    alone = f"{busy[0]:>8.0f} {statistics.quantiles(busy[1:], n=20)[-1]:>8.0f}"
    print(f"{name:<26} {total:>10,} {figures} {alone}", flush=True)
    return first, p95


if __name__ == "__main__":
    main()
