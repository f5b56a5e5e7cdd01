"""A disk that fills up in the middle of an import: a real one, small, of this machine's memory."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pools.full_disk import COUNT

ROOT = Path(__file__).parents[2]
NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-Urm"]


def can_mount() -> bool:
    tried = ["sh", "-c", "mount -t tmpfs none /mnt"]
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run([*NAMESPACE, *tried], capture_output=True).returncode
    )


@pytest.fixture
def source(tmp_path):
    """Pictures of noise, some 23 KB each: a chunk of them is 6 MB."""
    from PIL import Image

    chance = random.Random(0)
    folder = tmp_path / "source"
    folder.mkdir()
    for n in range(COUNT):
        noise = Image.frombytes("RGB", (88, 88), chance.randbytes(88 * 88 * 3))
        noise.save(folder / f"{n:03}.png")
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="This account may mount no disk of its own.")
@pytest.mark.parametrize("beside", [True, False], ids=["database beside it", "database on it"])
def test_a_full_disk_leaves_what_came_in_and_it_goes_on_later(source, tmp_path, beside):
    place = tmp_path / "small"
    place.mkdir()
    database = (tmp_path if beside else place) / "labeler.sqlite3"
    command = [sys.executable, "-m", "tests.pools.full_disk", str(place), str(source), database]
    env = os.environ | {"CELERY_BROKER_URL": "folder://", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*NAMESPACE, *command], env=env, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    full, room = said["full"], said["room"]
    assert 0 < full["images"] == full["whole"] == full["added"] < COUNT
    assert full["left"] == [], "nothing half-written is left"
    if beside:  # else there is no room to write down what happened
        assert full["state"] == "failed"
        assert "no space left" in full["error"] and "What came in is kept" in full["error"]
    assert (room["state"], room["images"], room["whole"], room["added"]) == ("done", *[COUNT] * 3)
