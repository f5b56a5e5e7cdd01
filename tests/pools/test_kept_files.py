"""What is kept of a bucket on this machine stays below its limit."""

import os
import time

import pytest

from labeler.pools import kept_files, storage
from labeler.pools.models import Image
from tests.conftest import picture
from tests.pools.conftest import bring, pictures


def put(name, size, age):
    path = kept_files.root() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    when = time.time() - age
    os.utime(path, (when, when))
    return path


def test_what_was_not_used_for_longest_goes_first(settings):
    settings.CACHE_BYTES = 1000
    old, older, new = put("1/a", 400, 5000), put("1/b", 400, 9000), put("2/c", 400, 700)
    kept_files.used(old)
    assert kept_files.tidy() == 1
    assert (old.exists(), older.exists(), new.exists()) == (True, False, True)
    assert kept_files.tidy() == 0


def test_what_somebody_may_be_reading_stays(settings):
    settings.CACHE_BYTES = 10
    just_used = put("1/a", 400, 1)
    assert kept_files.tidy() == 0
    assert just_used.exists()


def test_below_the_limit_everything_stays(settings):
    settings.CACHE_BYTES = 1000
    put("1/a", 400, 9000)
    assert kept_files.tidy() == 0


@pytest.mark.django_db
def test_fetching_tidies_and_a_file_that_went_is_fetched_again(
    pictures_bucket, settings, project, admin, monkeypatch
):
    settings.CACHE_BYTES = 100
    monkeypatch.setattr(kept_files, "PAUSE", -1.0)
    monkeypatch.setattr(kept_files, "IN_USE", -1.0)
    bring(project, admin, pictures(3))
    for number, image in enumerate(Image.objects.order_by("row")):
        assert storage.local_file(image).name == image.sha256 or number
    assert sum(p.is_file() for p in kept_files.root().rglob("*")) <= 1
    monkeypatch.setattr(kept_files, "IN_USE", 600.0)
    first = Image.objects.earliest("row")
    assert storage.local_file(first).read_bytes() == picture(0)
