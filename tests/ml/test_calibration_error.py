"""Reliability and calibration error: by hand, undone and applied, and honest."""

import numpy as np
import pytest

from ml import calibration
from ml.calibration_error import Claims, calibration_error, reliability


def claims(sure, right):
    return Claims(np.array(sure), np.array(right, dtype=bool), np.arange(len(sure)))


def test_a_table_worked_by_hand():
    # Bin 0.6 to 0.7: sure 0.62 and 0.68 (mean 0.65), one of two right.
    # Bin 0.9 to 1: sure 0.95 twice and 1 (mean 2.9 / 3), all right.
    made = claims([0.62, 0.68, 0.95, 0.95, 1.0], [1, 0, 1, 1, 1])
    first, last = reliability(made)
    assert (first.low, first.high, first.claims) == (0.6, 0.7, 2)
    assert (first.sure, first.right) == pytest.approx((0.65, 0.5))
    assert (last.sure, last.right, last.claims) == pytest.approx((2.9 / 3, 1.0, 3))
    error = calibration_error(made, 5)
    assert error.value == pytest.approx(2 / 5 * 0.15 + 3 / 5 * (1 - 2.9 / 3))
    assert 0 <= error.low <= error.value <= error.high <= 1


def test_claims_of_one_label_and_of_every_label():
    proba, truth = [[0.7, 0.3], [0.4, 0.6]], [[1, 0], [1, 0]]
    likeliest = Claims.of_likeliest(proba, truth)
    assert likeliest.sure.tolist() == [0.7, 0.6]
    assert likeliest.right.tolist() == [True, False]
    every = Claims.of_every_label(proba, truth)
    assert every.sure.tolist() == [0.7, 0.3, 0.4, 0.6]
    assert every.image.tolist() == [0, 0, 1, 1]


def true_error(sure, honest):
    at = np.minimum((sure * 10).astype(int), 9)
    return sum(abs((sure - honest)[at == b].sum()) for b in range(10)) / len(sure)


@pytest.mark.parametrize("power", [1.0, 1.5, 3.0])  # 1: calibrated
def test_the_interval_covers_the_truth_about_as_often_as_it_says(power):
    rng = np.random.default_rng(5)
    many = rng.beta(5, 1.5, 200_000)
    wanted, held = true_error(many, many**power), 0
    for _ in range(150):
        sure = rng.beta(5, 1.5, 200)
        made = claims(sure, rng.random(200) < sure**power)
        found = calibration_error(made, 200)
        held += found.low - 1e-9 <= wanted <= found.high
    assert held / 150 >= 0.9


def test_claims_of_the_same_images_are_not_counted_as_more_images():
    rng = np.random.default_rng(2)
    sure, right = rng.uniform(0.5, 1, 60), rng.random(60) < 0.6
    once = calibration_error(claims(sure, right), 60)
    ten = Claims(np.tile(sure, 10), np.tile(right, 10), np.tile(np.arange(60), 10))
    again = calibration_error(ten, 60)
    assert again.value == pytest.approx(float(once.value))
    assert (again.low, again.high) == pytest.approx((once.low, once.high))


def test_nothing_claimed_is_nothing_known():
    found = calibration_error(claims([], []), 0)
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0, 1)
    assert reliability(claims([], [])) == []


@pytest.mark.parametrize("t", [0.3, 1.0, 1.7, 6.0])
def test_a_temperature_is_undone(t):
    rng = np.random.default_rng(1)
    raw = rng.dirichlet(np.full(6, 0.8), 500).astype(np.float32)
    back = calibration.undo(calibration.apply(raw, t), t)
    np.testing.assert_allclose(back, raw, atol=2e-5)
    marks = rng.uniform(0.001, 0.999, (500, 6)).astype(np.float32)
    back = calibration.undo(calibration.apply(marks, t, "multi"), t, "multi")
    # What lies near 1 has few digits left in float32: 1 - 1e-7 is the last one below 1.
    np.testing.assert_allclose(back, marks, atol=1e-2 if t < 1 else 2e-5)


def test_zero_and_one_stay():
    edges = np.array([[0.0, 1.0]], dtype=np.float32)
    assert calibration.undo(edges, 2.0).tolist() == [[0, 1]]
    assert calibration.undo(edges, 2.0, "multi").tolist() == [[0, 1]]
