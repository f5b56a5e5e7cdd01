"""Feature sets learn from the pool before they embed it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.pools.signals import images_added
from labeler.projects.models import Project
from labeler.training import (
    embeddings,
    feature_fits,
    feature_learning,
    feature_states,
    rounds,
    shards,
    spaces,
    versions,
    waiting,
)
from labeler.training.models import FeatureFit, Round, Shard
from labeler.work import leases
from ml import features
from tests.training.drawn import draw
from tests.training.features.conftest import PCA, State, choose, learn_and_embed
from tests.training.invented import answer, run_round, work_on

ROOT = Path(__file__).parents[3]


def test_the_set_learns_before_any_image_is_embedded(pool):
    images_added.send(sender=None, project_id=pool.pk, count=40)
    assert not Shard.objects.exists()
    work_on("embedding")
    assert embeddings.progress(pool) == (0, 40)
    with pytest.raises(feature_fits.NotLearned):
        feature_fits.usable(pool, PCA)
    work_on("feature_fit")
    fit = FeatureFit.objects.get()
    assert (fit.state, len(fit.fingerprint), fit.phase) == (State.DONE, 12, "")
    assert Shard.objects.get().fingerprint == fit.fingerprint
    work_on("embedding")
    assert embeddings.progress(pool) == (40, 40)
    assert shards.path(Shard.objects.get()).parent.name == f"pca-8-hog-1-{fit.fingerprint}"


def test_it_learns_from_what_is_no_audit_image_in_the_order_of_the_keys(pool, monkeypatch):
    monkeypatch.setattr(feature_learning, "MOST", 25)
    fit = learn_and_embed(pool)
    teaching = sorted((i for i in Image.objects.all() if not i.audit), key=lambda i: i.key)
    from ml.images import open_image

    pictures = [open_image(storage.local_file(image)) for image in teaching[:25]]
    bare = features.get(PCA).fit(pictures, seed=7)
    assert fit.fingerprint == bare.fingerprint
    assert (fit.facts["images"], fit.facts["dimensions"]) == (25, 8)
    assert fit.facts["kept"] == pytest.approx(bare.kept, abs=1e-3)
    found = embeddings.read(pool, [teaching[0].row])
    np.testing.assert_allclose(found, bare.embed(pictures[:1]), atol=2e-2)


def test_a_round_trains_on_what_was_learned(learned):
    answer(learned, [row for row in range(30) if row % 10 != 9])
    assert run_round(learned).state == Round.State.DONE
    version = versions.serving(learned)
    assert spaces.of(version) == spaces.chosen(learned)
    assert version.cross_validated["accuracy"] > 0.8
    assert rounds.due(learned) is None


def test_damaged_images_are_left_out(pool):
    for row in (0, 1):
        storage.local_file(Image.objects.get(row=row)).write_bytes(b"no picture")
    storage.local_file(Image.objects.get(row=2)).unlink()
    fit = learn_and_embed(pool)
    assert (fit.state, fit.facts["images"]) == (State.DONE, 33)


@pytest.mark.parametrize("name", ["itq-8:hog", "hash-16:pixels", "pca-4:autoencoder"])
def test_other_sets_that_learn_are_embedded_too(pool, small_network, name):
    choose(pool, name)
    fit = learn_and_embed(pool)
    assert fit.state == State.DONE, fit.error
    assert embeddings.progress(pool) == (40, 40)
    assert np.isfinite(embeddings.read(pool, range(40))).all()


def test_an_autoencoder_shows_its_losses_and_what_it_draws(pool, small_network):
    choose(pool, "autoencoder")
    fit = learn_and_embed(pool)
    assert [set(each) for each in fit.facts["losses"]] == [{"training", "held_out"}] * 3
    sheet = feature_fits.folder(pool, "autoencoder") / fit.fingerprint / feature_states.SAMPLES
    from PIL import Image as Picture

    with Picture.open(sheet) as shown:
        assert shown.size == (8 * 16 + 7 * 4, 2 * 16 + 4)
    assert np.isfinite(embeddings.read(pool, range(40))).all()


def test_progress_is_told_while_it_learns(pool, small_network, monkeypatch):
    choose(pool, "autoencoder")
    monkeypatch.setattr(feature_learning, "SAY_AFTER", -1.0)
    told, renew = [], leases.renew

    def listening(row, **progress):
        renew(row, **progress)
        told.append((row.phase, row.done, row.total, len(row.facts["losses"])))

    monkeypatch.setattr(leases, "renew", listening)
    learn_and_embed(pool)
    assert told[:2] == [("reading", 32, 36, 0), ("reading", 36, 36, 0)]
    assert told[2:5] == [("learning", i, 3, i) for i in (1, 2, 3)]


def test_a_long_fit_that_makes_progress_neither_loses_its_lease_nor_counts_as_hung(
    pool, monkeypatch
):
    presence, kept = feature_learning.presence, []
    monkeypatch.setattr(feature_learning, "ARM_AFTER", -1.0)
    keep = leases.keeping
    monkeypatch.setattr(leases, "keeping", lambda row: kept.append(row) or keep(row))
    with presence.working_on("feature_fit 1"):
        presence.doing_since -= 10_000
        embeddings.find()
        feature_fits.run(leases.claim(FeatureFit))
        assert presence.busy()[1] < 5_000
    assert FeatureFit.objects.get().state == State.DONE
    assert len(kept) == 2  # at the start and at its only note
    assert not [each for each in threading.enumerate() if each.name == "lease"]


# Too little, or wrong ---------------------------------------------------------------------


def test_a_pool_that_is_too_small_waits_until_it_grows(project):
    Project.objects.update(features=PCA)
    draw(project, range(21))
    fit = learn_and_embed(project)
    assert (fit.state, fit.fingerprint) == (State.WAITING, "")
    assert "20 images or more that are not in the audit sample; there are 19." in fit.error
    feature_fits.find()
    work_on("feature_fit")
    fit.refresh_from_db()
    assert fit.state == State.WAITING  # nothing came: it is not tried again
    draw(project, range(21, 30))
    fit = learn_and_embed(project)
    assert (fit.state, fit.error) == (State.DONE, "")
    assert embeddings.progress(project) == (30, 30)


def test_what_the_set_itself_refuses_waits_too(pool):
    choose(pool, "itq-64:hog")
    fit = learn_and_embed(pool)
    with pytest.raises(waiting.NobodyWorks, match="itq-64:hog cannot be had: 64 bits need images"):
        waiting.for_embeddings(pool, lambda done, total: None)
    assert fit.state == State.WAITING
    assert fit.error.startswith("64 bits need images that differ in 64 ways; these differ in 3")
    assert "It is tried again when images are added." in fit.error


def test_a_worker_that_dies_leaves_nothing_and_the_next_starts_over(pool, monkeypatch):
    class Killed(BaseException):
        """Stands for what leaves no time to tidy up."""

    def dies(*_):
        raise Killed

    monkeypatch.setattr(feature_fits.whole_files, "write", dies)
    monkeypatch.setattr(feature_learning, "_samples", lambda *_: {"samples.webp": b"x"})
    embeddings.find()
    with pytest.raises(Killed):
        work_on("feature_fit")
    assert FeatureFit.objects.get().state == State.RUNNING
    assert not Shard.objects.exists()
    monkeypatch.undo()
    FeatureFit.objects.update(lease_until=Now())
    fit = learn_and_embed(pool)
    assert (fit.state, fit.attempts) == (State.DONE, 2)
    place = feature_fits.folder(pool, PCA)
    assert [each.name for each in place.iterdir()] == [fit.fingerprint]


KILLED = """
import os, signal
from labeler.training import feature_fits, feature_learning
from labeler.training.models import FeatureFit
from labeler.work import leases
feature_learning.SAY_AFTER = -1.0
renew = leases.renew
def once(row, **progress):
    renew(row, **progress)
    os.kill(os.getpid(), signal.SIGKILL)
leases.renew = once
feature_fits.run(leases.claim(FeatureFit))
"""


@pytest.mark.django_db(transaction=True)
def test_learning_survives_a_kill_in_the_middle(pool, tmp_path):
    embeddings.find()
    facts = connection.settings_dict
    url = f"sqlite:///{facts['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{facts['USER']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    env = {
        **os.environ, "LABELER_DATA": str(tmp_path), "DATABASE_URL": url,
        "LABELER_SECRET_KEY": settings.SECRET_KEY,
    }  # fmt: skip
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", KILLED]
    died = subprocess.run(command, env=env, capture_output=True, text=True)
    assert died.returncode == -9, died.stderr
    fit = FeatureFit.objects.get()
    assert (fit.state, fit.phase, fit.done, fit.total) == (State.RUNNING, "reading", 36, 36)
    FeatureFit.objects.update(lease_until=Now())
    fit = learn_and_embed(pool)
    assert (fit.state, fit.attempts, fit.lease_no) == (State.DONE, 2, 2)
    assert embeddings.progress(pool) == (40, 40)


def test_a_slow_worker_whose_lease_is_lost_publishes_nothing(pool):
    embeddings.find()
    slow = leases.claim(FeatureFit)
    FeatureFit.objects.update(lease_until=Now())
    work_on("feature_fit")
    first = FeatureFit.objects.get().fingerprint
    with pytest.raises(leases.LeaseLost):
        feature_fits.run(slow)
    assert FeatureFit.objects.get().fingerprint == first
    assert feature_fits.usable(pool, PCA).fingerprint == first


def test_a_network_that_cannot_be_fetched_or_has_no_such_layer_is_said(pool):
    choose(pool, "pca-8:torchvision:nosuchnet")
    fit = learn_and_embed(pool)
    assert fit.state == State.FAILED
    assert "torchvision has no classification network called 'nosuchnet'" in fit.error
    assert "Choose another one in the project's settings." in fit.error


def test_a_set_that_nobody_wants_any_more_does_not_learn(pool):
    embeddings.find()
    choose(pool, "pixels")
    work_on("feature_fit")
    assert FeatureFit.objects.get().state == State.CANCELLED
    choose(pool, PCA)
    assert learn_and_embed(pool).state == State.DONE


def test_an_archived_project_does_not_begin_to_learn(pool):
    Project.objects.filter(pk=pool.pk).update(archived_at=Now())
    embeddings.find()
    assert not FeatureFit.objects.exists()


def test_what_was_learned_and_got_lost_is_learned_again(learned):
    fit = FeatureFit.objects.get()
    feature_fits._loaded.cache_clear()
    for file in (feature_fits.folder(learned, PCA) / fit.fingerprint).iterdir():
        file.write_bytes(b"dust")
    draw(learned, range(40, 45))
    embeddings.find()
    work_on("embedding")
    waiting = Shard.objects.get()
    assert (waiting.state, waiting.rows_done) == (Shard.State.DUE, 40)
    assert "What these features had learned is damaged" in waiting.error
    work_on("feature_fit")
    assert FeatureFit.objects.get().state == State.DONE
    Shard.objects.update(not_before=None)
    for _ in range(3):
        work_on("embedding")
    assert embeddings.progress(learned) == (45, 45)
