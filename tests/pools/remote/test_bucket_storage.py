"""A whole small import whose storage is a bucket, and what browsers get out of it."""

import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from labeler.pools import disk_use, removing, storage
from labeler.pools.models import Image, Removal
from labeler.projects import removal
from labeler.work import leases
from tests.conftest import picture
from tests.pools.conftest import bring

pytestmark = pytest.mark.django_db
BIG = (2000, 1200)  # larger than the screen size: it gets both small copies


@pytest.fixture
def image(pictures_bucket, project, admin):
    bring(project, admin, [("leaf.png", picture(1, BIG)), ("tiny.png", picture(2))])
    return Image.objects.get(project=project, name="leaf.png")


@pytest.fixture
def browser(annotator):
    client = Client()
    client.force_login(annotator)
    return client


def body(answer):
    return b"".join(answer.streaming_content)


def fetch(address):
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.headers, answer.read()


def test_an_import_stores_everything_in_the_bucket_and_it_is_sent_from_there(
    pictures_bucket, image, browser, tmp_path
):
    names = {each.key for each in pictures_bucket.objects.all()}
    top = f"team/{storage.name_of(image.project_id, image.sha256)}"
    assert {top, f"{top}.thumb", f"{top}.screen"} < names
    assert not (tmp_path / "files").exists()
    for size, kind in (
        ("original", "image/png"),
        ("screen", "image/jpeg"),
        ("thumb", "image/webp"),
    ):
        answer = browser.get(f"/images/{image.pk}/{size}")
        assert (answer.status_code, answer["Content-Type"]) == (200, kind)
        assert len(body(answer)) == int(answer["Content-Length"]) > 0
    part = browser.get(f"/images/{image.pk}/original", headers={"Range": "bytes=10-19"})
    assert (part.status_code, body(part)) == (206, picture(1, BIG)[10:20])
    assert storage.local_file(image).read_bytes() == picture(1, BIG)


def test_a_file_that_went_from_the_bucket_is_a_404(pictures_bucket, image, browser):
    pictures_bucket.objects.delete()
    assert browser.get(f"/images/{image.pk}/screen").status_code == 404


def test_a_browser_is_sent_to_the_bucket_for_a_few_minutes(image, browser, settings, moto):
    settings.SIGNED_URLS = f"http://127.0.0.1:{moto}"
    for size, kind in (
        ("original", "image/png"),
        ("screen", "image/jpeg"),
        ("thumb", "image/webp"),
    ):
        answer = browser.get(f"/images/{image.pk}/{size}", headers={"Sec-Fetch-Dest": "image"})
        assert answer.status_code == 302
        address = answer["Location"]
        assert address.startswith(f"{settings.SIGNED_URLS}/pictures/team/")
        asked = {
            name.lower(): values[0] for name, values in parse_qs(urlsplit(address).query).items()
        }
        assert asked["response-content-type"] == kind
        assert int(asked["x-amz-expires"]) <= 600
        assert "immutable" not in answer["Cache-Control"]
        assert int(answer["Cache-Control"].partition("max-age=")[2]) < int(asked["x-amz-expires"])
        headers, data = fetch(address)
        assert headers["Content-Type"] == kind
        assert "immutable" in headers["Cache-Control"]
        assert size != "original" or data == picture(1, BIG)


def test_what_browsers_do_not_show_is_sent_by_the_bucket_as_a_file(
    pictures_bucket, project, admin, browser, settings, moto
):
    settings.SIGNED_URLS = f"http://127.0.0.1:{moto}"
    bring(project, admin, [("a.html", picture(5, format="TIFF"))])
    image = Image.objects.get(project=project)
    headers, _ = fetch(browser.get(f"/images/{image.pk}/original")["Location"])
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert ".html" not in headers["Content-Disposition"]


def test_a_script_that_reads_the_bytes_gets_them_from_us(image, browser, settings, moto):
    settings.SIGNED_URLS = f"http://127.0.0.1:{moto}"
    answer = browser.get(f"/images/{image.pk}/original", headers={"Sec-Fetch-Dest": "empty"})
    assert (answer.status_code, body(answer)) == (200, picture(1, BIG))


def test_nobody_is_sent_to_a_picture_they_may_not_see(image, outsider, settings, moto):
    settings.SIGNED_URLS = f"http://127.0.0.1:{moto}"
    stranger = Client()
    stranger.force_login(outsider)
    assert stranger.get(f"/images/{image.pk}/original").status_code == 404
    assert Client().get(f"/images/{image.pk}/original")["Location"].startswith("/sign-in")


def test_off_by_default_nothing_of_the_bucket_is_told(image, browser):
    answer = browser.get(f"/images/{image.pk}/screen")
    assert answer.status_code == 200
    assert "pictures" not in str(dict(answer.headers))


def test_deleting_the_project_empties_its_part_of_the_bucket(
    pictures_bucket, image, project, admin, outsider
):
    other = outsider.projects.get()
    bring(other, outsider, [("leaf.png", picture(1))])
    assert disk_use.measured(project).copies is None
    removal.begin(project, admin)
    removing.run(leases.claim(Removal))
    left = [each.key for each in pictures_bucket.objects.all()]
    assert left
    assert all(key.startswith(f"team/{other.pk}/") for key in left)
