"""The stop test: exact bounds, error shared out over looks, and few wrong stops."""

import numpy as np
import pytest
from scipy.stats import beta

from ml import stopping
from ml.averages import averages


def test_error_is_shared_out_over_the_looks():
    assert stopping.confidence_of_a_look(0.95, 1) == pytest.approx(0.95)
    assert stopping.confidence_of_a_look(0.95, 5) == pytest.approx(0.99)


@pytest.mark.parametrize(("confidence", "looks"), [(1.0, 3), (0.0, 3), (0.9, 0), (0.9, 11)])
def test_impossible_plans_are_refused(confidence, looks):
    with pytest.raises(ValueError, match="must lie between"):
        stopping.confidence_of_a_look(confidence, looks)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (45, 50), (50, 50), (180, 200)])
def test_the_bound_of_a_share_is_clopper_and_pearsons(hits, n):
    wanted = beta.ppf(0.01, hits, n - hits + 1) if hits else 0.0
    assert stopping.share_low(hits, n, 0.99) == pytest.approx(wanted, abs=1e-9)


def marks(numbers, n_labels=2):
    return np.eye(n_labels, dtype=bool)[np.asarray(numbers, dtype=int)]


def test_the_bound_of_nothing_is_zero():
    assert stopping.share_low(0, 0, 0.95) == 0.0
    nobody = np.zeros((5, 2), dtype=bool)
    assert stopping.macro_f1_low(nobody, nobody, 0.95) == 0.0


def test_fifty_right_answers_are_not_certainty():
    truth = marks([0] * 25 + [1] * 25)
    assert 0.85 < stopping.macro_f1_low(truth, truth, 0.95) < 0.99


def test_the_bound_is_the_lower_end_of_the_interval_that_pages_show():
    truth, said = marks([0] * 30 + [1] * 30), marks([0] * 27 + [1] * 33)
    shown = averages(truth, said, 0.95).macro.f1
    assert stopping.macro_f1_low(truth, said, 0.975) == pytest.approx(shown.low)


def test_the_more_confidence_the_lower_the_bound():
    truth, said = marks([0] * 30 + [1] * 30), marks([0] * 27 + [1] * 33)
    bounds = [stopping.macro_f1_low(truth, said, sure) for sure in (0.8, 0.95, 0.99)]
    assert bounds == sorted(bounds, reverse=True)


def test_five_planned_looks_stop_wrongly_less_often_than_five_bare_ones():
    """A model whose truth stays just below the target, measured on ever more images."""
    rng, target, truth = np.random.default_rng(0), 0.9, 0.895
    wrong = {"planned": 0, "bare": 0}
    for _ in range(400):
        right = (rng.random(500) < truth).cumsum()
        looks = [(int(right[n - 1]), n) for n in (100, 200, 300, 400, 500)]
        sure = stopping.confidence_of_a_look(0.9, len(looks))
        wrong["planned"] += any(stopping.share_low(*look, sure) >= target for look in looks)
        wrong["bare"] += any(hits / n >= target for hits, n in looks)
    assert wrong["planned"] / 400 <= 0.1
    assert wrong["bare"] / 400 > 0.3
