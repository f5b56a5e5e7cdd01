"""Autolabel's promise: hand-worked bounds, the ladder, and that it holds on synthetic pools."""

import numpy as np
import pytest
from scipy.stats import beta

from ml import promise
from ml.promise import Rung


def test_the_bound_is_clopper_and_pearsons():
    # No mistake in n: the bound solves (1 - p)^n = risk. One in two: p^2 + 2 p (1 - p) = 1 - risk.
    bound = promise.upper_bound([0, 1], [59, 2], risk=0.05)
    np.testing.assert_allclose(bound, [1 - 0.05 ** (1 / 59), np.sqrt(1 - 0.05)], atol=1e-9)


def test_the_bound_agrees_with_scipys_beta_quantiles():
    k, n = np.array([0, 3, 10, 40, 7]), np.array([100, 200, 400, 41, 3_000])
    expected = beta.ppf(0.99, k + 1, n - k)
    np.testing.assert_allclose(promise.upper_bound(k, n, risk=0.01), expected, atol=1e-9)


def test_nothing_seen_and_all_wrong_leave_the_bound_open():
    np.testing.assert_array_equal(promise.upper_bound([0, 5], [0, 5], risk=0.05), [1, 1])


@pytest.mark.parametrize(
    ("wrong", "n", "risk"), [([2], [1], 0.05), ([-1], [1], 0.05), ([0], [1], 0)]
)
def test_impossible_counts_are_refused(wrong, n, risk):
    with pytest.raises(ValueError, match="between"):
        promise.upper_bound(wrong, n, risk=risk)


def test_one_label_is_as_sure_as_its_probability_and_undecided_below_its_floor():
    proba = [[0.7, 0.3], [0.55, 0.45], [np.nan, np.nan]]
    given, sure = promise.decide(proba, [0.6, 0.0])
    np.testing.assert_array_equal(given, [[True, False], [False, False], [False, False]])
    np.testing.assert_array_equal(sure, [0.7, np.nan, np.nan])


def test_several_labels_are_as_sure_as_the_least_sure_answer():
    given, sure = promise.decide([[0.9, 0.2], [0.1, 0.05], [0.6, 0.9]], 0.5, multi=True)
    np.testing.assert_array_equal(given, [[True, False], [False, False], [True, True]])
    np.testing.assert_allclose(sure, [0.8, 0.9, 0.6])


def test_the_ladder_accepts_the_named_shares_of_the_pool():
    pool = np.linspace(0.01, 1, 100)
    steps = promise.thresholds(pool)
    accepted = [(pool >= t).mean() for t in steps]
    np.testing.assert_allclose(accepted, promise.SHARES)
    assert promise.thresholds([np.nan]).size == 0
    assert promise.thresholds([0.5] * 9).tolist() == [0.5]


def test_a_worked_ladder():
    pool = np.repeat([0.6, 0.9], 50)  # two thresholds: the risk of 5 % is halved
    sure = np.repeat([0.6, 0.9, np.nan], [50, 200, 10])
    wrong = np.zeros(260, dtype=bool)
    wrong[:30] = True  # the unsure ones are often wrong
    low, high = promise.ladder(pool, sure, wrong)
    assert (low.threshold, low.n, low.wrong) == (0.6, 250, 30)
    assert (high.threshold, high.n, high.wrong) == (0.9, 200, 0)
    assert high.upper == pytest.approx(1 - 0.025 ** (1 / 200))  # 1.83 %
    assert promise.lowest([low, high], 0.05) == high
    assert promise.lowest([low, high], 0.5) == low
    assert promise.lowest([low, high], 0.01) is None


def test_it_tells_how_many_audit_labels_would_do():
    rung = Rung(0.9, n=50, wrong=0, upper=0.1)
    # One threshold, no mistake: (1 - 0.01)^n <= 0.05 takes 299 accepted ones, twice that in all.
    assert promise.more_needed([rung], 0.01, 100) == 2 * 299 - 100
    assert promise.more_needed([Rung(0.9, 50, 5, 0.3)], 0.05, 100) is None  # wrong too often
    assert promise.more_needed([], 0.05, 0) is None
    assert promise.fewest(0.05, rungs=1) == 59


def test_a_rate_that_is_no_share_is_refused():
    with pytest.raises(ValueError, match="tolerated"):
        promise.lowest([], 1.0)


@pytest.mark.parametrize("tolerated", [0.05, 0.1, 0.15])
def test_the_promise_holds_where_a_paid_for_search_is_needed(tolerated):
    """2,000 images, wrong the more often the less sure; the threshold is picked on 300 of them."""
    rng = np.random.default_rng(7)
    kept, used, replays = 0, 0, 200
    for _ in range(replays):
        sure = rng.beta(5, 1, 2_000)
        wrong = rng.random(2_000) > sure**0.7
        seen = slice(0, 300)
        found = promise.lowest(promise.ladder(sure[300:], sure[seen], wrong[seen]), tolerated)
        accepted = wrong[300:][sure[300:] >= found.threshold] if found else np.zeros(0)
        used += len(accepted) > 0
        kept += not len(accepted) or accepted.mean() <= tolerated
    assert kept / replays >= 0.95
    assert tolerated < 0.1 or used > replays / 2  # it is no promise of nothing


@pytest.mark.parametrize(
    ("wrong", "checked", "low", "expected"),
    [
        (0, 0, 0, "unknown"),
        (1, 50, 0.0, "kept"),
        (4, 50, 0.03, "doubtful"),
        (9, 50, 0.1, "broken"),
        (1, 1, 0.2, "doubtful"),
    ],
)
def test_spot_checks_keep_doubt_or_break_the_promise(wrong, checked, low, expected):
    assert promise.standing(wrong, checked, 0.05, low) == expected


def test_the_interval_of_spot_checks_is_exact():
    low, high = promise.interval(9, 50)
    np.testing.assert_allclose([low, high], [beta.ppf(0.025, 9, 42), beta.ppf(0.975, 10, 41)])
    assert promise.interval(0, 0) == (0.0, 1.0)
    assert promise.interval(0, 20)[0] == 0.0
