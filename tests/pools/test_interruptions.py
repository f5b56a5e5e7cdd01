"""Imports that stop, and how they go on: crashes, full disks, pauses, cancelling, taking back."""

import errno
import io
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from labeler.labeling.models import Annotation
from labeler.pools import importing, imports, staging, steering, whole_files
from labeler.pools.models import Image, Import, Refusal
from labeler.pools.refusing import ImportRefused
from labeler.projects import removal
from labeler.work import leases
from tests.conftest import picture
from tests.pools.conftest import bring, pictures, rows_of, send, work, zipped


class Killed(Exception):
    """The worker dies here."""


def test_a_crash_between_chunks_loses_and_doubles_nothing(project, admin, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_FILES", 3)
    files = [("a.zip", zipped(pictures(5))), *pictures(4, start=5), ("bad", b"?")]
    imp = send(project, admin, files)

    def die(now):
        raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            importing.run(leases.claim(Import, imp.pk), watch=die)
        Import.objects.filter(pk=imp.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    work(imp)
    assert (imp.total, imp.added, imp.duplicates, imp.refused) == (10, 9, 0, 1)
    assert rows_of(project) == list(range(9))


def test_a_worker_that_lost_its_lease_publishes_nothing(project, admin):
    imp = send(project, admin, pictures(3))
    slow = leases.claim(Import, imp.pk)
    Import.objects.filter(pk=imp.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    work(imp)
    with pytest.raises(leases.LeaseLost):
        importing.run(slow)
    assert Image.objects.filter(project=project).count() == 3
    imp.refresh_from_db()
    assert (imp.added, imp.duplicates) == (3, 0)


def test_cancelling_keeps_what_came_in_and_deletes_the_rest(project, admin, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    imp = send(project, admin, pictures(6))

    def stop(now):
        imports.cancel(Import.objects.get(pk=now.pk))

    with pytest.raises(leases.LeaseLost):
        importing.run(leases.claim(Import, imp.pk), watch=stop)
    imp.refresh_from_db()
    assert (imp.state, imp.added) == ("cancelled", 2)
    assert Image.objects.filter(project=project).count() == 2
    assert not (staging.root() / str(imp.pk)).exists()
    with pytest.raises(ImportRefused):
        imports.cancel(imp)


def test_a_full_disk_fails_the_import_and_it_goes_on_later(project, admin, monkeypatch, tmp_path):
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    imp = send(project, admin, pictures(6))
    saved = whole_files._write_new
    calls = []

    def full(path, data):
        calls.append(path)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        saved(path, data)

    monkeypatch.setattr(whole_files, "_write_new", full)
    work(imp)
    assert imp.state == "failed"
    assert "no space left" in imp.error
    assert str(tmp_path / "files") in imp.error
    assert imp.read == Image.objects.filter(project=project).count() == 2

    monkeypatch.setattr(whole_files, "_write_new", saved)
    imports.again(imp)
    work(imp)
    assert (imp.state, imp.added, imp.duplicates) == ("done", 6, 0)


def test_no_space_for_an_upload_says_so(project, admin, monkeypatch):
    imp = imports.start(project=project, user=admin, source="upload")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging, "take", full)
    with pytest.raises(ImportRefused) as refused:
        imports.stage(imp, "a.png", io.BytesIO(picture(1)))
    assert refused.value.code == "disk_full"
    assert str(staging.root()) in refused.value.message


def test_the_sweep_deletes_what_nobody_needs(project, admin):
    live = send(project, admin, pictures(1))
    dead = staging.folder(live.pk + 1000)
    importing.sweep()
    assert not dead.exists()
    assert work(live).added == 1


def test_many_refusals_of_a_kind_are_summed_up(project, admin):
    files = [(f"{n}.jpg", b"") for n in range(600)]
    imp = bring(project, admin, [("a.zip", zipped(files))])
    assert imp.refused == imp.read == 600
    assert imp.refusals.count() == 501
    assert imp.refusals.order_by("pk").last().name == "… 100 more files"


def test_deleting_a_project_deletes_its_files(
    project, admin, tmp_path, django_capture_on_commit_callbacks
):
    bring(project, admin, pictures(2))
    with django_capture_on_commit_callbacks(execute=True):
        removal.delete(project)
    assert not [file for file in (tmp_path / "files").rglob("*") if file.is_file()]
    assert not Refusal.objects.exists()


# ---- Pausing, and taking back -----------------------------------------------------------------


def test_a_paused_import_goes_on_where_it_stopped(project, admin, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_FILES", 2)
    imp = send(project, admin, pictures(6))

    def stop(now):
        imports.pause(Import.objects.get(pk=now.pk))

    with pytest.raises(leases.LeaseLost):
        importing.run(leases.claim(Import, imp.pk), watch=stop)
    imp.refresh_from_db()
    assert (imp.state, imp.added) == ("paused", 2)
    assert leases.claim(Import, imp.pk) is None
    with pytest.raises(ImportRefused):
        imports.pause(imp)
    imports.go_on(imp)
    work(imp)
    assert (imp.state, imp.total, imp.added, imp.duplicates) == ("done", 6, 6, 0)
    with pytest.raises(ImportRefused):
        imports.go_on(imp)


def test_an_upload_that_still_receives_files_is_not_paused(project, admin):
    imp = imports.start(project=project, user=admin, source="upload")
    with pytest.raises(ImportRefused) as refused:
        imports.pause(imp)
    assert refused.value.code == "not_moving"


def stored(tmp_path) -> int:
    return len([file for file in (tmp_path / "files").rglob("*") if file.is_file()])


@pytest.fixture
def labeled(project, admin, tmp_path):
    """An import with labels, of which a person has answered one image since."""
    bring(project, admin, [("old.png", picture(9))])
    imp = bring(project, admin, [(f"rust/{n}.png", picture(n)) for n in range(4)], folders="labels")
    image = Image.objects.get(project=project, name="rust/2.png")
    row = Annotation.objects.get(image=image)
    Annotation.objects.filter(pk=row.pk).update(source=Annotation.Source.REVIEW)
    return imp


def test_taking_back_removes_what_nobody_has_touched(project, admin, labeled, tmp_path):
    assert imports.cancel(labeled, take_back=True) == 1
    assert steering.is_taking_back(labeled)
    with pytest.raises(ImportRefused):
        imports.cancel(labeled, take_back=True)
    work(labeled)
    assert labeled.state == "cancelled"
    assert steering.taken_back(labeled) == {"removed": 3, "stayed": 1}
    left = Image.objects.filter(project=project).values_list("name", flat=True)
    assert set(left) == {"old.png", "rust/2.png"}
    assert stored(tmp_path) == 2
    again = bring(project, admin, [("rust/1.png", picture(1))])
    assert again.added == 1
    assert Image.objects.get(name="rust/1.png").row == 5  # no row is given twice
    with pytest.raises(ImportRefused):
        imports.cancel(labeled, take_back=True)


def test_taking_back_goes_on_after_a_crash(project, admin, labeled, monkeypatch):
    from labeler.pools import taking_back

    monkeypatch.setattr(taking_back, "AT_ONCE", 1)
    imports.cancel(labeled, take_back=True)
    calls = []

    def die_at_the_third():
        calls.append(1)
        if len(calls) == 3:
            raise Killed

    with pytest.raises(Killed):
        taking_back.run(leases.claim(Import, labeled.pk), die_at_the_third)
    Import.objects.filter(pk=labeled.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    work(labeled)
    assert steering.taken_back(labeled) == {"removed": 3, "stayed": 1}


def test_a_picture_taken_back_while_it_comes_again_is_decoded_anew(project, admin, monkeypatch):
    """Another import has just found it here, and has not decoded it."""
    from labeler.pools import adding

    first = bring(project, admin, pictures(2))
    second = send(project, admin, pictures(2))
    begin, calls = adding.begin, []

    def then_taken_back(*args):
        begin(*args)
        if not calls:
            Image.objects.filter(came_with=first).delete()
        calls.append(1)

    monkeypatch.setattr(adding, "begin", then_taken_back)
    work(second)
    assert (second.state, second.added, len(calls)) == ("done", 2, 2)


def test_cancelling_a_waiting_import_stores_nothing(project, admin):
    imp = send(project, admin, [("a.csv", b"file,label\n0.png,rust\n"), *pictures(1)], asks=True)
    work(imp)
    assert imp.state == "waiting"
    imports.cancel(imp)
    assert imp.state == "cancelled"
    assert not Image.objects.filter(project=project).exists()
