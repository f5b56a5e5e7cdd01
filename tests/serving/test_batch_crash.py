"""A real process that judges, really killed: no row is lost or doubled."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.serving.taught import stripes

ROOT = Path(__file__).parents[2]
COUNT, KILLS = 120, 2
LATER = 60.0  # seconds a condition may take on a busy machine

SETUP = """
from pathlib import Path
from labeler.projects.models import Label, Project, User
from labeler.serving import orders
from tests.serving.taught import teach
owner = User.objects.create_superuser("owner")
project = Project.objects.create(name="P", audit_seed=1, created_by=owner)
for place, name in enumerate(["healthy", "rust", "mildew"]):
    Label.objects.create(project=project, name=name, place=place, key=str(place + 1))
teach(project)
orders.of_places(project, owner, [{place!r}], anywhere=True)
"""

JUDGE = """
from labeler.serving import chunks, judging
from labeler.serving.models import BatchPrediction
from labeler.work import leases
chunks.FILES = 4
BatchPrediction.objects.filter(state="running").update(lease_until="2000-01-01T00:00Z")
row = leases.claim(BatchPrediction)
judging.run(row, patient=False)
"""


@pytest.fixture
def place(tmp_path):
    """A data folder with a model and a batch that waits; the environment that leads there."""
    chosen = ("DATABASE_URL", "LABELER_TEST_DB_SUFFIX", "LABELER_STORAGE_URL")
    env = {key: value for key, value in os.environ.items() if key not in chosen}
    env |= {
        "LABELER_DATA": str(tmp_path / "data"),
        "CELERY_BROKER_URL": "folder://",
        "PYTHONPATH": str(ROOT),
    }
    pictures = tmp_path / "in"
    pictures.mkdir()
    for name, data in stripes(COUNT):
        (pictures / name).write_bytes(data)
    (pictures / "zz.txt").write_text("no picture")
    run(env, "migrate", "-v0")
    run(env, "shell", "-v0", "-c", SETUP.format(place=str(pictures)))
    return env


def command(*arguments):
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def run(env, *arguments):
    done = subprocess.run(command(*arguments), env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def ask(env, sql):
    with sqlite3.connect(Path(env["LABELER_DATA"]) / "labeler.sqlite3", timeout=20) as database:
        return database.execute(sql).fetchall()


def parts(env):
    return ask(env, "SELECT name, rows FROM serving_batchpart ORDER BY number")


@pytest.mark.slow
def test_a_killed_worker_costs_no_row_and_doubles_none(place):
    for _ in range(KILLS):
        before = len(parts(place))
        worker = subprocess.Popen(
            command("shell", "-v0", "-c", JUDGE), env=place, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + LATER
        while len(parts(place)) < before + 2:
            assert time.monotonic() < end, "it judged nothing"
            assert worker.poll() is None, "it ended by itself"
            time.sleep(0.005)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert ask(place, "SELECT state FROM serving_batchprediction") == [("running",)]
    run(place, "shell", "-v0", "-c", JUDGE)
    counts = "SELECT state, total, judged, refused FROM serving_batchprediction"
    assert ask(place, counts) == [("done", COUNT + 1, COUNT, 1)]
    told = []
    for name, rows in parts(place):
        packed = gzip.open(Path(place["LABELER_DATA"], "files", name), "rt")  # noqa: SIM115
        lines = packed.read().splitlines()
        assert len(lines) == rows
        told += [json.loads(line)["name"] for line in lines]
    assert told == [*(name for name, _ in stripes(COUNT)), "zz.txt"]
