"""What a draw of a pool says of the pool: beside scipy's distribution, and by hand."""

import numpy as np
import pytest
from scipy.stats import beta, hypergeom

from ml.finite import draws_for, population_bounds


def by_trial(x, draws, pool):
    """Every number of the kind that does not make what was seen too unlikely."""
    could = [
        m
        for m in range(x, pool - (draws - x) + 1)
        if hypergeom.sf(x - 1, pool, m, draws) > 0.025 and hypergeom.cdf(x, pool, m, draws) > 0.025
    ]
    return min(could), max(could)


@pytest.mark.parametrize(
    ("x", "draws", "pool"),
    [(0, 10, 50), (3, 10, 50), (10, 10, 50), (5, 5, 5), (1, 20, 1000), (0, 0, 7), (70, 80, 300)],
)
def test_bounds_agree_with_trying_every_pool(x, draws, pool):
    low, high = population_bounds([x], draws, pool)
    assert (low[0], high[0]) == by_trial(x, draws, pool)


def test_kinds_are_judged_side_by_side():
    low, high = population_bounds([0, 3, 40, 200], 200, 5000)
    each = [population_bounds([x], 200, 5000) for x in (0, 3, 40, 200)]
    assert low.tolist() == [int(a[0]) for a, _ in each]
    assert high.tolist() == [int(b[0]) for _, b in each]


def test_the_rule_of_three_by_hand():
    # None seen in 300 of a large pool: at most about 3.7 / 300 (two-sided), or 1.22 %.
    _, high = population_bounds([0], 300, 1_000_000)
    assert high[0] / 1_000_000 == pytest.approx(1 - 0.025 ** (1 / 300), rel=2e-3)


def test_a_large_pool_gives_what_clopper_and_pearson_give():
    low, high = population_bounds([7], 90, 50_000_000)
    assert low[0] / 5e7 == pytest.approx(beta.ppf(0.025, 7, 84), rel=1e-4)
    assert high[0] / 5e7 == pytest.approx(beta.ppf(0.975, 8, 83), rel=1e-4)


def test_the_whole_pool_leaves_no_doubt():
    low, high = population_bounds([4, 0], 30, 30)
    assert low.tolist() == high.tolist() == [4, 0]


@pytest.mark.parametrize("true", [3, 60, 900])
def test_bounds_hold_the_truth_as_often_as_they_say(true):
    rng = np.random.default_rng(true)
    seen = rng.hypergeometric(true, 2000 - true, 150, size=600)
    low, high = population_bounds(seen, 150, 2000)
    assert ((low <= true) & (true <= high)).mean() >= 0.95


def test_draws_for_a_margin_by_hand():
    # 20 % to plus or minus 5 points takes 245 draws of an endless pool (Wilson), and
    # 245 / (1 + 244 / 1000) = 196.9 of a thousand.
    assert draws_for(0.2, 0.05, 10**9) == 245
    assert draws_for(0.2, 0.05, 1000) == 197
    assert draws_for(0.2, 0.001, 500) <= 500
    assert draws_for(0.2, 0.05, 0) == 0


@pytest.mark.parametrize(("hits", "draws", "pool"), [([-1], 5, 9), ([6], 5, 9), ([1], 10, 9)])
def test_impossible_counts_are_refused(hits, draws, pool):
    with pytest.raises(ValueError, match="between"):
        population_bounds(hits, draws, pool)
