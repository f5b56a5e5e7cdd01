"""Forecasts of learning curves: power laws are found again, ranges hold, flat curves stay flat."""

import math

import numpy as np
import pytest

from ml import forecast

LABELS = np.array([40, 55, 70, 90, 115, 145, 180, 225, 280, 350])


def law(n, end=0.9, scale=1.5, power=0.5):
    return end - scale * np.asarray(n, dtype=float) ** -power


def noisy(seed, noise=0.006, **shape):
    return np.clip(law(LABELS, **shape) + np.random.default_rng(seed).normal(0, noise, 10), 0, 1)


def test_fewer_than_four_label_counts_say_nothing():
    assert forecast.fit([], []) is None
    assert forecast.fit([10, 20, 30], [0.4, 0.5, 0.6]) is None
    assert forecast.fit([10, 20, 20, 20], [0.4, 0.5, 0.5, 0.5]) is None
    assert forecast.fit([10, 20, 30, 40], [0.4, 0.5, 0.55, 0.58]) is not None


@pytest.mark.parametrize(
    ("labels", "values"),
    [([1, 2], [0.5]), ([0, 1], [0.5, 0.5]), ([1, 2], [0.5, 1.2]), ([1, 2], [0.5, math.nan])],
)
def test_what_is_no_curve_is_refused(labels, values):
    with pytest.raises(ValueError, match="labels"):
        forecast.fit(labels, values)


def test_the_range_holds_what_comes_about_eight_times_in_ten():
    rng, held = np.random.default_rng(1), 0
    for seed in range(150):
        came = law(450) + rng.normal(0, 0.006)
        found = forecast.fit(LABELS, noisy(seed)).at(450)
        held += found.low <= came <= found.high
    assert 0.7 <= held / 150 <= 0.97


def test_the_gain_of_the_next_hundred_is_found_again():
    said = [forecast.fit(LABELS, noisy(seed)).gain(100).value for seed in range(40)]
    assert np.mean(said) == pytest.approx(law(450) - law(350), abs=0.006)


def test_a_flat_curve_gains_nothing():
    found = forecast.fit(LABELS, np.full(10, 0.8))
    assert found.gain(100).value < 0.002
    assert found.flat(100, 0.005)
    assert not forecast.fit(LABELS, noisy(1)).flat(100, 0.005)


def test_labels_to_a_target_are_a_range_around_the_truth():
    found = forecast.fit(LABELS, noisy(3)).labels_to(0.84)
    truth = (1.5 / 0.06) ** 2  # 625
    assert found.low <= truth <= found.high
    assert 350 < found.low < found.value <= found.high
    assert 0.5 < found.chance <= 1


def test_a_target_beyond_the_end_is_not_reachable():
    found = forecast.fit(LABELS, noisy(3, end=0.7, scale=0.3)).labels_to(0.95)
    assert found.value == found.high == math.inf
    assert found.chance < 0.05


def test_a_level_that_is_not_known_well_widens_the_range():
    found = forecast.fit(LABELS, noisy(3))
    sure, unsure = found.labels_to(0.84), found.labels_to(0.84, level=0.03)
    assert unsure.low < sure.low
    assert unsure.high > sure.high


def test_the_same_points_in_any_order_give_the_same_forecast():
    values = noisy(5)
    turned = forecast.fit(LABELS[::-1], values[::-1]).at(450)
    assert turned.value == pytest.approx(forecast.fit(LABELS, values).at(450).value)


def test_first_steps_long_ago_do_not_count():
    early, late = [5, 6], LABELS
    values = noisy(2)
    with_them = forecast.fit([*early, *late], [0.9, 0.9, *values])
    assert with_them.at(450) == forecast.fit(late, values).at(450)
