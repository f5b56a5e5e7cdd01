"""Deleting a project: hidden at once, taken apart little by little, by whoever is there."""

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse

from labeler.labeling.models import Annotation, Comment, Mention, QueueItem
from labeler.pools import importing, removing, storage, whole_files
from labeler.pools.models import Guess, Image, ImageName, Import, Origin, OriginFile, Removal
from labeler.projects import removal, tokens
from labeler.projects.access import projects_of
from labeler.projects.models import Label, Membership, Project
from labeler.training.models import Shard
from labeler.work import leases, sweep
from labeler.work.kinds import CHORES
from tests.conftest import picture
from tests.pools.conftest import bring, pictures, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(project, admin, annotator):
    """The project with images, files and rows of many kinds."""
    bring(project, admin, pictures(6))
    first = project.images.first()
    label, other = project.labels.all()[:2]
    Label.objects.filter(pk=label.pk).update(merged_into=other)
    item = QueueItem.objects.create(
        project=project, image=first, rank=0, strategy="margin", predicted=label
    )
    old = Annotation.objects.create(
        uuid="a" * 32, project=project, image=first, user=annotator, item=item, current=False
    )
    new = Annotation.objects.create(
        uuid="b" * 32, project=project, image=first, user=annotator, supersedes=old
    )
    new.labels.add(label)
    Guess.objects.create(image=first, label=label, p=0.5)
    ImageName.objects.create(image=first, name="again.png")
    said = Comment.objects.create(
        uuid="c" * 32, project=project, image=first, user=annotator, text="@admin?"
    )
    Mention.objects.create(comment=said, user=admin)
    origin = Origin.objects.create(project=project, address="/srv/leaves")
    OriginFile.objects.create(origin=origin, digest=b"x" * 16, stamp="1")
    Import.objects.filter(project=project).update(origin=origin)
    whole_files.write(storage.arrays_folder(project) / "models" / "1" / "head.json", b"{}")
    return project


def work(row):
    """Do what a worker would do with the removal."""
    claimed = leases.claim(Removal, row.pk)
    assert claimed is not None
    removing.run(claimed)


def files(tmp_path):
    """What lies on the disk, but the database."""
    return [p for p in tmp_path.rglob("*") if p.is_file() and ".sqlite3" not in p.name]


def left_of(pk):
    """Which kinds of rows hang on the project yet."""
    return {
        k for k, path in removal.paths().items() if k._base_manager.filter(**{path: pk}).exists()
    }


def test_it_vanishes_at_once_from_everywhere(client, used, admin, annotator, owner):
    image = used.images.first()
    _, given = tokens.issue(user=admin, name="x", project=used)
    client.force_login(admin)
    path = f"/api/v1/projects/{used.pk}"
    assert client.delete(path).status_code == 202
    for user in (admin, annotator, owner):
        assert not projects_of(user).filter(pk=used.pk).exists()
        client.force_login(user)
        for page in ("label", "dashboard", "import", "members", "settings", "storage"):
            assert client.get(reverse(page, args=[used.pk])).status_code == 404, page
        assert client.get(f"/images/{image.pk}/thumb").status_code == 404
        assert client.get(path).status_code == 404
        assert client.delete(path).status_code == 404
        assert "Leaves" not in client.get("/").content.decode()
    client.logout()
    assert client.get(path, headers={"Authorization": f"Bearer {given}"}).status_code == 404
    assert not Project.objects.filter(pk=used.pk).exists()
    assert image.project_id == used.pk  # its rows are still there, for the worker


def test_the_page_deletes_only_by_the_name(client, used, owner):
    client.force_login(owner)
    path = reverse("delete_project", args=[used.pk])
    assert client.post(path, {"name": "leaves"}).status_code == 400
    assert Project.objects.filter(pk=used.pk).exists()
    assert client.post(path, {"name": "Leaves"}).status_code == 302
    assert Removal.objects.get().asked_by == owner


def test_a_worker_leaves_no_row_and_no_file(used, admin, outsider, tmp_path):
    other = outsider.projects.get()
    bring(other, outsider, pictures(2))
    before = {m: m._base_manager.count() for m in apps.get_models(include_auto_created=True)}
    assert len(files(tmp_path)) > 8
    send(used, admin, pictures(2, start=50))  # staged, and nobody will read it
    removal.begin(used, admin)
    work(Removal.objects.get())
    connection.check_constraints()
    assert left_of(used.pk) == set()
    assert not Project.leaving_too.filter(pk=used.pk).exists()
    assert other.images.count() == 2
    assert before[Image] == 8
    left = [p for p in files(tmp_path) if "broker" not in p.parts]
    assert [p.relative_to(tmp_path).parts[:2] for p in left] == [("files", str(other.pk))] * 2


def test_work_on_it_stops(used, admin):
    imp = send(used, admin, pictures(1, start=9))
    running = leases.claim(Import, imp.pk)
    shard = Shard.objects.create(project=used, features="pixels", number=0, rows_wanted=1)
    removal.begin(used, admin)
    shard.refresh_from_db()
    assert shard.state == Shard.State.CANCELLED
    with pytest.raises(leases.LeaseLost):
        importing.run(running, patient=False)
    assert leases.claim(Import) is None
    assert used.images.count() == 6


@pytest.mark.parametrize("steps", range(1, 30, 4))
def test_whoever_goes_on_after_a_crash_finishes_it(used, admin, tmp_path, monkeypatch, steps):
    monkeypatch.setattr(removal, "BATCH", 1)
    removal.begin(used, admin)
    left = steps

    def crash(self):
        nonlocal left
        left -= 1
        if left == 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(removing._Rest, "__call__", crash)
        with pytest.raises(KeyboardInterrupt):
            work(Removal.objects.get())
    assert Project.leaving_too.filter(pk=used.pk).exists()
    Removal.objects.update(lease_until="2020-01-01T00:00:00Z")
    work(Removal.objects.get())
    assert left_of(used.pk) == set()
    assert not [p for p in files(tmp_path) if "broker" not in p.parts]


def test_another_worker_that_took_it_over_is_not_disturbed(used, admin):
    removal.begin(used, admin)
    slow = leases.claim(Removal)
    Removal.objects.update(lease_until="2020-01-01T00:00:00Z")
    work(Removal.objects.get())
    with pytest.raises(leases.LeaseLost):
        removing.run(slow)


def test_originals_in_place_stay(used, admin, tmp_path):
    elsewhere = tmp_path / "theirs" / "leaf.png"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(picture(77))
    Image.objects.filter(project=used).update(in_place=True, address=str(elsewhere))
    removal.begin(used, admin)
    work(Removal.objects.get())
    assert elsewhere.read_bytes() == picture(77)


def test_the_sweep_finds_what_nobody_began_and_tries_again_what_failed(used, admin):
    from django.utils import timezone

    Project.objects.filter(pk=used.pk).update(leaving_at=timezone.now())
    sweep.sweep(frozenset({CHORES}))
    row = Removal.objects.get()
    Removal.objects.update(state=Removal.State.FAILED, finished_at="2020-01-01T00:00:00Z")
    sweep.sweep(frozenset({CHORES}))
    row.refresh_from_db()
    assert row.state == Removal.State.DUE


def test_other_chores_get_their_turn(used, admin, outsider, monkeypatch):
    monkeypatch.setattr(removing, "TURN_SECONDS", -1)
    waiting = send(outsider.projects.get(), outsider, pictures(1))
    removal.begin(used, admin)
    work(Removal.objects.get())
    assert Removal.objects.get().state == Removal.State.DUE
    importing.run(leases.claim(Import, waiting.pk), patient=False)
    while Removal.objects.exists():
        work(Removal.objects.get())
    assert left_of(used.pk) == set()


def test_a_row_that_comes_late_is_waited_for(used, admin, monkeypatch):
    """Somebody who had begun before the project was hidden adds a row in the last moment."""
    removal.begin(used, admin)
    finish, late = removal.finish, []

    def add_one_first(pk):
        if not late:
            late.append(Membership.objects.create(project=used, user=admin, role="admin"))
        finish(pk)

    monkeypatch.setattr(removal, "finish", add_one_first)
    work(Removal.objects.get())
    assert left_of(used.pk) == set()
    assert late


def test_beginning_twice_is_beginning_once(used, admin):
    removal.begin(used, admin)
    removal.begin(used, admin)
    assert Removal.objects.count() == 1


def test_every_kind_of_row_goes_before_what_it_refers_to():
    order = removal.order()
    for place, kind in enumerate(order):
        for field in kind._meta.fields:
            there = field.related_model
            if there in order and there is not kind:
                assert order.index(there) > place, f"{kind.__name__} refers to {there.__name__}"
    hanging = {child for kind in order for child, _ in removal._hangers_on(kind)}
    assert hanging | set(order) == set(removal.paths())
