import numpy as np
import pytest
from sklearn.datasets import load_digits

from ml import calibration
from ml.heads import HEADS
from ml.logits import softmax

HEAD = HEADS["logistic"]


@pytest.fixture(scope="module")
def answers():
    """Labels drawn from known probabilities."""
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((20_000, 4)).astype(np.float32)
    proba = softmax(logits)
    drawn = (proba.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    return logits, proba, drawn


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_applied_is_found_again(answers, factor):
    logits, proba, drawn = answers
    t = calibration.temperature(softmax(logits * np.float32(factor)), drawn)
    assert t == pytest.approx(factor, rel=0.05)
    repaired = calibration.apply(softmax(logits * np.float32(factor)), factor)
    np.testing.assert_allclose(repaired, proba, atol=1e-4)


def test_marks_are_calibrated_too():
    rng = np.random.default_rng(1)
    odds = rng.standard_normal((20_000, 3))
    marks = rng.random((20_000, 3)) < 1 / (1 + np.exp(-odds))
    assert calibration.temperature(1 / (1 + np.exp(-2 * odds)), marks) == pytest.approx(2, rel=0.05)
    hot = calibration.apply(1 / (1 + np.exp(-2 * odds)), 2, "multi")
    np.testing.assert_allclose(hot, 1 / (1 + np.exp(-odds)), atol=1e-4)


def test_zero_and_one_survive():
    proba = np.array([[1.0, 0.0], [0.5, 0.5]])
    np.testing.assert_allclose(calibration.apply(proba, 3), proba)
    np.testing.assert_allclose(calibration.apply(proba, 0.5, "multi"), proba)


def test_nothing_to_learn_from_leaves_things_as_they_are():
    assert calibration.temperature(np.empty((0, 3)), []) == 1
    assert calibration.temperature(np.full((2, 3), np.nan), [0, 1]) == 1
    with pytest.raises(ValueError, match="temperature"):
        calibration.apply(np.array([[0.5, 0.5]]), 0)


def test_every_image_is_held_out_once_and_labels_are_spread():
    y = np.repeat([0, 1, 2], [50, 10, 5])
    folds = list(calibration.stratified_folds(y, 5, seed=2))
    np.testing.assert_array_equal(np.sum(folds, axis=0), 1)
    for held_out in folds:
        assert np.bincount(y[held_out]).tolist() == [10, 2, 1]


def test_held_out_predictions_do_not_know_their_label():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((120, 200)), rng.integers(0, 2, 120)
    proba = calibration.cross_validated_proba(x, y, n_labels=2, head=HEAD, seed=0)
    assert abs((proba.argmax(axis=1) == y).mean() - 0.5) < 0.15
    trained = HEAD.fit(x, y, n_labels=2).predict_proba(x)
    assert (trained.argmax(axis=1) == y).all()


def test_cross_validation_is_close_to_a_test_set_and_repeats_itself():
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(3).permutation(len(x))  # as given, writers come one by one
    x, y = x[order], y[order]
    proba = calibration.cross_validated_proba(x[:400], y[:400], n_labels=10, head=HEAD, seed=1)
    honest = (proba.argmax(axis=1) == y[:400]).mean()
    test = HEAD.fit(x[:400], y[:400], n_labels=10).predict_proba(x[400:])
    assert honest == pytest.approx((test.argmax(axis=1) == y[400:]).mean(), abs=0.05)
    again = calibration.cross_validated_proba(x[:400], y[:400], n_labels=10, head=HEAD, seed=1)
    np.testing.assert_array_equal(proba, again)


def test_marks_are_cross_validated():
    x, y = load_digits(return_X_y=True)
    marks = np.stack([y[:200] < 5, y[:200] == 3], axis=1)
    proba = calibration.cross_validated_proba(x[:200], marks, n_labels=2, head=HEAD, seed=1)
    assert ((proba > 0.5) == marks).mean() > 0.85


def test_one_image_cannot_be_cross_validated():
    proba = calibration.cross_validated_proba(np.ones((1, 2)), [0], n_labels=2, head=HEAD, seed=0)
    assert np.isnan(proba).all()
