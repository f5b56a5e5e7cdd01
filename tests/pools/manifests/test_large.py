"""A manifest of very many rows, in processes of their own: flat memory; killed again and again."""

import json
import random
import signal
import sqlite3
import time

import pytest

from tests.conftest import picture
from tests.pools.conftest import laid_out
from tests.pools.test_crash import ask, counts, manage, place, starting, wait_for

__all__ = ["place"]  # a fixture
ROWS = 300_000

LOOK = """
import json, resource, time
from django.core.management import call_command
from labeler.pools import importing, imports
from labeler.pools.models import Import
from labeler.projects.models import Project, User
from labeler.work import leases

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def look(path):
    imp = imports.start(project=Project.objects.get(), user=User.objects.get(), source="folder",
                        path=path, asks=True, anywhere=True)
    importing.run(leases.claim(Import, imp.pk), patient=False)
    imp.refresh_from_db()
    return imp

look("{small}")
before, began = peak(), time.monotonic()
imp = look("{large}")
print(json.dumps([imp.state, imp.plan["rows"], imp.plan["matched"], imp.plan["missing"],
                  peak() - before, round(time.monotonic() - began, 1)]))
"""


def many_rows(folder, rows):
    """A table of so many rows, of which ten have a file."""
    files = [(f"pictures/{n:06}.png", picture(n)) for n in range(10)]
    laid_out(folder, files)
    with (folder / "labels.csv").open("w") as table:
        table.write("file,label\n")
        for n in range(rows):
            table.write(f"gs-bucket/leaves/2024/some-longer-folder/{n:06}.png,c{n % 50}\n")
    return folder


@pytest.mark.slow
def test_many_rows_are_read_with_flat_memory(place, tmp_path):
    small, large = many_rows(tmp_path / "a", 1000), many_rows(tmp_path / "b", ROWS)
    code = LOOK.replace("{small}", str(small)).replace("{large}", str(large))
    found = json.loads(manage(place, "shell", "-v0", "-c", code))
    state, rows, matched, missing, grown, seconds = found
    assert (state, rows, matched, missing) == ("waiting", ROWS, 10, ROWS - 10)
    assert grown < 60, f"{grown} MiB more for {ROWS:,} rows"
    assert seconds < 120


COUNT = 400
RESUME = """
import json
from labeler.labeling.models import Annotation
from labeler.pools import importing
from labeler.pools.models import Import, Refusal
from labeler.work import leases
imp = Import.objects.get()
if imp.is_open:
    Import.objects.update(lease_until="2000-01-01T00:00:00Z", attempts=0)
    importing.run(leases.claim(Import), patient=False)
    imp.refresh_from_db()
print(json.dumps([imp.state, imp.total, imp.added, imp.duplicates, imp.refused, imp.labels_added,
                  Annotation.objects.count(), Refusal.objects.count()]))
"""


@pytest.mark.slow
def test_killed_at_any_point_it_ends_with_exactly_what_the_manifest_says(place, tmp_path):
    folder = tmp_path / "in"
    laid_out(folder, [(f"{n:04}.png", picture(n)) for n in range(COUNT)])
    with (folder / "labels.csv").open("w") as table:
        table.write("file,label\n")
        for n in range(COUNT + 20_000):  # enough for a look that can be killed; 20,000 are missing
            table.write(f"{n:04}.png,c{n % 7}\n")
    worker = starting(place, "import_pool", "P", str(folder))
    kept = tmp_path / "data" / "staging"
    wait_for(lambda: list(kept.glob("*/manifest.building")))  # in the middle of its first look
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    chance = random.Random(4)
    for _ in range(4):
        script = RESUME.replace("print(", "0 and print(")
        worker = starting(place, "shell", "-v0", "-c", script)
        wait_for(lambda at=worker: at.poll() is not None or lease(place) > "2001")
        time.sleep(chance.random() * 2)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    found = json.loads(manage(place, "shell", "-v0", "-c", RESUME))
    total = COUNT + 20_000
    assert found == ["done", total, COUNT, 0, 20_000, COUNT, COUNT, 501]
    assert counts(place) == (COUNT, COUNT, 0, COUNT - 1)
    wrong = """
        select count(*) from pools_image join labeling_annotation on image_id = pools_image.id
        join labeling_annotation_labels on annotation_id = labeling_annotation.id
        join projects_label on label_id = projects_label.id
        where projects_label.name <> 'c' || (cast(substr(pools_image.name, 1, 4) as int) % 7)
    """
    assert ask(place, wrong) == [(0,)]
    assert not list(kept.glob("*"))


def lease(env: dict) -> str:
    try:
        return str(ask(env, "select max(coalesce(lease_until, '')) from pools_import")[0][0])
    except sqlite3.OperationalError:
        return ""
