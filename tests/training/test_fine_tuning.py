"""A project's network learns from its labels, in turns, from images that are nobody's test."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from labeler.labeling import consensus
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import (
    embeddings,
    feature_fits,
    fine_tuning,
    fitting,
    known_images,
    memory,
    scratch,
    spaces,
    tuning_lesson,
    versions,
)
from labeler.training.models import FeatureFit, Round, Shard
from labeler.training.spaces import Space
from labeler.work import leases
from ml import backbones
from ml.features import finetuned
from tests.ml import tiny_network
from tests.training.drawn import draw
from tests.training.invented import answer, run_round, work_on

State = FeatureFit.State
BASE = "torchvision:tiny,16"
TUNED = f"finetuned-all:{BASE}"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _tiny(monkeypatch):
    monkeypatch.setattr(backbones, "torchvision_network", tiny_network.tiny_network)
    monkeypatch.setattr(fine_tuning, "FIRST", 30)
    monkeypatch.setattr(fine_tuning, "TURN_SECONDS", 1e6)  # all in one turn, however slow
    feature_fits._loaded.cache_clear()


@pytest.fixture
def pool(project) -> Project:
    """Sixty stored and embedded pictures; the project's features are to be tuned."""
    Project.objects.update(features=TUNED)
    draw(project, range(60))
    embeddings.find()
    work_on("embedding")
    return project


@pytest.fixture
def taught(pool) -> Project:
    """The same with 36 answers outside the audit sample."""
    answer(pool, teaching(40))
    return pool


def teaching(end, start=0):
    return [row for row in range(start, end) if row % 10 != 9]


def tune(project) -> FeatureFit:
    embeddings.find()
    work_on("feature_fit")
    return FeatureFit.objects.get(project=project)


# Waiting ----------------------------------------------------------------------------------


def test_what_it_is_tuned_from_serves_until_there_are_labels(pool):
    assert embeddings.serving(pool) == Space(BASE)
    assert embeddings.progress(pool, Space(BASE)) == (60, 60)
    fit = tune(pool)
    assert (fit.state, fit.fingerprint) == (State.WAITING, "")
    assert fit.error == (
        "Fine-tuning begins with 30 labeled images outside the audit sample; there are 0."
    )
    answer(pool, teaching(20))
    assert run_round(pool).state == Round.State.DONE
    assert spaces.of(versions.serving(pool)) == Space(BASE)


def test_it_begins_when_there_are_enough_labels(pool):
    tune(pool)
    answer(pool, [*teaching(33), 9, 19])
    feature_fits.find()
    assert FeatureFit.objects.get().state == State.DUE  # 30 answers, two of them in the sample
    assert tune(pool).state == State.DONE


def test_answers_about_the_sample_bring_it_no_nearer(pool):
    tune(pool)
    answer(pool, [*teaching(32), 9, 19, 29])
    feature_fits.find()
    assert FeatureFit.objects.get().state == State.WAITING


def test_one_label_only_waits_for_another(pool):
    answer(pool, teaching(40), label=1)
    fit = tune(pool)
    assert fit.state == State.WAITING
    assert "a model needs examples of two labels" in fit.error
    feature_fits.find()
    assert FeatureFit.objects.get().state == State.WAITING
    answer(pool, [41], label=2)
    feature_fits.find()
    assert FeatureFit.objects.get().state == State.DUE


def test_images_without_vectors_are_waited_for(taught):
    draw(taught, range(60, 62))
    fit = tune(taught)
    assert (fit.state, fit.attempts) == (State.DUE, 0)
    assert fit.error == "2 images wait for their embeddings."


def test_a_network_that_cannot_be_had_is_said(pool, monkeypatch):
    def away(_):
        raise backbones.WeightsMissing("The weights could not be fetched")

    answer(pool, teaching(40))
    monkeypatch.setattr(backbones, "torchvision_network", away)
    fit = tune(pool)
    assert fit.state == State.FAILED
    assert fit.error.startswith("The weights could not be fetched. Choose other features")


# Learning ---------------------------------------------------------------------------------


def test_tuned_features_are_published_and_embedded(taught):
    fit = tune(taught)
    assert (fit.state, fit.error, fit.phase) == (State.DONE, "", "")
    assert (fit.facts["images"], fit.facts["kept_apart"], fit.facts["labels"]) == (28, 8, 36)
    assert fit.facts["dimensions"] == 8
    assert set(fit.facts["losses"][0]) == {"training", "held_out"}
    assert not tuning_lesson.folder(fit).exists()
    assert spaces.chosen(taught) == Space(TUNED, fit.fingerprint)
    work_on("embedding")
    assert embeddings.progress(taught) == (60, 60)
    assert run_round(taught).state == Round.State.DONE
    assert spaces.of(versions.serving(taught)) == Space(TUNED, fit.fingerprint)


def test_audit_and_test_images_are_never_learned_from(taught, monkeypatch):
    Image.objects.filter(row__in=(3, 4)).update(split="test")
    answer(taught, [9, 19])
    opened, local_file = set(), storage.local_file

    def watched(image, size="original"):
        if size == "original":  # thumbnails are compared, so that no twin of an audit image is used
            opened.add(image.row)
        return local_file(image, size)

    monkeypatch.setattr(tuning_lesson.storage, "local_file", watched)
    assert tune(taught).state == State.DONE
    assert opened == set(teaching(40)) - {3, 4}


def test_what_looks_like_an_audit_image_is_not_learned_from(taught, monkeypatch):
    twin = Image.objects.get(row=9)
    shard = Shard.objects.get()
    table = np.array(feature_fits.shards.load(shard), dtype=np.float32)
    table[5] = table[twin.row]
    from ml import arrays

    arrays.write_shard(feature_fits.shards.path(shard), table)
    memory._pools.clear()
    fit = tune(taught)
    assert fit.facts["images"] + fit.facts["kept_apart"] <= 35
    assert 5 not in fit.facts[known_images.FACT][fit.fingerprint]


def test_pictures_that_got_lost_are_passed_over(taught):
    storage.local_file(Image.objects.get(row=0)).unlink()
    storage.local_file(Image.objects.get(row=1)).write_bytes(b"no picture")
    assert tune(taught).state == State.DONE


def test_several_labels_at_once(taught):
    Project.objects.update(kind="multi")
    taught.refresh_from_db()
    assert tune(taught).state == State.DONE


def test_the_network_is_not_judged_by_what_it_knows_by_heart(taught, monkeypatch):
    monkeypatch.setattr(finetuned, "RATE_OF_ALL", 1e-3)
    fit = tune(taught)
    assert fit.facts["best_epoch"] > 0
    known = fit.facts[known_images.FACT][fit.fingerprint]
    assert len(known) == 28
    work_on("embedding")
    pool = memory.pool(taught, spaces.chosen(taught))
    lesson = fitting.lesson(taught, pool)
    assert set(lesson.rows[~lesson.judged].tolist()) == set(known) & set(lesson.rows.tolist())
    assert 5 <= lesson.judged.sum() <= 8
    run_round(taught)
    score = versions.serving(taught).cross_validated
    # Eight images cannot be that sure, whatever the share: the interval is theirs.
    assert score["high"] - score["low"] > 0.2
    before = memory.pool(taught, Space(BASE))
    assert fitting.lesson(taught, before).judged.all()


def test_a_network_that_stayed_what_it_was_may_be_judged_by_all(taught, monkeypatch):
    monkeypatch.setattr(finetuned, "RATE_OF_ALL", 50.0)  # nothing but harm
    fit = tune(taught)
    assert fit.facts["best_epoch"] == 0
    work_on("embedding")
    lesson = fitting.lesson(taught, memory.pool(taught, spaces.chosen(taught)))
    assert lesson.judged.all()


def test_rows_of_the_two_newest_fingerprints_are_kept():
    facts = known_images.noted({"images": 3}, "a", np.array([1]))
    for name in ("b", "c"):
        facts = known_images.noted(facts, name, np.array([2, 3]))
    assert facts == {"images": 3, known_images.FACT: {"b": [2, 3], "c": [2, 3]}}


# Again ------------------------------------------------------------------------------------


def test_it_learns_anew_when_labels_have_doubled(taught):
    fit = tune(taught)
    assert not fine_tuning.due(fit)
    FeatureFit.objects.update(facts={**fit.facts, "labels": 20})
    answer(taught, teaching(60, 40)[:23])
    fit.refresh_from_db()
    assert consensus.answered_count(taught) < 60
    assert not fine_tuning.due(fit)  # 59 are fewer than twice FIRST
    answer(taught, teaching(70, 59))
    draw(taught, range(60, 70))
    answer(taught, teaching(70, 60))
    assert fine_tuning.due(fit)
    feature_fits.find()
    fit.refresh_from_db()
    assert (fit.state, fit.again) == (State.DUE, True)


def test_an_admin_lets_it_learn_again(taught):
    first = tune(taught).fingerprint
    answer(taught, teaching(60, 40))
    feature_fits.ask(taught, TUNED, taught.created_by)
    work_on("embedding")
    fit = tune(taught)
    assert (fit.state, fit.again) == (State.DONE, False)
    assert fit.fingerprint != first
    assert fit.facts["labels"] == 54
    assert set(fit.facts[known_images.FACT]) == {first, fit.fingerprint}


def test_a_scratch_copy_uses_what_serves_and_is_never_tuned(pool):
    twin = scratch.copy(pool, "margin")
    assert twin.features == BASE
    answer(pool, teaching(40))
    tune(pool)
    work_on("embedding")
    twin = scratch.copy(pool, "margin")
    assert twin.features == TUNED
    FeatureFit.objects.filter(project=twin).update(facts={"labels": 1})
    answer(twin, teaching(60) * 2)
    fine_tuning.find()
    assert not FeatureFit.objects.filter(project=twin, state=State.DUE).exists()


# In turns, and after a kill ---------------------------------------------------------------


def test_other_chores_get_a_turn_and_the_result_is_the_same(taught, monkeypatch):
    whole = tune(taught)
    FeatureFit.objects.all().delete()
    monkeypatch.setattr(fine_tuning, "TURN_SECONDS", -1.0)
    fit = tune(taught)
    assert (fit.state, fit.phase, fit.done, fit.attempts) == (State.DUE, "learning", 1, 0)
    assert len(fit.facts["losses"]) == 1
    answer(taught, [50, 51])  # what comes meanwhile is for the next time
    for _ in range(20):
        if fit.state == State.DONE:
            break
        fit = tune(taught)
    assert (fit.state, fit.fingerprint) == (State.DONE, whole.fingerprint)
    assert fit.facts["losses"] == whole.facts["losses"]
    assert fit.facts["labels"] == 36


@pytest.mark.parametrize("change", ["label", "split"])
def test_a_lesson_that_no_longer_holds_is_begun_anew(taught, monkeypatch, change):
    monkeypatch.setattr(fine_tuning, "TURN_SECONDS", -1.0)
    fit = tune(taught)
    assert tuning_lesson.kept(fit) is not None
    if change == "label":
        Label.objects.create(project=taught, name="blight", place=3, key="4")
    else:
        Image.objects.filter(row=0).update(split="test")
    assert tuning_lesson.kept(fit) is None
    monkeypatch.setattr(fine_tuning, "TURN_SECONDS", 1e6)
    fit = tune(taught)
    assert fit.state == State.DONE
    assert (fit.facts["images"] + fit.facts["kept_apart"]) == (36 if change == "label" else 35)


KILLED = """
import os, signal, sys
sys.path.insert(0, os.environ["TINY"])
from tiny_network import tiny_network
from ml import backbones
from ml.features import finetuned
backbones.torchvision_network = tiny_network
from labeler.training import feature_fits, fine_tuning
from labeler.training.models import FeatureFit
from labeler.work import leases
fine_tuning.FIRST, fine_tuning.TURN_SECONDS = 30, 1e6
renew = leases.renew
def second_pass(row, **progress):
    renew(row, **progress)
    if progress.get("phase") == "learning" and progress["done"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
leases.renew = second_pass
feature_fits.run(leases.claim(FeatureFit))
"""


@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_s_tuning_goes_on_to_the_same_result(taught, tmp_path):
    whole = tune(taught).fingerprint
    FeatureFit.objects.all().delete()
    embeddings.find()
    facts = connection.settings_dict
    url = f"sqlite:///{facts['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgres://{facts['USER']}@{facts['HOST']}:{facts['PORT']}/{facts['NAME']}"
    env = {
        **os.environ, "LABELER_DATA": str(tmp_path), "DATABASE_URL": url,
        "LABELER_SECRET_KEY": settings.SECRET_KEY, "TINY": str(Path(tiny_network.__file__).parent),
    }  # fmt: skip
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-v0", "-c", KILLED]
    died = subprocess.run(command, env=env, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    fit = FeatureFit.objects.get()
    assert (fit.state, fit.phase, fit.done) == (State.RUNNING, "learning", 2)
    FeatureFit.objects.update(lease_until=Now())
    told, renew = [], leases.renew

    def listening(row, **progress):
        renew(row, **progress)
        told.append(progress.get("done"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "renew", listening)
        fit = tune(taught)
    assert (fit.state, fit.attempts, fit.fingerprint) == (State.DONE, 2, whole)
    assert next(done for done in told if done) == 3  # two passes were not done again
