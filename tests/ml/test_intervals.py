import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.intervals import bootstrap, difference, draws_needed, half_width, wilson


def test_wilson_worked_example():
    # Newcombe (1998), table I, method 3: 81 of 263 and 0 of 20.
    np.testing.assert_allclose(wilson(81, 263), (0.2553, 0.3662), atol=5e-5)
    np.testing.assert_allclose(wilson(0, 20), (0.0, 0.1611), atol=5e-5)


def test_nothing_seen_means_nothing_known():
    assert wilson(0, 0) == (0.0, 1.0)


@given(n=st.integers(1, 5000), share=st.floats(0, 1), confidence=st.floats(0.5, 0.999))
def test_wilson_encloses_the_proportion_and_stays_in_the_unit_interval(n, share, confidence):
    successes = round(n * share)
    low, high = wilson(successes, n, confidence)
    assert 0 <= low <= successes / n <= high <= 1


@given(n=st.integers(1, 1000), share=st.floats(0, 1))
def test_wilson_is_symmetric(n, share):
    successes = round(n * share)
    low, high = wilson(successes, n)
    other_low, other_high = wilson(n - successes, n)
    assert low == pytest.approx(1 - other_high, abs=1e-9)
    assert high == pytest.approx(1 - other_low, abs=1e-9)


def test_wilson_of_arrays():
    low, high = wilson(np.array([0, 5]), np.array([0, 10]))
    np.testing.assert_allclose([low[0], high[0]], [0, 1])
    np.testing.assert_allclose([low[1], high[1]], wilson(5, 10))


@pytest.mark.parametrize("successes,n", [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError):
        wilson(successes, n)


@pytest.mark.parametrize("confidence", [0, 1, 1.5, -1])
def test_impossible_confidence_is_refused(confidence):
    with pytest.raises(ValueError):
        wilson(1, 2, confidence)


@given(rate=st.floats(0, 1), half=st.floats(0.01, 0.2))
def test_draws_needed_is_the_smallest_that_suffices(rate, half):
    n = draws_needed(rate, half)
    assert half_width(rate, n) <= half
    assert n == 1 or half_width(rate, n - 1) > half


def test_wilson_covers_the_truth_about_as_often_as_promised():
    hits = np.random.default_rng(0).binomial(40, 0.3, size=4000)
    low, high = wilson(hits, np.full(4000, 40))
    assert ((low <= 0.3) & (high >= 0.3)).mean() == pytest.approx(0.95, abs=0.02)


def test_bootstrap_of_a_proportion_is_close_to_wilson():
    low, high = bootstrap(lambda draws: draws[:, 0] / draws.sum(axis=1), [300, 700], seed=1)
    np.testing.assert_allclose((low, high), wilson(300, 1000), atol=0.01)


def test_bootstrap_repeats_itself_with_its_seed():
    def share(draws):
        return draws[:, 0] / draws.sum(axis=1)

    assert bootstrap(share, [30, 70], seed=1) == bootstrap(share, [30, 70], seed=1)
    assert bootstrap(share, [30, 70], seed=1) != bootstrap(share, [30, 70], seed=2)


def test_bootstrap_leaves_undefined_resamples_out():
    low, high = bootstrap(lambda draws: np.full(len(draws), np.nan), [3, 3], seed=0)
    assert np.isnan(low)
    assert np.isnan(high)
    with pytest.raises(ValueError):
        bootstrap(lambda draws: draws[:, 0], [0, 0], seed=0)


def test_difference_of_two_proportions():
    # Newcombe (1998), table II, contrast (a), method 10.
    low, high = difference((56, 70), (48, 80))
    assert (low, high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    low, high = difference((10, 10), (0, 20))
    assert (low, high) == pytest.approx((0.6791, 1.0), abs=5e-5)
    with pytest.raises(ValueError, match="at least one"):
        difference((0, 0), (1, 2))
