"""Going on with a file after the line broke, the server died or the answer was lost."""

import contextlib
import io
import json

import pytest
from django.urls import reverse

from labeler.pools import imports, resumable, staging, uploads
from labeler.pools.models import Import, Upload
from labeler.pools.refusing import ImportRefused
from tests.conftest import picture
from tests.pools.uploads.tus import (
    Cut,
    begin,
    create,
    offset,
    patch,
    staged,
)

pytestmark = pytest.mark.django_db


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
