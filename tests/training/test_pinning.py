"""A pinned version serves while rounds go on; an earlier one can serve again; others can go."""

import shutil

import numpy as np
import pytest

from labeler.labeling.models import QueueItem
from labeler.training import answers_by_row, pinning, predictions, rounds, shards, versions
from labeler.training.models import ModelVersion, Round, Shard
from labeler.training.spaces import Space
from tests.training.invented import FEATURES, answer, run_round, work_on

State, Reason = Round.State, Round.Reason
TEACHING = [row for row in range(60) if row % 10 != 9]


@pytest.fixture
def versioned(pool):
    """The pool with three versions, each of more answers."""
    for number in range(3):
        answer(pool, TEACHING[12 * number : 12 * (number + 1)])
        assert run_round(pool).state == State.DONE
    return pool


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """Do what waits for the commit, too."""

    def call(do, *arguments):
        with django_capture_on_commit_callbacks(execute=True):
            return do(*arguments)

    return call


def serving(project):
    return versions.serving(project).number


def test_a_kept_version_serves_at_once_and_through_the_next_round(versioned):
    assert serving(versioned) == 3
    pinning.pin(versioned, 2)
    assert serving(versioned) == 2
    answer(versioned, TEACHING[36:46])
    assert run_round(versioned).state == State.DONE
    assert serving(versioned) == 2
    assert versions.newest(versioned).number == 4
    assert set(QueueItem.objects.filter(done_at=None).values_list("version", flat=True)) == {4}


def test_unpinned_the_newest_serves_and_the_next_round_takes_over(versioned):
    pinning.pin(versioned, 1)
    answer(versioned, TEACHING[36:46])
    run_round(versioned)
    assert pinning.unpin(versioned).number == 4
    assert serving(versioned) == 4
    answer(versioned, TEACHING[46:])
    run_round(versioned)
    assert serving(versioned) == 5


def test_one_whose_predictions_are_gone_is_scored_by_a_round_first(versioned, committed):
    old = ModelVersion.objects.get(project=versioned, number=1)
    before = predictions.proba(old, range(60))
    shutil.rmtree(predictions.folder(old))
    committed(pinning.pin, versioned, 1)
    assert serving(versioned) == 3
    asked = Round.objects.get(project=versioned, state=State.DUE)
    assert (asked.reason, asked.serves) == (Reason.SERVE, 1)
    work_on(rounds.KIND)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (State.DONE, "")
    assert serving(versioned) == 1
    assert np.array_equal(predictions.proba(old, range(60)), before)
    assert rounds.due(versioned) is None
    assert ModelVersion.objects.filter(project=versioned).count() == 3


def test_a_round_that_only_scores_takes_no_answer_for_seen(versioned):
    old = ModelVersion.objects.get(project=versioned, number=1)
    shutil.rmtree(predictions.folder(old))
    pinning.pin(versioned, 1)
    rounds.ask(versioned, Reason.SERVE)
    answer(versioned, TEACHING[36:46])
    work_on(rounds.KIND)
    assert Round.objects.get(state=State.DUE).reason == Reason.LABELS
    work_on(rounds.KIND)
    assert versions.newest(versioned).n_labels == 46


def test_a_pinned_version_scores_images_that_come_later(versioned):
    pinning.pin(versioned, 2)
    folder = predictions.folder(versions.serving(versioned))
    kept = np.load(folder / "0.npy")
    np.save(folder / "0.npy", kept[:40])
    assert rounds.due(versioned) == Reason.SERVE
    run_round(versioned, Reason.SERVE)
    assert np.array_equal(np.load(folder / "0.npy"), kept)
    assert rounds.due(versioned) is None


def test_its_predictions_outlive_those_of_versions_between(versioned):
    pinning.pin(versioned, 1)
    for rows in (TEACHING[36:41], TEACHING[41:46], TEACHING[46:]):
        answer(versioned, rows)
        run_round(versioned)
    assert predictions.covers(versions.serving(versioned), 60)
    assert not predictions.covers(ModelVersion.objects.get(project=versioned, number=2))


def test_without_its_embeddings_it_is_unpinned_and_the_reason_told(versioned, committed):
    ModelVersion.objects.filter(number=1).update(features="hog")
    shutil.rmtree(predictions.folder(ModelVersion.objects.get(number=1)))
    committed(pinning.pin, versioned, 1)
    work_on(rounds.KIND)
    failed = Round.objects.order_by("-number").first()
    assert failed.state == State.FAILED
    assert "hog" in failed.error and "unpinned" in failed.error
    assert serving(versioned) == 3
    assert versions.pinned(versioned) is None


def test_a_pinned_versions_vectors_are_made_for_new_images(versioned):
    from labeler.training import embeddings

    pinning.pin(versioned, 2)
    ModelVersion.objects.filter(number=2).update(features="pixels")
    embeddings.follow(versioned)
    assert Shard.objects.filter(project=versioned, **Space("pixels")._asdict()).exists()
    assert Shard.objects.filter(project=versioned, features=FEATURES).exists()


def test_a_version_goes_with_its_files(versioned, committed):
    gone = ModelVersion.objects.get(project=versioned, number=1)
    places = (versions.folder(gone), predictions.folder(gone))
    assert all(place.exists() for place in places)
    assert committed(pinning.delete, versioned, 1)
    assert not any(place.exists() for place in places)
    assert not pinning.delete(versioned, 1)


@pytest.mark.parametrize(("pinned", "number", "why"), [
    (None, 3, "serves"), (2, 2, "pinned"), (2, 3, "newest"),
])  # fmt: skip
def test_what_is_in_use_stays(versioned, pinned, number, why):
    if pinned:
        pinning.pin(versioned, pinned)
    with pytest.raises(pinning.Refused, match=why):
        pinning.delete(versioned, number)
    assert ModelVersion.objects.filter(number=number).exists()


def test_no_such_version(versioned):
    assert pinning.pin(versioned, 99) is None
    assert shards.folder(versioned, Space(FEATURES)).exists()


def test_answers_that_come_later_are_read_once_they_are_there(versioned):
    version = ModelVersion.objects.get(project=versioned, number=1)
    shutil.rmtree(predictions.folder(version))
    assert not answers_by_row.of(version).scored.any()
    pinning.pin(versioned, 1)
    rounds.ask(versioned, Reason.SERVE)
    work_on(rounds.KIND)
    assert answers_by_row.of(version).scored.sum() == 60
