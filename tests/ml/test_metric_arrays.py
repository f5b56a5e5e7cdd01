import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from ml import metrics

TRUTH = [0, 0, 0, 1, 1, 2]
GIVEN = [0, 0, 1, 1, -1, 0]


def test_confusion_worked_example_counts_abstentions_in_the_last_column():
    expected = [[2, 1, 0, 0], [0, 1, 0, 1], [1, 0, 0, 0]]
    np.testing.assert_array_equal(metrics.confusion(TRUTH, GIVEN, 3), expected)


def test_counts_worked_example():
    counted = metrics.counts_of_confusion(metrics.confusion(TRUTH, GIVEN, 3))
    np.testing.assert_array_equal(counted.tp, [2, 1, 0])
    np.testing.assert_array_equal(counted.fp, [1, 1, 0])
    np.testing.assert_array_equal(counted.fn, [1, 1, 1])
    np.testing.assert_array_equal(counted.tn, [2, 3, 5])
    np.testing.assert_array_equal(counted.support, [3, 2, 1])


def test_rates_are_undefined_where_there_is_nothing_to_measure():
    counted = metrics.counts(np.array([[1, 0], [1, 0]]), np.array([[0, 0], [1, 0]]))
    rates = metrics.precision_recall(counted)
    np.testing.assert_allclose(rates.precision, [1, np.nan])
    np.testing.assert_allclose(rates.recall, [0.5, np.nan])
    np.testing.assert_allclose(rates.f1, [2 / 3, np.nan])
    assert metrics.macro_f1(counted) == pytest.approx(2 / 3)


pairs = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
        st.lists(st.integers(-1, 3), min_size=n, max_size=n),
    )
)


@given(pair=pairs)
def test_both_ways_of_counting_agree_and_are_complete(pair):
    truth, given_ = pair
    a = metrics.counts_of_confusion(metrics.confusion(truth, given_, 4))
    b = metrics.counts(metrics.one_hot(truth, 4), metrics.one_hot(given_, 4))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(a.tp + a.fp + a.fn + a.tn, len(truth))


@given(pair=pairs)
def test_macro_f1_agrees_with_scikit_learn(pair):
    truth, given_ = pair
    labels = [i for i in range(4) if i in truth or i in given_]
    expected = reference.f1_score(truth, given_, labels=labels, average="macro", zero_division=0)
    value, low, high = metrics.macro_f1_interval(truth, given_, 4)
    assert value == pytest.approx(expected)
    assert 0 <= low <= high <= 1


@given(
    scores=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=1, max_size=40),
    data=st.data(),
)
def test_average_precision_agrees_with_scikit_learn(scores, data):
    truth = data.draw(st.lists(st.integers(0, 1), min_size=len(scores), max_size=len(scores)))
    value = metrics.average_precision(truth, scores)
    if not any(truth):
        assert np.isnan(value)
    else:
        assert value == pytest.approx(reference.average_precision_score(truth, scores))


def test_curve_worked_example_treats_ties_as_one_threshold():
    curve = metrics.precision_recall_curve([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1])
    np.testing.assert_allclose(curve.threshold, [0.9, 0.5, 0.1])
    np.testing.assert_allclose(curve.precision, [1, 2 / 3, 0.5])
    np.testing.assert_allclose(curve.recall, [0.5, 1, 1])


def test_decide_abstains_below_the_threshold():
    proba = np.array([[0.6, 0.4], [0.2, 0.8]])
    np.testing.assert_array_equal(metrics.decide(proba), [0, 1])
    np.testing.assert_array_equal(metrics.decide(proba, 0.7), [-1, 1])
    np.testing.assert_array_equal(metrics.decide(proba, [0.5, 0.9]), [0, -1])
    np.testing.assert_array_equal(metrics.decide_marks([[0.6, 0.4]], [0.5, 0.3]), [[True, True]])


def test_intervals_per_label_enclose_their_values():
    counted = metrics.counts_of_confusion(metrics.confusion(TRUTH, GIVEN, 3))
    for estimate in metrics.precision_recall_intervals(counted):
        defined = ~np.isnan(estimate.value)
        assert (estimate.low[defined] <= estimate.value[defined]).all()
        assert (estimate.value[defined] <= estimate.high[defined]).all()


def test_macro_interval_narrows_with_more_images_and_repeats_itself():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 5, 2000)
    given_ = np.where(rng.random(2000) < 0.8, truth, rng.integers(0, 5, 2000))
    few = metrics.macro_f1_interval(truth[:100], given_[:100], 5, seed=3)
    many = metrics.macro_f1_interval(truth, given_, 5, seed=3)
    assert many[2] - many[1] < 0.5 * (few[2] - few[1])
    assert many[1] <= many[0] <= many[2]
    assert many == metrics.macro_f1_interval(truth, given_, 5, seed=3)


def test_macro_interval_of_marks_equals_that_of_label_numbers_in_value():
    value = metrics.macro_f1_interval(TRUTH, GIVEN, 3)[0]
    marks = metrics.macro_f1_interval(metrics.one_hot(TRUTH, 3), metrics.one_hot(GIVEN, 3), 3)[0]
    assert value == pytest.approx(marks)


def test_no_audit_labels_yet():
    value, low, high = metrics.macro_f1_interval([], [], 3)
    assert np.isnan(value)
    assert (low, high) == (0, 1)


@pytest.mark.parametrize("bad", [[3], [-1], [0.5], [[0]]])
def test_impossible_labels_are_refused(bad):
    with pytest.raises(ValueError):
        metrics.confusion(bad, [0], 3)
