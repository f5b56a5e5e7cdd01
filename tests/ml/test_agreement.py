"""Agreement beyond chance, against published examples."""

import numpy as np
import pytest

from ml import agreement

MISSING = -1
# Krippendorff (2011): four observers, twelve units.
OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]) - 1  # fmt: skip


def counts_of(observers, n_values):
    """How many observers gave each unit each value."""
    return (observers[:, :, None] == np.arange(n_values)).sum(axis=0)


def test_alpha_of_the_published_example():
    found = agreement.alpha(counts_of(OBSERVERS, 5))
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert found.n == 11, "the last unit has one answer: it says nothing about agreement"
    assert found.low < found.value < found.high <= 1


def test_alpha_of_two_observers_without_gaps():
    # Krippendorff (2011), section B: two observers, binary data, ten units.
    first = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    second = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    found = agreement.alpha(counts_of(np.array([first, second]), 2))
    assert found.value == pytest.approx(0.095, abs=0.0005)
    assert found.same == pytest.approx(0.6)


def test_kappa_of_a_worked_example():
    # 50 proposals, two readers: both yes 20, both no 15, 5 and 10 apart. Kappa is 0.4.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    found = agreement.kappa(first, second, 2)
    assert found.value == pytest.approx(0.4)
    assert (found.n, found.same) == (50, pytest.approx(0.7))
    assert found.low == pytest.approx(0.14, abs=0.04)
    assert found.high == pytest.approx(0.65, abs=0.04)


def test_kappa_of_cohens_own_example():
    # Cohen (1960), table 1: proportions of 200 cases in three categories; kappa is 0.492.
    cells = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    first = np.repeat(np.repeat(np.arange(3), 3), cells.ravel())
    second = np.repeat(np.tile(np.arange(3), 3), cells.ravel())
    assert agreement.kappa(first, second, 3).value == pytest.approx(0.492, abs=0.0005)


def test_perfect_agreement_still_has_width():
    same = [0, 1, 2] * 4
    for found in (agreement.kappa(same, same, 3), agreement.alpha(2 * np.eye(3, dtype=int)[same])):
        assert found.value == 1
        assert found.high == 1
        assert found.low < 0.75


def test_no_value_is_made_up_where_everybody_always_says_the_same():
    for found in (agreement.kappa([1, 1], [1, 1], 2), agreement.alpha([[0, 2], [0, 3]])):
        assert np.isnan([found.value, found.low, found.high]).all()
        assert found.same == 1
    assert np.isnan(agreement.kappa([], [], 2).value)
    assert agreement.alpha(np.zeros((0, 3), dtype=int)).n == 0


def test_several_questions_are_pooled():
    # One question always agreed upon, one at 0.4: observed 0.85, expected 0.5 each.
    first = np.array([[1, 1]] * 25 + [[0, 0]] * 25)
    second = first.copy()
    second[:, 1] = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert agreement.kappa(first, second, 2).value == pytest.approx((0.85 - 0.5) / 0.5)
    both = np.stack([first, second])
    counts = (both[..., None] == np.arange(2)).sum(axis=0)
    one = agreement.alpha(counts[:, 1])
    assert one.value < agreement.alpha(counts).value < 1
    assert agreement.alpha(counts[:, 1:]).value == pytest.approx(one.value)


def test_bad_tables_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        agreement.kappa([0, 1], [0], 2)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        agreement.kappa([0, 2], [0, 1], 2)
    with pytest.raises(ValueError, match="counts"):
        agreement.alpha([[1, -1]])
