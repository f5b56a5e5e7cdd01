"""The doctor: each check meets something that is really broken, and says what to do."""

import json
import os
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from labeler.labeling.models import Annotation
from labeler.operations.doctor import examining, findings, machine, services, work
from labeler.pools.models import Import
from labeler.training.models import ModelVersion, Round
from labeler.work import clock
from labeler.work.models import Worker
from ml import backbones  # here: on a busy machine it takes longer than a transaction may idle

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db


def states(found):
    return [(each.name, each.state) for each in found]


def only(check):
    (found,) = check()
    return found


# The machine ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "state", "words"),
    [
        ({"DEBUG": True, "BIND": "127.0.0.1"}, "warn", "LABELER_DEBUG"),
        ({"DEBUG": True, "BIND": "0.0.0.0", "HTTPS": True}, "bad", "LABELER_DEBUG"),
        ({"SECRET_KEY": "change-me" * 8}, "bad", "placeholder"),
        ({"ALLOWED_HOSTS": ["*"]}, "warn", "every name"),
        ({"BIND": "0.0.0.0"}, "warn", "without https"),
        ({"HTTPS": True, "BEHIND_PROXY": True, "CSRF_TRUSTED_ORIGINS": []}, "warn", "ORIGINS"),
        ({"EMBEDDED": False, "CELERY_BROKER_URL": "folder://"}, "warn", "folder"),
    ],
)
def test_settings_that_do_not_fit(settings, changed, state, words):
    settings.BIND, settings.ALLOWED_HOSTS, settings.HTTPS = "127.0.0.1", ["localhost"], False
    settings.EMBEDDED = True
    assert [each.state for each in machine.settings_fit()] == ["ok"]
    for name, value in changed.items():
        setattr(settings, name, value)
    found = only(machine.settings_fit)
    assert found.state == state
    assert words in found.words
    assert found.remedy


def test_settings_that_cannot_be_read_stop_it(tmp_path):
    env = {**os.environ, "LABELER_DATA": str(tmp_path), "LABELER_PORT": "eighty"}
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"], cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "LABELER_PORT='eighty': write a whole number." in done.stderr


def test_versions(monkeypatch, tmp_path):
    monkeypatch.setitem(machine.FLOORS, "Pillow", "99.0")
    monkeypatch.setitem(machine.FLOORS, "no-such-package", "1.0")
    pins = tmp_path / "requirements.txt"
    pins.write_text("Django==5.2.1  # old\nno-other-package[x]==2.0\ncelery\n")
    monkeypatch.setattr(machine, "PINS", pins)
    found = list(machine.versions())
    assert [each.state for each in found] == ["bad", "bad", "warn"]
    assert "99.0 at least" in found[0].words
    assert "no-such-package is missing" in found[1].words
    assert "pinned 5.2.1; no-other-package is missing, pinned 2.0" in found[2].words


def test_the_installed_versions_are_above_the_floors():
    assert [each.state for each in machine.versions() if each.state == "bad"] == []


def test_a_folder_that_cannot_be_written_to(settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.DATA = tmp_path / "file" / "data"
    assert only(machine.folders).state == "bad"
    settings.DATA = Path("/proc/labeler")  # where even root makes nothing
    found = only(machine.folders)
    assert found.state == "bad"
    assert "LABELER_DATA" in found.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_only_be_read(settings, tmp_path):
    settings.DATA = tmp_path / "locked"
    settings.DATA.mkdir(mode=0o500)
    assert only(machine.folders).state == "bad"


def test_a_disk_that_is_nearly_full(tmp_path, monkeypatch):
    free = machine.shutil.disk_usage(tmp_path).free
    for scarce, full, state in ((0, 0, "ok"), (2 * free, 0, "warn"), (2 * free, 2 * free, "bad")):
        monkeypatch.setattr(machine, "SCARCE", scarce)
        monkeypatch.setattr(machine, "FULL", full)
        assert machine._room(tmp_path).state == state
    assert list(tmp_path.iterdir()) == []


MOUNTS = r"""
24 30 0:22 / /proc rw shared:5 - proc proc rw
30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
31 30 0:40 / /srv/our\040data rw shared:9 - nfs4 server:/export rw
32 31 0:41 / /srv/our\040data/fast rw shared:9 - xfs /dev/sdb rw
""".strip()


def test_a_network_file_system(settings, tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    for path, kind in (
        ("/srv/our data/labeler", "nfs4"), ("/srv/our data/fast/x", "xfs"), ("/srv/our", "ext4"),
    ):  # fmt: skip
        assert machine.file_system(Path(path), mounts) == kind
    there = Path("/srv/our data")
    settings.EMBEDDED = True
    assert machine._kind(there, mounts).state == "bad"
    settings.EMBEDDED, settings.CELERY_BROKER_URL = False, "amqp://broker"
    assert machine._kind(there, mounts).state == "warn"
    assert machine._kind(Path("/tmp"), mounts).state == "ok"
    assert machine.file_system(ROOT)  # the real table can be read


# Services ---------------------------------------------------------------------------------------


def closed_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


def doctor(tmp_path, **env):
    """The command in a process of its own: (exit status, findings by name)."""
    foreign = ("DATABASE_URL", "CELERY_BROKER_URL", "LABELER_STORAGE_URL", "LABELER_TEST_DB_SUFFIX")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    given = {**kept, "LABELER_DATA": str(tmp_path), "LABELER_SECRET_KEY": "k" * 60, **env}
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"], cwd=ROOT, env=given,
        capture_output=True, text=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert "hunter2" not in done.stdout
    return done.returncode, {each["name"]: each for each in told["findings"]}


def test_closed_ports_and_a_bucket_that_is_not_there(tmp_path):
    port = closed_port()
    status, found = doctor(
        tmp_path,
        DATABASE_URL=f"postgres://me:hunter2@127.0.0.1:{port}/labeler",
        CELERY_BROKER_URL=f"amqp://me:hunter2@127.0.0.1:{port}//",
        LABELER_STORAGE_URL="s3://no-such-bucket",
        AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{port}", AWS_ACCESS_KEY_ID="x",
        AWS_SECRET_ACCESS_KEY="hunter2", AWS_REGION="eu-central-1", AWS_MAX_ATTEMPTS="1",
        LABELER_SERVE_URL=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    assert status == 1
    for name in ("database", "broker", "storage"):
        assert found[name]["state"] == "bad", found[name]
        assert found[name]["remedy"]
    assert found["predictions"]["state"] == "warn"
    assert "migrations" in found["left out"]["words"]


def test_an_installation_that_was_never_prepared(tmp_path):
    status, found = doctor(tmp_path)
    assert status == 1
    assert found["migrations"]["state"] == "bad"
    assert "manage.py prepare" in found["migrations"]["remedy"]
    assert found["storage"]["state"] == found["disk"]["state"] == found["broker"]["state"] == "ok"
    assert "workers" in found["left out"]["words"]


def test_tables_that_are_older_or_newer():
    assert only(services.migrations).state == "ok"
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'work' AND name LIKE '0002%'")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES "
            "('pools', '0999_from_tomorrow', '2030-01-01 00:00:00+00')"
        )
    old, new = services.migrations()
    assert (old.state, new.state) == ("bad", "bad")
    assert "work.0002" in old.words
    assert "pools.0999_from_tomorrow" in new.words


def test_storage_that_cannot_be_written(settings, tmp_path):
    assert only(services.storage).state == "ok"
    assert list(Path(default_storage.location).iterdir()) == []
    (tmp_path / "in-the-way").write_text("x")
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "in-the-way"},
        }
    }
    (found,) = findings.made("storage", services.storage, "Mend it.")
    assert (found.state, found.remedy) == ("bad", "Mend it.")


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_database_that_forgets():
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            found = list(services.database())
        finally:
            cursor.execute("SET synchronous_commit = on")
    assert ("database", "bad") in states(found)
    assert "synchronous_commit" in found[0].words


@pytest.mark.parametrize(("apart", "state"), [(0, "ok"), (5, "warn"), (-3600, "bad")])
def test_a_clock_that_is_wrong(monkeypatch, apart, state):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=apart))
    assert only(services.clocks).state == state


# Work -------------------------------------------------------------------------------------------


def worker(queue, ago=0.0):
    seen = timezone.now() - timedelta(seconds=ago)
    return Worker.objects.create(name=queue, queues=queue, started_at=seen, seen_at=seen)


def test_workers_that_are_gone_work_that_failed_or_waits(project, owner):
    worker("rounds")
    worker("chores", ago=3600)
    found = list(work.workers_seen())
    assert states(found) == [("workers", "ok"), ("workers", "bad"), ("work", "ok")]
    assert "manage.py worker chores" in found[1].remedy
    Round.objects.create(project=project, number=1, reason="asked", state="failed")
    Import.objects.create(project=project, number=1, source="folder", created_by=owner)
    Import.objects.update(created_at=timezone.now() - timedelta(hours=1))
    told = {each.words for each in work.workers_seen() if each.state == "warn"}
    assert told == {"Failed: 1 round.", "Due for over ten minutes: 1 import."}


def test_weights_that_are_damaged_and_features_that_cannot_be_had(project, monkeypatch, tmp_path):
    assert [each.state for each in work.weights()] == ["ok"]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / backbones.LITE0_FILE).write_bytes(b"half a file")
    monkeypatch.setattr(work.resources, "files", lambda package: tmp_path)
    project.features = "onnx:/nowhere/model.onnx"
    project.save()
    found = list(work.weights())
    assert [each.state for each in found] == ["bad", "bad"]
    assert "Reinstall" in found[0].remedy or "reinstall" in found[0].remedy
    assert "onnx:/nowhere" in found[1].words


def test_a_model_file_that_is_missing(project):
    made = Round.objects.create(project=project, number=1, reason="asked", state="done")
    ModelVersion.objects.create(
        project=project, number=1, round=made, head="logistic", features="hog", label_ids=[],
        strategy="margin", n_labels=1, seen_annotation=0, sha256="0" * 64, serving=True,
    )  # fmt: skip
    found = only(work.models)
    assert found.state == "bad"
    assert f"Project {project.pk}" in found.words


def test_what_it_prints(monkeypatch):
    worst = [findings.ok("disk", "Room."), findings.bad("broker", "Away.", "Start it.")]
    monkeypatch.setattr(examining, "examine", lambda: worst)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out)
    assert ended.value.code == 1
    assert out.getvalue().splitlines() == [
        "ok    disk         Room.", "bad   broker       Away.", f"{'':<19}→ Start it.",
    ]  # fmt: skip
    monkeypatch.setattr(examining, "examine", lambda: worst[:1])
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    assert json.loads(out.getvalue())["state"] == "ok"


def test_it_changes_nothing(project, images):
    before = (Annotation.objects.count(), Round.objects.count(), Import.objects.count())
    examining.examine()
    assert (Annotation.objects.count(), Round.objects.count(), Import.objects.count()) == before
    assert isinstance(clock.now(), datetime)
