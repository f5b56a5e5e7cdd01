"""A disk that is full, or a line that a power cut left half."""

import contextlib
import io
import os
import resource

import pytest

from labeler.pools import staging, uploads
from labeler.pools.models import Upload
from labeler.pools.refusing import ImportRefused
from tests.conftest import picture
from tests.pools.uploads.tus import (
    create,
    offset,
    patch,
    staged,
)

pytestmark = pytest.mark.django_db


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
