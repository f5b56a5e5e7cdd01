"""Near-duplicates: found by a worker, decided by people, kept apart by the rounds."""

from itertools import pairwise

import numpy as np
import pytest

from labeler.exploring import surveys
from labeler.exploring.models import Survey
from labeler.training import picture_codes
from labeler.training.models import Shard
from labeler.training.spaces import Space
from ml.picture_hash import picture_code
from tests.exploring.drawn_pool import bring_in, jpeg, shapes
from tests.training.invented import FEATURES, fill, work_on

ORIGINALS = 12


@pytest.fixture
def pool(project):
    """Twelve pictures; the first three saved again, the first once more and smaller."""
    files = [jpeg(shapes(seed)) for seed in range(ORIGINALS)]
    files += [jpeg(shapes(seed), 60) for seed in range(3)]
    files.append(jpeg(shapes(0).resize((64, 64)), 85))
    bring_in(project, files)
    return project


def compared(project, by="codes"):
    """A survey of near-duplicates, done by a worker."""
    space = None if by == "codes" else Space(FEATURES)
    row = surveys.ask(project, None, Survey.Kind.DUPLICATES, space, {"by": by})
    work_on("survey")
    row.refresh_from_db()
    assert (row.state, row.error) == ("done", "")
    return row


def groups(row, level=3):
    """The groups' rows, sorted."""
    folder = surveys.folder(row)
    starts = np.load(folder / f"starts-{level}.npy")
    rows = np.load(folder / f"rows-{level}.npy")
    return sorted(sorted(rows[a:b].tolist()) for a, b in pairwise(starts))


def test_pictures_saved_again_are_groups(pool):
    assert groups(compared(pool)) == [[0, 12, 15], [1, 13], [2, 14]]


def test_codes_are_made_once(pool, monkeypatch):
    compared(pool)
    asked = []
    monkeypatch.setattr(picture_codes, "_code", lambda image: asked.append(image))
    compared(pool)
    assert asked == []


def test_a_picture_that_is_gone_is_like_nothing(pool):
    from labeler.pools import storage
    from labeler.pools.models import Image

    for image in Image.objects.filter(project=pool, row__in=(1, 13)):
        storage.local_file(image).unlink()
    assert groups(compared(pool)) == [[0, 12, 15], [2, 14]]


def test_embeddings_find_what_codes_do_not(project):
    table = fill(project)
    table[[40, 50]] = table[[1, 2]] + 0.001
    from labeler.training import shards
    from ml import arrays

    arrays.write_shard(shards.path(Shard.objects.get(project=project)), table)
    row = compared(project, "features")
    assert groups(row, 0) == [[1, 40], [2, 50]]
    assert not list(surveys.folder(row).glob("*.tmp"))


def test_a_stricter_level_has_no_more_groups(pool):
    levels = compared(pool).facts["levels"]
    images = [level["images"] for level in levels]
    assert images == sorted(images)


def test_an_empty_pool_is_refused(project):
    row = surveys.ask(project, None, Survey.Kind.DUPLICATES, None, {"by": "codes"})
    work_on("survey")
    row.refresh_from_db()
    assert "The pool is empty" in row.error


class TestCodes:
    def test_read_gives_what_was_made(self, pool):
        rows = np.array([3, 0, 12])
        codes, done = picture_codes.read(pool, rows)
        assert not done.any()
        picture_codes.make(pool, rows)
        codes, done = picture_codes.read(pool, rows)
        assert done.all()
        near = picture_code(shapes(3))
        assert np.unpackbits(codes[0] ^ near).sum() < 8

    def test_audit_images_have_their_likes_among_the_others(self, pool):
        near = picture_codes.like_audit(pool, np.arange(12, 16), np.array([0, 1]))
        assert near.tolist() == [True, True, False, True]
        assert not picture_codes.like_audit(pool, np.arange(3), np.array([], dtype=int)).any()

    def test_what_was_compared_once_is_remembered_until_the_sample_changes(self, pool):
        kept, rows = picture_codes.Compared(), np.arange(12, 16)
        near = picture_codes.like_audit(pool, rows, np.array([0, 1]))
        assert kept.like_audit(pool, rows, np.array([0, 1])).tolist() == near.tolist()
        assert kept.known == dict(zip(rows.tolist(), near.tolist(), strict=True))
        assert kept.like_audit(pool, rows[::-1], np.array([0, 1])).tolist() == near[::-1].tolist()
        assert not kept.like_audit(pool, rows, np.array([], dtype=int)).any()

    def test_a_damaged_file_is_made_again(self, pool):
        picture_codes.make(pool, np.arange(4))
        file = next((surveys.storage.arrays_folder(pool) / "codes").iterdir())
        file.write_bytes(b"nothing")
        assert not picture_codes.read(pool, np.arange(4))[1].any()
        picture_codes.make(pool, np.arange(4))
        assert picture_codes.read(pool, np.arange(4))[1].all()
