"""A manifest's test split is held out: not learned from, not asked, and no part of the audit."""

import shutil

import numpy as np
import pytest

from labeler.evaluation import sample
from labeler.labeling import refill
from labeler.labeling.models import QueueItem
from labeler.pools.models import Image
from labeler.training import fitting, memory, predictions, rounds, test_split, versions
from labeler.training.spaces import Space
from tests.training.invented import FEATURES, answer, run_round

TEST_ROWS = (1, 2, 40, 41)  # the first two are answered


@pytest.fixture
def split(pool):
    """The pool, with test images among the answered ones and among the others."""
    Image.objects.filter(project=pool, row__in=TEST_ROWS).update(split="test")
    answer(pool, [row for row in range(23) if row % 10 != 9])
    return pool


def test_test_images_are_not_learned_from(split):
    lesson = fitting.lesson(split, memory.pool(split, Space(FEATURES)))
    assert set(lesson.rows.tolist()) == {row for row in range(23) if row % 10 != 9} - {1, 2}


def test_test_images_are_not_ranked_but_the_model_says_what_it_believes(split):
    done = run_round(split)
    assert done.n_labels == 19
    waiting = QueueItem.objects.filter(project=split, done_at=None, audit=False)
    asked = set(waiting.values_list("image__row", flat=True))
    assert asked == {row for row in range(23, 60) if row % 10 != 9} - {40, 41}
    proba = predictions.proba(versions.serving(split), np.array([40, 41]))
    assert proba.argmax(axis=1).tolist() == [1, 2]


def test_test_images_do_not_bring_the_next_round_nearer(split):
    last = run_round(split)
    answer(split, [40, 41])
    assert not rounds._answers(split, last).exists()
    answer(split, [42])
    assert rounds._answers(split, last).count() == 1


def test_without_a_model_they_are_not_asked_either(pool):
    Image.objects.filter(project=pool, row=5).update(split="test")
    refill.top_up(pool)
    rows = set(QueueItem.objects.filter(project=pool).values_list("image__row", flat=True))
    assert rows == set(range(60)) - {5}
    Image.objects.filter(project=pool, row=6).update(split="test")  # a later manifest says so
    refill.top_up_random(pool)
    assert not QueueItem.objects.filter(image__row=6, done_at=None).exists()


def test_an_audit_image_of_the_split_is_asked_blind_and_measured(pool):
    Image.objects.filter(project=pool, row=9).update(split="test")
    refill.top_up(pool)
    assert QueueItem.objects.get(image__row=9, done_at=None).audit


def test_the_audit_figures_know_nothing_of_the_split(split):
    answer(split, [9, 19])
    assert sample.of(split).rows == (9, 19)


def test_every_version_keeps_what_it_believes_of_the_split(split):
    run_round(split)
    version = versions.serving(split)
    rows, proba = test_split.proba(version)
    assert rows.tolist() == list(TEST_ROWS)
    kept = predictions.proba(version, rows)
    np.testing.assert_allclose(proba, kept, atol=1e-3)
    shutil.rmtree(predictions.folder(version))  # as it goes for all but the last versions
    assert np.isnan(predictions.proba(version, rows)).all()
    np.testing.assert_array_equal(test_split.proba(version)[1], proba)


def test_a_version_from_before_answers_from_the_pools_predictions(split):
    run_round(split)
    version = versions.serving(split)
    (versions.folder(version) / test_split.FILE).unlink()
    rows, proba = test_split.proba(version)
    assert rows.tolist() == list(TEST_ROWS)
    assert proba.argmax(axis=1).tolist() == [1, 2, 1, 2]
