"""Every image of the pool gets a vector, whatever happens on the way."""

import hashlib

import numpy as np
import pytest

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.pools.signals import images_added
from labeler.projects.models import Project
from labeler.training import embedding, embeddings, rounds
from labeler.training.models import Round, Shard
from ml import features
from ml.images import open_image
from tests.conftest import picture
from tests.training.invented import work_on

State = Shard.State


@pytest.fixture
def files(project):
    """Twelve stored pictures of the project, whose features are grey pixels."""
    type(project).objects.update(features="pixels")
    add(project, range(12))
    project.refresh_from_db()
    return project


def add(project, rows):
    for row in rows:
        data = picture(row)
        sha = hashlib.sha256(data).hexdigest()
        storage.save_original(project, sha, data)
        Image.objects.create(
            project=project, row=row, sha256=sha, name=f"{row}.png", width=32, height=24,
            format="PNG", bytes=len(data), key=row / 100,
        )  # fmt: skip
        Project.objects.filter(pk=project.pk).update(next_row=row + 1)


def break_file(project, row):
    image = Image.objects.get(project=project, row=row)
    storage.local_file(image).write_bytes(b"no picture")


def test_new_images_are_embedded_row_by_row(files):
    images_added.send(sender=None, project_id=files.pk, count=12)
    assert embeddings.progress(files) == (0, 12)
    work_on("embedding")
    assert embeddings.progress(files) == (12, 12)
    bare = features.get("pixels").embed([open_image(picture(row)) for row in (7, 3)])
    np.testing.assert_allclose(embeddings.read(files, [7, 3]), bare, atol=1e-3)


def test_the_sweep_finds_images_nobody_told_of(files):
    embeddings.find()
    assert Shard.objects.get().rows_wanted == 12
    work_on("embedding")
    add(files, range(12, 15))
    embeddings.find()
    assert Shard.objects.get().state == State.DUE
    work_on("embedding")
    assert embeddings.progress(files) == (15, 15)


def test_an_unreadable_image_gets_no_vector_and_blocks_nobody(files):
    break_file(files, 4)
    embeddings.find()
    work_on("embedding")
    shard = Shard.objects.get()
    assert (shard.state, shard.rows_done) == (State.DONE, 12)
    assert shard.error == "1 image could not be read, for example 4.png."
    there = np.isfinite(embeddings.read(files, range(12))).all(axis=1)
    assert there.tolist() == [row != 4 for row in range(12)]


def test_a_file_that_is_gone_blocks_nobody(files):
    storage.local_file(Image.objects.get(row=2)).unlink()
    embeddings.find()
    work_on("embedding")
    assert Shard.objects.get().state == State.DONE


def test_a_crash_repeats_only_the_last_step(files, monkeypatch):
    monkeypatch.setattr(embedding, "STEP", 5)
    embed, calls = embedding.embed, []

    def dies_at_the_third(feature_set, images):
        calls.append(len(images))
        if len(calls) == 3:
            raise SystemExit
        return embed(feature_set, images)

    monkeypatch.setattr(embedding, "embed", dies_at_the_third)
    embeddings.find()
    with pytest.raises(SystemExit):
        work_on("embedding")
    assert embeddings.progress(files) == (10, 12)
    Shard.objects.update(state=State.DUE)
    work_on("embedding")
    assert calls == [5, 5, 2, 2]
    assert np.isfinite(embeddings.read(files, range(12))).all()


def test_a_failing_storage_is_not_the_images_fault(files, monkeypatch):
    def away(*args):
        raise OSError("bucket unreachable")

    embeddings.find()
    monkeypatch.setattr(storage, "local_file", away)
    work_on("embedding")
    shard = Shard.objects.get()
    assert (shard.state, shard.rows_done) == (State.DUE, 0)
    assert shard.error == "OSError: bucket unreachable"


def test_images_that_come_while_a_shard_is_at_work_are_not_forgotten(files, monkeypatch):
    embed = embedding.embed

    def while_more_come(feature_set, images):
        if not Image.objects.filter(row=12).exists():
            add(files, [12])
            embeddings.find()
        return embed(feature_set, images)

    monkeypatch.setattr(embedding, "embed", while_more_come)
    embeddings.find()
    work_on("embedding")
    assert Shard.objects.get().state == State.DUE
    work_on("embedding")
    assert embeddings.progress(files) == (13, 13)


def test_other_chores_get_a_turn(files, monkeypatch):
    monkeypatch.setattr(embedding, "STEP", 5)
    monkeypatch.setattr(embedding, "TURN_SECONDS", 0.0)
    embeddings.find()
    embedding.run(embedding.leases.claim(Shard))
    assert (Shard.objects.get().state, Shard.objects.get().rows_done) == (State.DUE, 5)


def test_an_unknown_feature_set_is_said(files):
    Shard.objects.create(project=files, features="crystal ball", number=0, rows_wanted=12)
    work_on("embedding")
    assert Shard.objects.get().state == State.FAILED
    assert "no feature set is called 'crystal ball'" in Shard.objects.get().error


def test_a_whole_pool_is_ranked_at_once(files):
    embeddings.find()
    work_on("embedding")
    assert Round.objects.get().reason == Round.Reason.POOL
    work_on("round")
    assert rounds.due(files) is None
