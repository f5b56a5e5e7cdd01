"""An uploaded picture is embedded by a worker and compared with the pool."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from labeler.exploring import sought
from labeler.exploring.models import Sought
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import embeddings
from tests.conftest import picture
from tests.training.drawn import draw
from tests.training.invented import work_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool(project):
    draw(project, range(12))
    Project.objects.update(features="pixels")
    embeddings.find()
    work_on("embedding")
    project.refresh_from_db()
    return project


def send(client, pool, data, name="mine.png"):
    file = SimpleUploadedFile(name, data)
    address = reverse("explore_similar_upload", args=[pool.pk])
    return client.post(address, {"picture": file}, follow=True)


def original(pool, row):
    from labeler.pools import storage

    with storage.open_original(Image.objects.get(project=pool, row=row)) as file:
        return file.read()


def test_a_copy_of_an_image_finds_it_first(client, reviewer, pool):
    client.force_login(reviewer)
    page = send(client, pool, original(pool, 5))
    assert "Looking at your picture" in page.content.decode()
    upload = Sought.objects.get()
    progress = reverse("explore_similar_progress", args=[pool.pk, upload.pk])
    assert "HX-Refresh" not in client.get(progress)
    work_on("sought")
    assert client.get(progress)["HX-Refresh"] == "true"
    page = client.get(reverse("explore_similar", args=[pool.pk]), {"sought": upload.pk})
    found = page.context["answer"].found
    assert found[0].image.row == 5
    assert found[0].value == pytest.approx(1, abs=1e-3)
    thumb = client.get(reverse("explore_similar_picture", args=[pool.pk, upload.pk]))
    assert thumb["Content-Type"] == "image/webp"


def test_what_is_no_picture_says_so(client, reviewer, pool):
    client.force_login(reviewer)
    send(client, pool, b"no picture at all")
    work_on("sought")
    upload = Sought.objects.get()
    assert upload.state == "failed"
    page = client.get(reverse("explore_similar", args=[pool.pk]), {"sought": upload.pk})
    assert "cannot be read" in page.content.decode()


def test_nothing_chosen_and_too_much_are_refused(client, reviewer, pool, settings):
    client.force_login(reviewer)
    address = reverse("explore_similar_upload", args=[pool.pk])
    assert "Choose a picture first" in client.post(address, follow=True).content.decode()
    settings.MAX_IMAGE_BYTES = 2**20
    assert "too large" in send(client, pool, b"x" * (2**20 + 1)).content.decode()
    assert not Sought.objects.exists()


def test_an_upload_is_for_whoever_sent_it(client, reviewer, owner, pool):
    client.force_login(reviewer)
    send(client, pool, picture(1))
    upload = Sought.objects.get()
    client.force_login(owner)
    address = reverse("explore_similar", args=[pool.pk])
    assert client.get(address, {"sought": upload.pk}).status_code == 404
    for name in ("explore_similar_progress", "explore_similar_picture"):
        assert client.get(reverse(name, args=[pool.pk, upload.pk])).status_code == 404


def test_uploads_are_forgotten_after_a_day(client, reviewer, pool):
    client.force_login(reviewer)
    send(client, pool, picture(1))
    folder = sought.folder(Sought.objects.get())
    sought.forget()
    assert folder.is_dir()
    Sought.objects.update(created_at=timezone.now() - timedelta(days=2))
    sought.forget()
    assert not folder.exists()
    assert not Sought.objects.exists()
