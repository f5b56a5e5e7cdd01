"""A round learns from the answers, ranks the pool, and publishes all of it or nothing."""

import subprocess
import sys

import numpy as np
import pytest
from django.db.models.functions import Now

from labeler.labeling.models import Annotation, QueueItem
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label
from labeler.training import (
    embeddings,
    fitting,
    memory,
    model_files,
    predictions,
    rounds,
    running,
    shards,
    signals,
    versions,
)
from labeler.training.models import ModelVersion, Round, Shard
from labeler.training.spaces import Space
from labeler.work import leases
from ml import arrays
from ml.heads import LogisticHead
from tests.training.invented import FEATURES, answer, fill, run_round, work_on

State, Reason = Round.State, Round.Reason


@pytest.fixture
def taught(pool):
    """The pool with twenty true answers outside the audit sample."""
    answer(pool, [row for row in range(23) if row % 10 != 9])
    return pool


def queue_of(project):
    return list(QueueItem.objects.filter(project=project, done_at=None).order_by("rank"))


def test_a_round_leaves_a_model_that_ranks_the_queue(taught):
    done = run_round(taught)
    assert (done.state, done.error, done.n_labels) == (State.DONE, "", 21)
    version = versions.serving(taught)
    assert (version.number, version.round_id) == (1, done.pk)
    waiting = queue_of(taught)
    asked = {item.image.row for item in waiting}
    assert asked == {row for row in range(60) if row % 10 != 9} - set(range(23))
    assert [item.rank for item in waiting] == sorted(item.rank for item in waiting)
    assert all(item.version == 1 and item.strategy == "margin" for item in waiting)
    scores = [item.score for item in waiting]
    assert scores == sorted(scores, reverse=True)
    assert all(sum(item.beliefs.values()) == pytest.approx(1, abs=0.01) for item in waiting)


def test_the_model_is_right_about_the_pool(taught):
    run_round(taught)
    version = versions.serving(taught)
    proba = predictions.proba(version, np.arange(60))
    assert (proba.argmax(axis=1) == np.arange(60) % 3).mean() > 0.95
    rows, audit = predictions.audit_proba(version)
    assert rows.tolist() == [9, 19, 29, 39, 49, 59]
    assert audit.argmax(axis=1).tolist() == [row % 3 for row in rows]
    np.testing.assert_allclose(audit.sum(axis=1), 1, atol=1e-3)


def test_a_round_says_which_answers_it_has_seen(taught):
    done = run_round(taught)
    newest = Annotation.objects.order_by("-pk").first().pk
    assert done.seen_annotation == newest == versions.serving(taught).seen_annotation
    assert set(done.timings) >= {"fitting", "scoring", "publishing", "all"}


def test_audit_images_and_what_looks_like_them_are_not_learned_from(project):
    table = fill(project)
    table[3] = table[9] * 1.001  # row 3 shows nearly the audit image of row 9
    arrays.write_shard(shards.path(Shard.objects.get()), table)
    answer(project, range(30))
    lesson = fitting.lesson(project, memory.pool(project, Space(FEATURES)))
    assert set(lesson.rows.tolist()) == set(range(30)) - {3, 9, 19, 29}


def test_pictures_that_all_look_alike_are_not_taken_for_copies(project):
    table = fill(project)
    arrays.write_shard(shards.path(Shard.objects.get()), table + 20)  # cosine over 0.99 everywhere
    answer(project, range(30))
    assert len(fitting.lesson(project, memory.pool(project, Space(FEATURES)))) == 27


def test_the_next_round_follows_new_answers_and_keeps_old_figures(taught):
    run_round(taught)
    answer(taught, [30, 31, 32])
    run_round(taught)
    first, second = ModelVersion.objects.order_by("number")
    assert (first.serving, second.serving, second.n_labels) == (False, True, 24)
    assert len(predictions.audit_proba(first)[0]) == 6
    assert {30, 31, 32}.isdisjoint(item.image.row for item in queue_of(taught))


def test_pool_wide_predictions_of_the_last_three_versions_are_kept(taught):
    for _ in range(4):
        run_round(taught)
    kept = [bool(np.isfinite(predictions.proba(v, [0])).all())
            for v in ModelVersion.objects.order_by("number")]  # fmt: skip
    assert kept == [False, True, True, True]


def test_an_item_somebody_holds_stays(taught, annotator):
    image = Image.objects.get(project=taught, row=40)
    held = QueueItem.objects.create(
        project=taught, image=image, rank=0, strategy="random", claimed_by=annotator,
        claimed_until=Now() + leases.timedelta(minutes=10),
    )  # fmt: skip
    run_round(taught)
    assert QueueItem.objects.get(image=image, done_at=None).pk == held.pk


def test_a_label_without_an_example_does_no_harm(taught):
    Label.objects.create(project=taught, name="scab", place=3)
    assert run_round(taught).state == State.DONE
    proba = predictions.proba(versions.serving(taught), [0])
    assert proba.shape == (1, 4)
    assert proba[0, 3] == 0


def test_a_retired_label_is_no_longer_predicted(taught):
    run_round(taught)
    Label.objects.filter(project=taught, place=1).update(retired=True)
    assert run_round(taught).state == State.DONE
    version = versions.serving(taught)
    assert len(version.label_ids) == 2
    assert version.n_labels == 14


def test_several_labels_per_image(taught):
    type(taught).objects.update(kind="multi")
    taught.refresh_from_db()
    healthy, rust = Label.objects.filter(project=taught)[:2]
    for made in Annotation.objects.filter(image__row__lt=6):
        made.labels.set([healthy, rust])
    assert run_round(taught).state == State.DONE
    proba = predictions.proba(versions.serving(taught), np.arange(60))
    assert ((proba >= 0) & (proba <= 1)).all()
    assert not np.allclose(proba.sum(axis=1), 1)


def test_with_several_labels_an_image_is_right_when_every_label_is():
    proba = np.array([[0.9, 0.2, 0.1], [0.9, 0.6, 0.1], [0.1, 0.2, 0.3]], dtype=np.float32)
    marks = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=bool)
    assert fitting.share_right(proba, marks) == pytest.approx(2 / 3)
    assert fitting.share_right(proba, np.array([0, 1, 2])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("strategy", ["least_confidence", "entropy", "diverse_margin", "random"])
def test_every_strategy_ranks_the_pool(taught, strategy):
    type(taught).objects.update(strategy=strategy)
    taught.refresh_from_db()
    assert run_round(taught).state == State.DONE
    assert {item.strategy for item in queue_of(taught)} == {strategy}
    assert len(queue_of(taught)) == 33


def test_a_rounds_worker_does_not_load_torch():
    code = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'labeler.settings'; "
        "django.setup(); from labeler.training import running; from labeler.work import tasks; "
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


# Before the first model --------------------------------------------------------------------


def test_a_pool_without_answers_is_ordered_by_clusters(pool):
    done = run_round(pool, Reason.POOL)
    assert (done.state, done.total) == (State.DONE, 60)
    waiting = queue_of(pool)
    assert {item.strategy for item in waiting} == {"clusters"}
    assert len({item.image.row % 3 for item in waiting[:3]}) == 3  # every group at once
    assert not any(item.image.audit for item in waiting)


def test_asking_for_a_model_too_early_says_what_is_missing(pool):
    answer(pool, [0, 3, 6])
    done = run_round(pool)
    assert done.state == State.FAILED
    assert done.error == "All 3 answers are the same: a model needs examples of two labels."


# When something is wrong -------------------------------------------------------------------


def test_a_broken_shard_is_said_and_computed_again(taught):
    shard = Shard.objects.get()
    shards.path(shard).write_bytes(shards.path(shard).read_bytes()[:1000])
    failed = run_round(taught)
    assert (failed.state, failed.attempts) == (State.DUE, 0)  # it waits, and will not give up
    assert "The embeddings of images 0 to 59 are damaged" in failed.error
    shard.refresh_from_db()
    assert (shard.state, shard.rows_done) == (State.DUE, 0)


def test_answers_whose_images_are_not_embedded_yet_are_waited_for(taught):
    Shard.objects.update(rows_done=0, state=State.DUE)
    waiting = run_round(taught)
    assert waiting.state == State.DUE
    assert "21 answers wait for their images' embeddings" in waiting.error
    Shard.objects.update(rows_done=60, state=State.DONE)
    assert run_round(taught).state == State.DONE


def test_what_a_killed_worker_left_is_cleared_away(taught):
    left = storage.arrays_folder(taught) / "beside" / "0-1"
    left.mkdir(parents=True)
    run_round(taught)
    assert not left.exists()


def test_a_failure_keeps_the_old_queue_and_model(taught, monkeypatch):
    run_round(taught)
    before = [(i.pk, i.rank) for i in queue_of(taught)]

    def broken(*args, **options):
        raise RuntimeError("disk full")

    monkeypatch.setattr(model_files, "put_in_place", broken)
    for _ in range(3):
        failed = run_round(taught)
    assert (failed.state, failed.error) == (State.FAILED, "RuntimeError: disk full")
    assert [(i.pk, i.rank) for i in queue_of(taught)] == before
    assert versions.serving(taught).number == 1
    assert rounds.state(taught).failure == "RuntimeError: disk full"


def test_a_worker_that_lost_its_lease_publishes_nothing(taught, monkeypatch):
    mine = rounds.ask(taught, Reason.ASKED)
    write = running._write

    def while_the_lease_runs_out(*args):
        Round.objects.filter(pk=mine.pk).update(lease_no=99)
        return write(*args)

    monkeypatch.setattr(running, "_write", while_the_lease_runs_out)
    work_on("round")
    assert not ModelVersion.objects.exists()
    assert not queue_of(taught)


def test_a_head_that_did_not_converge_is_not_published(taught, monkeypatch):
    fit = LogisticHead.fit.__func__

    def stopped_early(cls, *args, **options):
        head = fit(cls, *args, **options)
        head.converged = False
        return head

    monkeypatch.setattr(LogisticHead, "fit", classmethod(stopped_early))
    failed = run_round(taught)
    assert failed.state == State.FAILED
    assert "did not reach the optimum" in failed.error
    assert not ModelVersion.objects.exists()


def test_a_model_far_worse_than_the_last_is_not_published(taught):
    answer(taught, [row for row in range(23, 60) if row % 10 != 9])
    run_round(taught)
    score = {"n": 60, "accuracy": 0.99, "low": 0.97, "high": 1.0}
    ModelVersion.objects.update(cross_validated={**score, "n": 51})
    rng = np.random.default_rng(3)
    labels = list(Label.objects.filter(project=taught))
    for made in Annotation.objects.all():
        made.labels.set([labels[rng.integers(3)]])
    fill_more(taught)
    failed = run_round(taught)
    assert failed.state == State.FAILED
    assert "Look for wrong labels" in failed.error
    assert versions.serving(taught).number == 1


def fill_more(project):
    """Ten more images with answers that mean nothing."""
    rng = np.random.default_rng(5)
    shard = Shard.objects.get()
    table = np.asarray(shards.load(shard), dtype=np.float32)
    arrays.write_shard(
        shards.path(shard), np.concatenate([table, rng.normal(size=(10, table.shape[1]))])
    )
    Shard.objects.update(rows_wanted=70, rows_done=70)
    for row in range(60, 70):
        Image.objects.create(
            project=project, row=row, sha256=f"{row:064x}", name=f"{row}.png", width=9, height=9,
            format="PNG", bytes=9, key=0.5,
        )  # fmt: skip
    type(project).objects.update(next_row=70)
    for row in range(60, 70):
        answer(project, [row], label=int(rng.integers(3)))


def test_a_changed_model_file_is_not_loaded(taught):
    run_round(taught)
    version = versions.serving(taught)
    file = versions.folder(version) / "head.npz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(versions.ModelDamaged, match=r"head\.npz"):
        model_files.load(version)
    memory._pools.clear()
    assert run_round(taught).state == State.DONE  # starts cold instead


def test_an_unknown_strategy_is_said(taught):
    type(taught).objects.update(strategy="guessing")
    failed = run_round(taught)
    assert failed.state == State.FAILED
    assert "No strategy is called 'guessing'" in failed.error


# News --------------------------------------------------------------------------------------


def test_a_finished_round_is_told(taught):
    heard = []

    def listen(**news):
        heard.append((news["project_id"], news["round_id"], news["version"]))

    signals.round_finished.connect(listen)
    try:
        done = run_round(taught)
    finally:
        signals.round_finished.disconnect(listen)
    assert heard == [(taught.pk, done.pk, 1)]


def test_answers_that_came_meanwhile_start_the_next_round(taught, monkeypatch):
    score = running.ranking.rank

    def while_people_answer(*args, **options):
        answer(taught, range(30, 36))
        return score(*args, **options)

    run_round(taught)
    monkeypatch.setattr(running.ranking, "rank", while_people_answer)
    run_round(taught)
    assert Round.objects.get(number=3).reason == Reason.LABELS


def test_new_features_take_over_when_they_are_complete(taught):
    run_round(taught)
    type(taught).objects.update(features="pixels")
    taught.refresh_from_db()
    assert embeddings.serving(taught) == Space(FEATURES)
    embeddings.find()
    assert Shard.objects.get(features="pixels").rows_wanted == 60
    assert run_round(taught).state == State.DONE  # on the old ones
    shard = Shard.objects.get(features="pixels")
    arrays.write_shard(shards.path(shard), np.random.default_rng(1).random((60, 4096)))
    Shard.objects.filter(pk=shard.pk).update(rows_done=60, state=State.DONE)
    assert rounds.due(taught) == Reason.POOL
    assert run_round(taught).state == State.DONE
    assert versions.serving(taught).features == "pixels"
