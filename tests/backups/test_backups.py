"""A backup brings everything back, on either database, and a damaged one nothing."""

import gzip
import inspect
import json
import os
import subprocess
import sys
import tarfile
import threading
import uuid
from datetime import datetime
from pathlib import Path

import psycopg2
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from labeler.backups import archive, members, restoring, taking
from labeler.backups.archive import BadBackup
from labeler.labeling.models import Annotation
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label
from labeler.version import VERSION
from tests.elsewhere import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
POSTGRES = os.environ.get("LABELER_TEST_POSTGRES") or os.environ.get("DATABASE_URL", "")


@pytest.fixture(autouse=True)
def _let_the_copy_be_read(transactional_db, monkeypatch):
    """Django's tests refuse databases they did not make; a snapshot of SQLite is such a one."""
    guard = inspect.getclosurevars(BaseDatabaseWrapper.ensure_connection)
    real = guard.nonlocals["real_ensure_connection"]
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", real)


@pytest.fixture
def pool(project, annotator, settings, tmp_path):
    """Thirty images with files, half of them answered; a model's file; a key that signs."""
    settings.DATA = tmp_path / "data"
    model = settings.DATA / "projects" / str(project.pk) / "models" / "1"
    model.mkdir(parents=True)
    (model / "head.npz").write_bytes(b"h" * 999)
    (settings.DATA / "secret_key").write_text("s" * 60)
    labels = list(Label.objects.filter(project=project))
    for row in range(30):
        sha256 = f"{row:064x}"
        image = Image.objects.create(
            project=project, row=row, sha256=sha256, name=f"bläck {row}.png", width=9, height=8,
            format="PNG", bytes=99, key=row / 30, audit=row % 5 == 0, exif={"Model": "Ω"},
        )  # fmt: skip
        for size in storage.SIZES:
            name = storage.name_of(project.pk, sha256, size)
            default_storage.save(name, ContentFile(b"%d" % row))
        if row % 2:
            answer(image, annotator, labels[row % len(labels)])
    return project


def answer(image, user, label):
    row = Annotation.objects.create(
        uuid=uuid.uuid4(), project=image.project, image=image, user=user, kind="labels"
    )
    row.labels.set([label])


@pytest.fixture
def backup(pool, tmp_path):
    path = tmp_path / "all.backup"
    assert taking.take(path, VERSION).missing_count == 0
    return path


def rows_of(path):
    """{model: its lines} of a backup."""
    tables = {i: t["model"] for i, t in enumerate(archive.head(path)["tables"])}
    with tarfile.open(path) as tar:
        return {
            name: gzip.decompress(tar.extractfile(archive.rows_name(i)).read()).splitlines()
            for i, name in tables.items()
        }


def manage(*arguments, data, url=""):
    foreign = ("DATABASE_URL", "LABELER_TEST_DB_SUFFIX")
    given = {k: v for k, v in os.environ.items() if k not in foreign}
    given |= {"LABELER_DATA": str(data), "LABELER_SECRET_KEY": "k" * 60}
    given |= {"DATABASE_URL": url} if url else {}
    return subprocess.run(
        [sys.executable, "manage.py", *map(str, arguments)], cwd=ROOT, env=given,
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip


def comes_back(path, tmp_path, url=""):
    """Restore elsewhere, take a backup there, compare."""
    data = tmp_path / "other"
    done = manage("restore", path, "--json", data=data, url=url)
    assert done.returncode == 0, done.stderr
    again = tmp_path / "again.backup"
    taken = manage("backup", "--to", again, "--json", data=data, url=url)
    assert taken.returncode == 0, taken.stderr
    before, after = rows_of(path), rows_of(again)
    assert before.keys() == after.keys()
    for name in before:
        assert list(map(json.loads, before[name])) == list(map(json.loads, after[name])), name
    assert json.loads(done.stdout)["rows"] == sum(map(len, before.values()))
    assert len(before["labeling.Annotation_labels"]) == 15
    whens = list(Annotation.objects.order_by("pk").values_list("created_at", flat=True))
    told = [json.loads(line)[-1] for line in after["labeling.Annotation"]]
    assert [datetime.fromisoformat(each) for each in told] == whens  # to the microsecond
    with tarfile.open(path) as one, tarfile.open(again) as other:
        files = {n for n in one.getnames() if n.startswith(("files/", "data/"))}
        assert files == {n for n in other.getnames() if n.startswith(("files/", "data/"))}
        assert len(files) == 30 * 3 + 2
        for name in files:
            assert one.extractfile(name).read() == other.extractfile(name).read()
    return data


def test_into_an_empty_sqlite_installation(backup, tmp_path):
    data = comes_back(backup, tmp_path)
    assert (data / "secret_key").stat().st_mode & 0o077 == 0
    refused = manage("restore", backup, data=data)
    assert refused.returncode == 1
    assert "This installation has projects already" in refused.stderr
    # New rows are numbered after the restored ones.
    made = manage("create_project", "Later", "--labels", "a,b", data=data)
    assert made.returncode == 0, made.stderr


@pytest.mark.skipif(not POSTGRES.startswith("postgres"), reason="no PostgreSQL is named")
def test_into_an_empty_postgresql_database(backup, tmp_path):
    name = f"restored_{uuid.uuid4().hex[:12]}"
    server = psycopg2.connect(POSTGRES)
    server.autocommit = True
    server.cursor().execute(f"CREATE DATABASE {name}")
    url = POSTGRES.rsplit("/", 1)[0] + f"/{name}"
    try:
        data = comes_back(backup, tmp_path, url=url)
        made = manage("create_project", "Later", "--labels", "a,b", data=data, url=url)
        assert made.returncode == 0, made.stderr
    finally:
        server.cursor().execute(f"DROP DATABASE {name}")
        server.close()


def test_while_people_label(pool, annotator, tmp_path):
    """Each answer in the backup has its image and its label; those after its moment are not."""
    open_images = [image for image in Image.objects.filter(project=pool) if image.row % 2 == 0]
    label = Label.objects.filter(project=pool).first()

    def label_on():
        for image in open_images:
            answer(image, annotator, label)
        connection.close()

    person = threading.Thread(target=label_on)
    person.start()
    path = tmp_path / "busy.backup"
    taking.take(path, VERSION)
    person.join()
    found = rows_of(path)
    ids = {json.loads(line)[0] for line in found["labeling.Annotation"]}
    said = {json.loads(line)[1] for line in found["labeling.Annotation_labels"]}
    assert said <= ids
    assert restoring.check(path).files == 92


def test_a_missing_original_is_told_and_the_rest_kept(pool, tmp_path, capsys):
    default_storage.delete(storage.name_of(pool.pk, f"{3:064x}"))
    with pytest.raises(SystemExit) as ended:
        call_command("backup", to=tmp_path / "some.backup")
    assert ended.value.code == 1
    assert "1 originals are named in the database and cannot be found" in capsys.readouterr().err
    assert restoring.check(tmp_path / "some.backup").files == 91


def test_an_existing_file_is_not_written_over(pool, tmp_path):
    (tmp_path / "old.backup").write_text("precious")
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", to=tmp_path / "old.backup")


class TestDamage:
    """Nothing of a damaged backup ends in the database."""

    def test_one_flipped_bit(self, backup):
        data = bytearray(backup.read_bytes())
        data[data.index(b"h" * 999) + 500] ^= 1
        backup.write_bytes(data)
        with pytest.raises(BadBackup, match=r"head\.npz is not as it was written"):
            restoring.check(backup)

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_a_file_cut_short(self, backup, share):
        data = backup.read_bytes()
        backup.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(BadBackup, match=r"cut short|damaged"):
            restoring.check(backup)

    def test_no_backup_at_all(self, tmp_path):
        (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8" * 2000)
        with pytest.raises(BadBackup, match="is no backup"):
            restoring.check(tmp_path / "photo.jpg")

    def test_a_damaged_one_leaves_an_empty_database(self, backup, tmp_path):
        data = bytearray(backup.read_bytes())
        data[data.index(b"h" * 999) + 500] ^= 1
        (tmp_path / "bad.backup").write_bytes(data)
        refused = manage("restore", tmp_path / "bad.backup", data=tmp_path / "other")
        assert refused.returncode == 1
        assert "is not as it was written" in refused.stderr
        done = manage("restore", backup, data=tmp_path / "other")
        assert done.returncode == 0, done.stderr

    def test_tables_of_a_newer_labeler(self, backup, monkeypatch):
        told = archive.head(backup)
        told["migrations"].append(["labeling", "9999_later"])
        monkeypatch.setattr(archive, "head", lambda path: told)
        with pytest.raises(BadBackup, match=r"labeling\.9999_later"):
            restoring.restore(backup)


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "files/../../x", "data/../x", "data", "files/a/../b", "data/.x", "x/y",
     "data/projects\\x", "data/a//b", "files/a\n"],
)  # fmt: skip
def test_a_name_that_leads_out_is_refused(name, tmp_path):
    assert not members.is_name(name)
    path = tmp_path / "evil.backup"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        writer.head({})
        with Path(__file__).open("rb") as source:
            writer.add(name, source)
        writer.close()
    with pytest.raises(BadBackup, match="which no backup does"):
        restoring.check(path)


def test_a_link_in_a_backup_is_refused(tmp_path):
    path = tmp_path / "evil.backup"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        writer.head({})
        entry = tarfile.TarInfo("data/secret_key")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        writer._tar.addfile(entry)
        writer.close()
    with pytest.raises(BadBackup, match="which no backup does"):
        restoring.check(path)
