"""The interval of an average precision encloses it, and covers the truth about as often as said."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from ml.average_precision import (
    _Ordered,
    average_precision_bounds,
    average_precision_intervals,
    average_precisions_of,
)
from ml.metrics import average_precisions


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 40), seed=st.integers(0, 999))
def test_each_resample_is_what_scikit_learn_says_of_it(n, seed):
    rng = np.random.default_rng(seed)
    truth, score = rng.random(n) < 0.4, rng.integers(0, 6, n) / 5
    truth[0] = True
    draws = rng.multinomial(n, np.full(n, 1 / n), size=5)
    found = _Ordered(truth, score).average_precisions(draws)
    for draw, value in zip(draws, found, strict=True):
        if (draw * truth).sum() == 0:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(average_precision_score(truth, score, sample_weight=draw))


def pictures(n, seed):
    """Marks of two labels, the second rare, and scores that tell them apart more or less."""
    rng = np.random.default_rng(seed)
    marks = rng.random((n, 2)) < (0.5, 0.2)
    return marks, marks * 1.2 + rng.standard_normal((n, 2))


def test_intervals_enclose_their_value_and_narrow_with_more_images():
    widths = []
    for n in (100, 1600):
        each, mean = average_precision_intervals(*pictures(n, 0))
        assert (each.low <= each.value).all()
        assert (each.value <= each.high).all()
        assert mean.value == pytest.approx(each.value.mean())
        assert mean.low <= mean.value <= mean.high
        widths.append(mean.high - mean.low)
    assert 2.5 < widths[0] / widths[1] < 6


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    truth = average_precisions(*pictures(100_000, 9))
    tries = [average_precision_intervals(*pictures(200, seed))[0] for seed in range(120)]
    covered = np.mean([(each.low <= truth) & (truth <= each.high) for each in tries])
    print(f"\n95 % intervals covered the truth in {100 * covered:.1f} % of 240")
    assert covered > 0.88


def test_a_label_that_nobody_carries_is_left_out():
    marks, score = pictures(60, 1)
    marks[:, 1] = False
    each, mean = average_precision_intervals(marks, score)
    assert np.isnan(each.value[1])
    assert (each.low[1], each.high[1]) == (0, 1)
    assert mean.value == each.value[0]
    each, mean = average_precision_intervals(np.zeros((5, 2)), score[:5])
    assert np.isnan(mean.value)
    assert (mean.low, mean.high) == (0, 1)


def test_the_same_seed_gives_the_same_interval_and_rows_may_come_in_any_order():
    marks, score = pictures(80, 2)
    one, again = (average_precision_intervals(marks, score, seed=4)[1] for _ in range(2))
    assert one == again
    mixed = np.random.default_rng(0).permutation(80)
    assert average_precision_intervals(marks[mixed], score[mixed])[1].value == pytest.approx(
        one.value
    )


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError):
        average_precision_intervals(np.ones((3, 2)), np.ones((3, 3)))
    with pytest.raises(ValueError):
        average_precision_intervals(np.ones((2, 1)), [[0.5], [np.nan]])


def test_all_labels_at_once_agree_with_scikit_learn():
    rng = np.random.default_rng(4)
    truth = rng.random((300, 7)) < 0.2
    truth[:, 6] = False
    score = np.round(rng.random((300, 7)) + 0.3 * truth, 1)  # many ties
    found = average_precisions_of(truth, score)
    peers = [average_precision_score(truth[:, at], score[:, at]) for at in range(6)]
    assert found[:6] == pytest.approx(peers)
    assert np.isnan(found[6])
    assert found == pytest.approx(average_precisions(truth, score), nan_ok=True)


def test_the_closed_interval_covers_the_truth_also_with_few_images_of_a_label():
    rng = np.random.default_rng(6)

    def draw(n):
        truth = rng.random((n, 1)) < 0.08
        return truth, rng.normal(size=(n, 1)) + 1.5 * truth

    wanted, held = average_precisions_of(*draw(400_000))[0], 0
    for _ in range(300):
        truth, score = draw(150)  # about 12 images
        low, high = average_precision_bounds(average_precisions_of(truth, score), truth.sum())
        held += low[0] <= wanted <= high[0]
    assert held / 300 >= 0.91


def test_the_closed_interval_of_what_is_undefined_is_everything():
    low, high = average_precision_bounds([np.nan, 1.0], [0, 20])
    assert (low[0], high[0]) == (0, 1)
    assert 0.8 < low[1] < high[1] == 1
