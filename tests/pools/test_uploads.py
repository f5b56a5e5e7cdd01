"""Files in pieces, by the tus protocol: what a browser, a script and a bad network do to it."""

import base64
import contextlib
import io
import json
import os
import resource
import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connections
from django.http.request import UnreadablePostError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from labeler.pools import importing, imports, resumable, staging, uploads
from labeler.pools.models import Import, Upload
from labeler.pools.refusing import ImportRefused
from labeler.projects import tokens
from tests.conftest import picture
from tests.pools.conftest import pictures, work, zipped

pytestmark = pytest.mark.django_db
SPOKEN = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"


@pytest.fixture
def person(client, admin):
    client.force_login(admin)
    return client


@pytest.fixture
def imp(project, admin):
    return imports.start(project=project, user=admin, source="upload")


@pytest.fixture
def archive():
    return zipped(pictures(5))


def metadata(**texts):
    pairs = ((key, base64.b64encode(text.encode()).decode()) for key, text in texts.items())
    return ",".join(f"{key} {text}" for key, text in pairs)


def create(client, imp, name, size, **more):
    where = reverse("import_uploads", args=[imp.project_id, imp.number])
    told = {"Upload-Length": str(size), "Upload-Metadata": metadata(filename=name, **more)}
    return client.post(where, headers=SPOKEN | told)


def patch(client, where, offset, data, **headers):
    given = SPOKEN | {"Upload-Offset": str(offset)} | headers
    if not data:  # else the test's client says neither
        given |= {"Content-Type": BYTES, "Content-Length": "0"}
    return client.generic("PATCH", where, data, content_type=BYTES, headers=given)


def offset(client, where):
    answer = client.head(where, headers=SPOKEN)
    assert answer.status_code == 200
    return int(answer["Upload-Offset"])


def staged(imp):
    return {file.name: file.path.read_bytes() for _, file in staging.listed(imp.pk)}


class Cut(io.BytesIO):
    """A connection that breaks when it has given all it had."""

    def read(self, size=-1):
        if block := super().read(size):
            return block
        raise UnreadablePostError("the line is dead")


def begin(imp, data, name="a.zip", fingerprint="7-7"):
    return resumable.begin(imp, name=name, size=len(data), fingerprint=fingerprint)


# ---- The protocol -----------------------------------------------------------------------------


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


# ---- Going on ---------------------------------------------------------------------------------


def test_what_came_before_the_line_broke_is_kept(imp, archive):
    upload = begin(imp, archive)
    assert resumable.take(upload, 0, Cut(archive[:100])) == 100
    assert resumable.take(upload, 100, io.BytesIO(archive[100:])) == len(archive)
    assert staged(imp) == {"a.zip": archive}


def test_a_lost_answer_to_the_last_piece_stages_the_file_once(person, imp, archive):
    where = create(person, imp, "a.zip", len(archive))["Location"]
    patch(person, where, 0, archive)
    assert patch(person, where, 0, archive).status_code == 409
    assert patch(person, where, len(archive), b"").status_code == 204
    assert offset(person, where) == len(archive)
    assert len(list(staging.listed(imp.pk))) == 1


def test_a_lost_answer_to_the_first_request_makes_one_upload(person, imp, archive):
    made = [
        create(person, imp, "a.zip", len(archive), fingerprint="9-9")["Location"] for _ in range(2)
    ]
    assert made[0] == made[1]
    assert Upload.objects.count() == 1


@pytest.mark.parametrize("after", ["rename", "index"])
def test_a_server_that_died_while_it_finished_stages_the_file_once(
    person, imp, archive, monkeypatch, after
):
    """It was killed between two of the three steps: rename, index, row."""

    class Killed(BaseException):
        pass

    def die(*_, **__):
        raise Killed

    upload = begin(imp, archive)
    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        if after == "rename":
            patched.setattr(staging, "note", die)
        else:
            patched.setattr(Upload, "save", die)
        resumable.take(upload, 0, io.BytesIO(archive))
    upload.refresh_from_db()
    assert upload.finished_at is None
    where = reverse("import_upload", args=[imp.project_id, imp.number, upload.uuid])
    assert offset(person, where) == len(archive)
    assert [file.path.read_bytes() for _, file in staging.listed(imp.pk)] == [archive]
    upload.refresh_from_db()
    assert upload.finished_at


def test_bytes_that_were_not_known_to_be_safe_are_written_again(imp, archive):
    upload = begin(imp, archive)
    resumable.take(upload, 0, Cut(archive[:100]))
    part = next(staging.folder(imp.pk).glob("*.part"))
    with part.open("ab") as file:
        file.write(b"\0" * 50)  # as after a power cut
    resumable.take(upload, 100, io.BytesIO(archive[100:]))
    assert staged(imp) == {"a.zip": archive}


def test_a_part_that_somebody_deleted_starts_again(imp, archive):
    upload = begin(imp, archive)
    resumable.take(upload, 0, Cut(archive[:100]))
    next(staging.folder(imp.pk).glob("*.part")).unlink()
    with pytest.raises(ImportRefused, match="0 bytes are here"):
        resumable.take(upload, 100, io.BytesIO(archive[100:]))
    resumable.take(upload, 0, io.BytesIO(archive))
    assert staged(imp) == {"a.zip": archive}


def test_the_same_name_with_another_size_is_another_file(imp, archive):
    """Case 45: an upload that is gone on with must be of the same bytes."""
    first = begin(imp, archive)
    resumable.take(first, 0, Cut(archive[:100]))
    longer = archive + b"more"
    second = begin(imp, longer)
    assert (second.pk != first.pk, second.received) == (True, 0)
    resumable.take(second, 0, io.BytesIO(longer))
    assert staged(imp) == {"a.zip": longer}
    assert not resumable.unfinished(imp).exists()
    with pytest.raises(ImportRefused, match="given up"):
        resumable.take(first, 100, io.BytesIO(archive[100:]))


def test_a_changed_file_of_the_same_size_is_another_file(imp, archive):
    first = begin(imp, archive, fingerprint="1")
    assert begin(imp, archive, fingerprint="1").pk == first.pk
    assert begin(imp, archive, fingerprint="2").pk != first.pk


def test_what_is_here_is_listed_with_where_to_go_on(person, imp, archive):
    uploads.keep(imp, [("p/1.png", io.BytesIO(picture(1)), "10-1")])
    half = begin(imp, archive, name="p/a.zip", fingerprint="20-2")
    resumable.take(half, 0, Cut(archive[:100]))
    whole = begin(imp, b"xyz", name="b.png", fingerprint="3-3")
    resumable.take(whole, 0, io.BytesIO(b"xyz"))
    answer = person.get(reverse("import_uploads", args=[imp.project_id, imp.number]))
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert lines == [
        {"name": "p/1.png", "fingerprint": "10-1"},
        {"name": "b.png", "fingerprint": "3-3"},
        {"name": "p/a.zip", "fingerprint": "20-2", "size": len(archive), "received": 100,
         "address": reverse("import_upload", args=[imp.project_id, imp.number, half.uuid])},
    ]  # fmt: skip


def test_the_page_knows_what_this_person_did_not_finish(person, project, reviewer, admin):
    at = person.post(reverse("import_begin", args=[project.pk]), {"files": 5, "bytes": 900}).json()
    imp = Import.objects.get()
    uploads.keep(imp, [(f"{n}.png", io.BytesIO(picture(n)), "") for n in range(3)])
    imports.start(project=project, user=reviewer, source="upload")  # somebody else's
    where = reverse("import_unfinished", args=[project.pk])
    (found,) = person.get(where).json()["imports"]
    assert (found["number"], found["here"], found["files_in_all"]) == (at["number"], 3, 5)
    person.post(at["seal"])
    assert person.get(where).json()["imports"] == []


# ---- Two at once ------------------------------------------------------------------------------


def test_of_two_senders_at_once_one_is_told_to_wait(imp, archive):
    upload = begin(imp, archive)
    told = []

    class Meanwhile(io.BytesIO):
        def read(self, size=-1):
            try:
                resumable.take(Upload.objects.get(pk=upload.pk), 0, io.BytesIO(b"other bytes"))
            except ImportRefused as refused:
                told.append(refused.code)
            return super().read(size)

    resumable.take(upload, 0, Meanwhile(archive))
    assert set(told) == {"being_sent"}
    assert staged(imp) == {"a.zip": archive}


@pytest.mark.django_db(transaction=True)
def test_two_tabs_that_send_the_same_file_make_it_once(imp, archive, admin):
    """Each goes by the protocol: ask how far it is, send a little from there, again."""
    whole, wrong = archive * 20, []

    def tab():
        client = Client()
        client.force_login(admin)
        where = create(client, imp, "a.zip", len(whole), fingerprint="f")["Location"]
        while (asked := client.head(where, headers=SPOKEN)).get("Upload-Offset") != str(len(whole)):
            if asked.status_code == 200:
                at = int(asked["Upload-Offset"])
                asked = patch(client, where, at, whole[at : at + 1000])
            if asked.status_code not in (204, 409, 423):
                wrong.append(asked.status_code)
                break
        connections.close_all()

    tabs = [threading.Thread(target=tab) for _ in range(2)]
    for each in tabs:
        each.start()
    for each in tabs:
        each.join(60)
    assert wrong == []
    assert Upload.objects.count() == 1
    assert [(f.name, f.path.read_bytes()) for _, f in staging.listed(imp.pk)] == [("a.zip", whole)]


# ---- The disk ---------------------------------------------------------------------------------


@contextlib.contextmanager
def files_up_to(size):
    """The system refuses to let any file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_what_came_is_gone_on_with(person, imp):
    data = os.urandom(30_000_000)
    where = create(person, imp, "a.zip", len(data))["Location"]
    with files_up_to(25_000_000):
        answer = patch(person, where, 0, data)
        assert answer.status_code == 507
        assert "Free some space" in answer.json()["detail"]
        kept = offset(person, where)
        assert kept == 25_000_000
        assert patch(person, where, kept, data[kept:]).status_code == 507
        assert offset(person, where) == kept
    assert patch(person, where, kept, data[kept:]).status_code == 204
    assert staged(imp) == {"a.zip": data}


def test_a_file_that_cannot_fit_is_refused_before_a_byte(person, imp, settings):
    settings.MAX_ARCHIVE_BYTES = 2**62
    answer = create(person, imp, "a.zip", 2**61)
    assert answer.status_code == 507
    assert "left" in answer.json()["detail"]
    assert not Upload.objects.exists()


def test_a_full_disk_leaves_no_half_line_and_no_half_batch(imp):
    uploads.keep(imp, [("first.png", io.BytesIO(picture(1)), "")])
    batch = [(f"{n}.png", io.BytesIO(picture(n)), "") for n in range(3)]
    many = [("y" * 9000 + f"{n}.png", io.BytesIO(b"x"), "") for n in range(300)]
    with files_up_to(2_000_000), pytest.raises(ImportRefused, match="Free some space"):
        uploads.keep(imp, many)
    assert len([f for f in staging.folder(imp.pk).iterdir() if len(f.name) == 32]) == 1
    uploads.keep(imp, batch)
    assert [f.name for _, f in staging.listed(imp.pk)] == ["first.png", "0.png", "1.png", "2.png"]


def test_half_a_line_of_the_index_is_cut_off(imp):
    uploads.keep(imp, [("a.png", io.BytesIO(b"a"), "")])
    with (staging.folder(imp.pk) / staging.INDEX).open("ab") as index:
        index.write(b'{"name": "lo')
    assert set(staged(imp)) == {"a.png"}
    uploads.keep(imp, [("b.png", io.BytesIO(b"b"), "")])
    assert staged(imp) == {"a.png": b"a", "b.png": b"b"}


# ---- Names, and the end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "C:\\x.png", "a\0b.png", "é" * 255, "😀.png", "n" * 5000],
)
def test_a_name_is_text_and_never_a_path(person, imp, name, tmp_path):
    where = create(person, imp, name, 4)["Location"]
    patch(person, where, 0, b"data")
    ((_, file),) = staging.listed(imp.pk)
    assert file.path.parent == staging.folder(imp.pk)
    assert file.path.name == file.path.stem
    assert len(file.path.name) == 32
    assert file.name[:3] == name.replace("\0", "␀")[:3]


@pytest.mark.parametrize("name", ["", "n" * 30_000])
def test_no_name_and_an_endless_one_are_refused(imp, name):
    with pytest.raises(ImportRefused):
        resumable.begin(imp, name=name, size=1)


def test_junk_of_desktops_is_taken_and_not_staged(imp):
    upload = begin(imp, b"junk", name="p/.DS_Store")
    resumable.take(upload, 0, io.BytesIO(b"junk"))
    assert staged(imp) == {}


def test_a_sealed_or_cancelled_import_takes_nothing_more(person, imp, archive):
    upload = begin(imp, archive)
    where = reverse("import_upload", args=[imp.project_id, imp.number, upload.uuid])
    imports.cancel(imp)
    assert patch(person, where, 0, archive).status_code == 409
    assert create(person, imp, "b.zip", 5).status_code == 409
    assert staged(imp) == {}


def test_sealing_names_what_is_not_whole_unless_it_is_left_out(person, imp, archive):
    seal = reverse("import_seal", args=[imp.project_id, imp.number])
    uploads.keep(imp, [("1.png", io.BytesIO(picture(1)), "")])
    half = begin(imp, archive)
    resumable.take(half, 0, Cut(archive[:100]))
    answer = person.post(seal)
    assert (answer.status_code, answer.json()["code"]) == (409, "unfinished")
    assert f"100 of {len(archive)}" in answer.json()["detail"]
    assert person.post(seal, {"leave": "1"}).status_code == 200
    imp.refresh_from_db()
    assert work(imp).added == 1


def test_the_sweep_clears_parts_that_nobody_can_go_on_with(imp, archive):
    half = begin(imp, archive)
    resumable.take(half, 0, Cut(archive[:100]))
    importing.sweep()
    assert Upload.objects.exists(), "its sender may come back"
    imports.seal(imp)
    importing.sweep()
    assert not Upload.objects.exists()
    assert not list(staging.folder(imp.pk).glob("*.part"))


# ---- By token ---------------------------------------------------------------------------------


def test_a_script_with_a_token_does_the_same(project, admin, archive):
    given = tokens.issue(user=admin, name="script")[1]
    script = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {given}"})
    at = f"/api/v1/projects/{project.pk}/imports"
    body = {"title": "nightly", "dry_run": False}
    opened = script.post(f"{at}/open", body, content_type="application/json")
    assert opened.status_code == 201, opened.content
    told = SPOKEN | {
        "Upload-Length": str(len(archive)),
        "Upload-Metadata": metadata(filename="a.zip"),
    }
    made = script.post(opened.json()["uploads_url"], headers=told)
    where = made["Location"]
    assert where.startswith(f"{at}/{opened.json()['id']}/uploads/")
    assert patch(script, where, 0, archive[:50]).status_code == 204
    assert script.post(opened.json()["seal_url"]).json()["code"] == "unfinished"
    assert offset(script, where) == 50
    assert patch(script, where, 50, archive[50:]).status_code == 204
    sealed = script.post(opened.json()["seal_url"])
    assert (sealed.status_code, sealed.json()["state"]) == (200, "queued")
    assert work(Import.objects.get()).added == 5
    assert script.head(f"{at}/1/uploads/{uuid.uuid4()}", headers=SPOKEN).status_code == 404
