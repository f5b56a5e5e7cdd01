"""How much room a project takes: close to the truth, and cheap."""

import pytest
from django.urls import reverse

from labeler.pools import disk_use, storage, whole_files
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring, send

pytestmark = pytest.mark.django_db
BIG = (1800, 1200)


def below(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def test_the_figures_are_those_of_the_disk(project, admin, tmp_path):
    bring(project, admin, [(f"{n}.png", picture(n, BIG)) for n in range(3)])
    whole_files.write(storage.arrays_folder(project) / "models" / "1" / "head.json", b"x" * 700)
    learned = storage.arrays_folder(project) / "features" / "hog" / "abc" / "features.npz"
    whole_files.write(learned, b"x" * 90)
    send(project, admin, [("wait.png", picture(9))])
    project.refresh_from_db()
    use = disk_use.measured(project)
    assert use.images == 3
    assert use.originals.bytes + use.copies.bytes == below(tmp_path / "files")
    assert use.copies.bytes > 0
    assert use.arrays["models"].bytes == 700
    assert (use.arrays["embeddings"].bytes, use.arrays["features"].bytes) == (0, 90)
    assert use.staging.bytes == below(tmp_path / "staging")
    assert 0 < use.free <= use.disk
    assert use.database.bytes > 0


def test_originals_in_place_are_not_ours_to_count(project, admin):
    bring(project, admin, [("a.png", picture(1)), ("b.png", picture(2))])
    Image.objects.filter(name="a.png").update(in_place=True)
    use = disk_use.measured(project)
    assert (use.in_place, use.originals.bytes) == (1, len(picture(2)))


def test_of_many_images_only_a_sample_is_looked_at(project, admin, monkeypatch):
    bring(project, admin, [(f"{n}.png", picture(n, (700, 500))) for n in range(12)])
    project.refresh_from_db()
    whole = disk_use.measured(project).copies
    monkeypatch.setattr(disk_use, "SAMPLE", 4)
    looked = []
    real = disk_use._bytes
    monkeypatch.setattr(disk_use, "_bytes", lambda path: looked.append(path) or real(path))
    found = disk_use._copies(project, 12)
    assert len(looked) == 8  # two small copies of four images
    assert found.about
    assert 0.5 * whole.bytes < found.bytes < 2 * whole.bytes


def test_a_look_that_takes_too_long_says_so(project, tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x" * 10)
    monkeypatch.setattr(disk_use, "LONGEST", -1.0)
    assert disk_use._below([tmp_path]).at_least


def test_admins_see_it_and_others_do_not(client, project, admin, reviewer, monkeypatch):
    bring(project, admin, [("a.png", picture(1))])
    path = reverse("storage", args=[project.pk])
    client.force_login(reviewer)
    assert client.get(path).status_code == 403
    client.force_login(admin)
    page = client.get(path).content.decode()
    for words in ("Originals", "Small copies", "Embeddings", "Free on the disk"):
        assert words in page
    assert str(storage.default_storage.location) not in page  # no path of the server is told


def test_figures_are_kept_for_a_while(project, admin, monkeypatch):
    bring(project, admin, [("a.png", picture(1))])
    first = disk_use.of(project)
    monkeypatch.setattr(disk_use, "measured", lambda project: pytest.fail("measured again"))
    assert disk_use.of(project) == first
