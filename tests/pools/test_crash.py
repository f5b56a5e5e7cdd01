"""Real processes, really killed, on a real database file."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import picture
from tests.pools.conftest import laid_out

ROOT = Path(__file__).parents[2]
COUNT = 1500
OFTEN = 4500  # more chunks than ten workers bring in before they are killed
LATER = 30.0  # seconds a condition may take on a busy machine

SETUP = """
from labeler.projects.models import Project, User
owner = User.objects.create_superuser("owner")
Project.objects.create(name="P", audit_seed=1, created_by=owner)
"""


@pytest.fixture
def place(tmp_path):
    """A data folder with its database, and the environment that leads there."""
    chosen = ("DATABASE_URL", "LABELER_TEST_DB_SUFFIX")
    env = {key: value for key, value in os.environ.items() if key not in chosen}
    env |= {"LABELER_DATA": str(tmp_path / "data"), "CELERY_BROKER_URL": "folder://"}
    (tmp_path / "data").mkdir()
    manage(env, "migrate", "-v0")
    manage(env, "shell", "-v0", "-c", SETUP)
    return env


def command(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def manage(env: dict, *arguments: str) -> str:
    done = subprocess.run(command(*arguments), env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(env: dict, sql: str) -> list[tuple]:
    with sqlite3.connect(Path(env["LABELER_DATA"]) / "labeler.sqlite3", timeout=20) as database:
        return database.execute(sql).fetchall()


def wait_for(condition) -> None:
    end = time.monotonic() + LATER
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def starting(env: dict, *arguments: str) -> subprocess.Popen:
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command(*arguments), env=env, **quiet)


RESUME = """
import json
from labeler.pools import importing
from labeler.pools.models import Import
from labeler.work import leases
importing.run(leases.claim(Import), patient=False)
imp = Import.objects.get()
print(json.dumps([imp.state, imp.total, imp.added, imp.duplicates, imp.refused]))
"""


def counts(env: dict) -> tuple[int, int, int, int]:
    """Images, different rows, lowest and highest row."""
    return ask(env, "select count(*), count(distinct row), min(row), max(row) from pools_image")[0]


def originals(place: Path) -> int:
    """Files that are stored; the small pictures of these tests have no copies."""
    return sum(f.is_file() for f in (place / "data" / "files").glob("[0-9]*/**/*"))


@pytest.mark.slow
def test_a_killed_import_goes_on_exactly_where_it_stopped(place, tmp_path):
    folder = laid_out(tmp_path / "in", [(f"{n:04}.png", picture(n)) for n in range(COUNT)])
    worker = starting(place, "import_pool", "P", str(folder))
    wait_for(lambda: ask(place, "select coalesce(sum(added), 0) from pools_import")[0][0] > 0)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    came = counts(place)
    assert 0 < came[0] < COUNT, "killed too late to show anything"
    assert ask(place, "select added from pools_import") == [(came[0],)], "a chunk is whole"

    ask(place, "update pools_import set lease_until = '2000-01-01'")
    out = manage(place, "shell", "-v0", "-c", RESUME)
    assert json.loads(out) == ["done", COUNT, COUNT, 0, 0]
    assert counts(place) == (COUNT, COUNT, 0, COUNT - 1)
    assert originals(tmp_path) == COUNT


RUN = """
from labeler.pools import importing, imports
from labeler.pools.models import Import
from labeler.work import leases
imp = Import.objects.get()
if imp.state == "failed":  # it killed its workers three times: somebody presses Try again
    imports.again(imp)
importing.run(leases.claim(Import), patient=False)
"""


@pytest.mark.slow
def test_an_import_killed_ten_times_ends_with_exactly_its_source(place, tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    laid_out(tmp_path / "in", [(f"{n:04}.png", picture(n)) for n in range(OFTEN)])
    start = STARTED.format(path=str(tmp_path / "in"))
    manage(place, "shell", "-v0", "-c", start)
    for kill in range(10):
        kill_in_the_middle(place, chance, after_a_chunk=bool(kill % 2))
    assert ask(place, "select state from pools_import") != [("done",)], "killed too late"
    manage(place, "shell", "-v0", "-c", RUN)
    assert ask(place, "select state, total, added, duplicates, refused from pools_import") == [
        ("done", OFTEN, OFTEN, 0, 0)
    ]
    assert counts(place) == (OFTEN, OFTEN, 0, OFTEN - 1)
    names = {name for (name,) in ask(place, "select name from pools_image")}
    assert names == {f"{n:04}.png" for n in range(OFTEN)}
    assert originals(tmp_path) == OFTEN


STARTED = """
from labeler.pools import imports
from labeler.projects.models import Project
p = Project.objects.get()
imports.start(project=p, user=p.created_by, source="folder", path={path!r}, anywhere=True)
"""


def kill_in_the_middle(env: dict, chance: random.Random, *, after_a_chunk: bool) -> None:
    """Let a worker claim the import and end it, before its first chunk is in or after it."""
    taken, came = ask(env, "select lease_no, added from pools_import")[0]
    worker = starting(env, "shell", "-v0", "-c", RUN)
    wait_for(lambda: ask(env, "select lease_no from pools_import")[0][0] > taken)
    if after_a_chunk:
        wait_for(lambda: ask(env, "select added from pools_import")[0][0] > came)
    time.sleep(chance.uniform(0, 0.1))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    ask(env, "update pools_import set lease_until = '2000-01-01' where state = 'running'")


@pytest.mark.slow
def test_the_same_folder_imported_twice_at_once_is_one_pool(place, tmp_path):
    folder = laid_out(tmp_path / "in", [(f"{n:04}.png", picture(n)) for n in range(600)])
    both = [starting(place, "import_pool", "P", str(folder), "--json") for _ in range(2)]
    results = [json.loads(process.communicate()[0])[0] for process in both]
    assert [result["state"] for result in results] == ["done", "done"]
    assert sum(result["added"] for result in results) == 600
    assert sum(result["duplicates"] for result in results) == 600
    assert counts(place) == (600, 600, 0, 599)
