"""Where bytes lie: the same calls for a folder and for a bucket."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage

from labeler import env
from labeler.pools import importing, storage, whole_files
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring


@pytest.fixture(params=["folder", "bucket"])
def kept(request):
    """Either kind of storage."""
    if request.param == "bucket":
        request.getfixturevalue("pictures_bucket")
    return request.param


def test_what_comes_in_can_be_opened_and_read_as_a_file(kept, project, admin, tmp_path):
    data = picture(1, (400, 300), "BMP")
    bring(project, admin, [("a.bmp", data)])
    image = Image.objects.get(project=project)
    with storage.open_original(image) as file:
        assert file.read() == data
    assert storage.local_file(image).read_bytes() == data
    assert storage.local_file(image, "thumb").read_bytes()[8:12] == b"WEBP"
    assert storage.local_file(image, "screen").read_bytes()[:2] == b"\xff\xd8"
    assert (tmp_path / "cache").exists() == (kept == "bucket")


def test_a_size_that_was_not_needed_falls_back_to_the_original(kept, project, admin):
    data = picture(1)
    bring(project, admin, [("a.png", data)])
    image = Image.objects.get(project=project)
    assert storage.local_file(image, "thumb").read_bytes() == data
    file, size = storage.open_size(image, "screen")
    with file:
        assert (file.read(), size) == (data, "original")


def test_forgetting_a_project_leaves_the_others(kept, project, admin, outsider):
    other = outsider.projects.get()
    for owner, where in ((admin, project), (outsider, other)):
        bring(where, owner, [("a.png", picture(1))])
    storage.arrays_folder(project)
    storage.forget(project.pk)
    gone, left = (Image.objects.get(project=where) for where in (project, other))
    with pytest.raises(OSError):
        storage.open_original(gone).close()
    storage.open_original(left).close()


def test_storing_the_same_twice_is_storing_it_once(kept, project):
    for _ in range(2):
        storage.save_original(project, "ab" * 32, b"bytes")
    image = Image(project=project, sha256="ab" * 32)
    assert storage.local_file(image).read_bytes() == b"bytes"


def test_a_write_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), whole_files.writing(tmp_path / "a") as file:
        file.write(b"half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_folders_are_closed_to_strangers(project):
    assert storage.arrays_folder(project).stat().st_mode & 0o027 == 0


def test_the_address_says_folder_or_bucket():
    folder = env.storage("file:///var/my%20files")
    assert folder["OPTIONS"] == {"location": "/var/my files"}
    bucket = env.storage("s3://pictures/team/a")
    assert bucket["BACKEND"] == "storages.backends.s3.S3Storage"
    assert (bucket["OPTIONS"]["bucket_name"], bucket["OPTIONS"]["location"]) == (
        "pictures",
        "team/a",
    )
    with pytest.raises(ImproperlyConfigured):
        env.storage("s3:///x")


def test_what_a_killed_process_left_beside_is_deleted_after_a_day(project, admin):
    bring(project, admin, [("a.png", picture(1))])
    top = Path(default_storage.path(""))
    old, new = top / ".new-old", top / ".new-new"
    for beside in (old, new):
        beside.mkdir()
        (beside / "0").write_bytes(b"half")
    os.utime(old, (0, 0))
    importing.sweep()
    assert (old.exists(), new.exists()) == (False, True)
    assert storage.local_file(Image.objects.get()).read_bytes() == picture(1)


def test_files_come_whole_where_the_system_knows_no_call_for_all(project, monkeypatch):
    monkeypatch.setattr(whole_files, "LIBC", None)
    storage.save_many([("1/ab/one", b"1"), ("1/cd/two", b"2")])
    storage.save_many([("1/ab/one", b"other")])
    top = Path(default_storage.path(""))
    assert [(top / name).read_bytes() for name in ("1/ab/one", "1/cd/two")] == [b"1", b"2"]
    assert {each.name for each in top.iterdir()} == {"1"}
