"""The tus protocol: what each method, header and body is answered with."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeler.pools import staging
from labeler.pools.models import Import, Upload
from tests.pools.conftest import work
from tests.pools.uploads.tus import BYTES, SPOKEN, begin, create, offset, patch, staged

pytestmark = pytest.mark.django_db


def test_a_file_in_three_pieces_is_imported(person, imp, archive):
    made = create(person, imp, "a.zip", len(archive))
    assert (made.status_code, made["Tus-Resumable"], made["Upload-Offset"]) == (201, "1.0.0", "0")
    where, third = made["Location"], len(archive) // 3
    for start, end in ((0, third), (third, 2 * third), (2 * third, len(archive))):
        assert offset(person, where) == start
        answer = patch(person, where, start, archive[start:end])
        assert (answer.status_code, answer["Upload-Offset"]) == (204, str(end))
    assert staged(imp) == {"a.zip": archive}
    person.post(reverse("import_seal", args=[imp.project_id, imp.number]))
    imp.refresh_from_db()
    assert work(imp).added == 5


def test_options_tell_what_is_spoken(person, imp, settings):
    settings.MAX_ARCHIVE_BYTES = 12345
    where = reverse("import_uploads", args=[imp.project_id, imp.number])
    answer = person.options(where)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,termination,expiration"
    assert answer["Tus-Max-Size"] == "12345"


def test_an_upload_expires_a_day_after_its_last_byte(person, imp, archive):
    answer = create(person, imp, "a.zip", len(archive))
    imp.refresh_from_db()
    assert imp.not_before - timezone.now() > timedelta(hours=23)
    assert answer["Upload-Expires"].endswith("GMT")
    Import.objects.filter(pk=imp.pk).update(not_before=timezone.now() + timedelta(minutes=1))
    patch(person, answer["Location"], 0, archive[:10])
    imp.refresh_from_db()
    assert imp.not_before - timezone.now() > timedelta(hours=23)


@pytest.mark.parametrize("wrong", [0, 5, 11, 200])
def test_a_wrong_offset_is_a_409_and_changes_nothing(person, imp, archive, wrong):
    where = create(person, imp, "a.zip", len(archive))["Location"]
    patch(person, where, 0, archive[:10])
    for data in (b"", b"other"):
        answer = patch(person, where, wrong, data)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
        assert "10 bytes are here" in answer.json()["detail"]
    assert offset(person, where) == 10


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, "wrong_version"),
        ({"Tus-Resumable": ""}, 400, "no_version"),
        ({"Upload-Offset": "-1"}, 400, "bad_number"),
        ({"Upload-Offset": "1e3"}, 400, "bad_number"),
        ({"Upload-Offset": "٣"}, 400, "bad_number"),
        ({"Upload-Offset": "9" * 19}, 400, "bad_number"),
        ({"Upload-Offset": "9" * 5000}, 400, "bad_number"),
    ],
)
def test_headers_that_cannot_be_read(person, imp, archive, headers, status, code):
    where = create(person, imp, "a.zip", len(archive))["Location"]
    answer = patch(person, where, 0, b"x", **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert offset(person, where) == 0


def test_a_body_of_another_type_or_beyond_the_end_is_not_taken(person, imp, archive):
    where = create(person, imp, "a.zip", 10)["Location"]
    told = SPOKEN | {"Upload-Offset": "0"}
    answer = person.generic("PATCH", where, b"x", content_type="text/plain", headers=told)
    assert answer.status_code == 415
    assert patch(person, where, 0, b"x" * 11).status_code == 413
    assert offset(person, where) == 0


@pytest.mark.parametrize("text", ["filename", "filename %%%", "filename /w==", "filename é"])
def test_metadata_that_cannot_be_read_is_a_400(person, imp, text):
    where = reverse("import_uploads", args=[imp.project_id, imp.number])
    given = SPOKEN | {"Upload-Length": "1", "Upload-Metadata": text}
    assert person.post(where, headers=given).status_code == 400
    assert not Upload.objects.exists()


def test_a_file_larger_than_the_limit_is_refused_before_a_byte(person, imp, settings):
    settings.MAX_ARCHIVE_BYTES = 1000
    answer = create(person, imp, "a.zip", 1001)
    assert answer.status_code == 413
    assert "larger than" in answer.json()["detail"]
    assert create(person, imp, "a.zip", 1000).status_code == 201


def test_an_empty_file_is_whole_at_once(person, imp):
    where = create(person, imp, "empty.png", 0)["Location"]
    assert offset(person, where) == 0
    assert staged(imp) == {"empty.png": b""}


def test_a_post_may_name_another_method(person, imp, archive):
    where = create(person, imp, "a.zip", len(archive))["Location"]
    given = SPOKEN | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = person.generic("POST", where, archive, content_type=BYTES, headers=given)
    assert answer.status_code == 204
    assert staged(imp) == {"a.zip": archive}
    assert person.post(where, headers=SPOKEN).status_code == 405


def test_delete_gives_up_what_is_not_whole(person, imp, archive):
    where = create(person, imp, "a.zip", len(archive))["Location"]
    patch(person, where, 0, archive[:10])
    assert person.delete(where, headers=SPOKEN).status_code == 204
    assert person.head(where, headers=SPOKEN).status_code == 404
    assert not list(staging.folder(imp.pk).glob("*.part"))
    whole = create(person, imp, "b.png", 1)["Location"]
    patch(person, whole, 0, b"x")
    assert person.delete(whole, headers=SPOKEN).status_code == 409
    assert set(staged(imp)) == {"b.png"}


def test_without_the_token_of_the_session_nothing_is_taken(imp, admin, archive):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    assert create(strict, imp, "a.zip", 5).status_code == 403
    upload = begin(imp, archive)
    where = reverse("import_upload", args=[imp.project_id, imp.number, upload.uuid])
    assert patch(strict, where, 0, archive).status_code == 403
    assert staged(imp) == {}


def test_only_admins_of_the_project_reach_it(client, imp, reviewer, outsider, archive):
    upload = begin(imp, archive)
    where = reverse("import_upload", args=[imp.project_id, imp.number, upload.uuid])
    for user, status in ((reviewer, 403), (outsider, 404)):
        client.force_login(user)
        assert patch(client, where, 0, archive).status_code == status
        assert create(client, imp, "a", 5).status_code == status
    upload.refresh_from_db()
    assert (upload.received, Upload.objects.count()) == (0, 1)
