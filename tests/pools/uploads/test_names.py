"""Names of files, and what happens to uploads when the import ends."""

import io

import pytest
from django.urls import reverse

from labeler.pools import importing, imports, resumable, staging, uploads
from labeler.pools.models import Upload
from labeler.pools.refusing import ImportRefused
from tests.conftest import picture
from tests.pools.conftest import work
from tests.pools.uploads.tus import Cut, begin, create, patch, staged

pytestmark = pytest.mark.django_db


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
