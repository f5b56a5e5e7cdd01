"""Precision, recall and F1 over all labels: by hand, beside scikit-learn, and honest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import precision_recall_fscore_support

from ml import metrics
from ml.averages import averages, f1_of_counts, macro_f1_change
from ml.intervals import wilson

WAYS = ("micro", "macro", "weighted")

# Ten images. Rows: what is true; columns: what was said (healthy, rust, mildew).
#            healthy  rust  mildew
#   healthy     4       1      0
#   rust        1       2      0
#   mildew      0       1      1
CELLS = [(0, 0)] * 4 + [(0, 1), (1, 0)] + [(1, 1)] * 2 + [(2, 1), (2, 2)]


def tables():
    truth, said = np.array(CELLS).T
    return metrics.one_hot(truth, 3), metrics.one_hot(said, 3)


def test_a_table_worked_by_hand():
    found = averages(*tables())
    # Pooled: 7 of 10 right, as precision, recall and F1.
    assert [float(each.value) for each in found.micro] == pytest.approx([0.7] * 3)
    # Precision 4/5, 2/4, 1/1; recall 4/5, 2/3, 1/2; F1 8/10, 4/7, 2/3.
    macro = [(4 / 5 + 1 / 2 + 1) / 3, (4 / 5 + 2 / 3 + 1 / 2) / 3, (8 / 10 + 4 / 7 + 2 / 3) / 3]
    assert [float(each.value) for each in found.macro] == pytest.approx(macro)
    # Weighed 5 : 3 : 2.
    weighted = [(4 + 1.5 + 2) / 10, (4 + 2 + 1) / 10, (4 + 12 / 7 + 4 / 3) / 10]
    assert [float(each.value) for each in found.weighted] == pytest.approx(weighted)


def test_one_label_per_image_pooled_is_a_plain_share():
    found = averages(*tables())
    for each in found.micro:
        assert (each.low, each.high) == pytest.approx(wilson(7, 10))


marks = arrays.arrays(bool, st.tuples(st.integers(1, 30), st.integers(2, 5)))


@given(st.data())
def test_values_agree_with_scikit_learn(data):
    truth = data.draw(marks)
    said = data.draw(arrays.arrays(bool, truth.shape))
    truth[0, 0] = said[0, 0] = True  # of nothing at all scikit-learn says 0 or 1
    found = averages(truth, said)
    for way in WAYS:
        peer = precision_recall_fscore_support(truth, said, average=way, zero_division=np.nan)
        for ours, theirs in zip(getattr(found, way), peer[:3], strict=True):
            assert float(ours.value) == pytest.approx(float(theirs), nan_ok=True)
            if not np.isnan(ours.value):
                assert 0 <= ours.low <= ours.value + 1e-12
                assert ours.value - 1e-12 <= ours.high <= 1


def test_no_mistake_seen_is_not_certainty():
    truth = metrics.one_hot([0, 1, 2] * 10, 3)
    for way in averages(truth, truth):
        for each in way:
            assert float(each.value) == 1
            assert 0.8 < each.low < 0.97


def test_ten_labels_of_one_image_are_not_ten_images():
    # All labels of an image are right or all wrong: 40 draws, not 400.
    right = np.array([True] * 30 + [False] * 10)
    truth = np.ones((40, 10), dtype=bool)
    said = np.repeat(right[:, None], 10, axis=1)
    recall = averages(truth, said).micro.recall
    low, high = wilson(30, 40)
    assert (recall.low, recall.high) == pytest.approx((low, high), abs=1e-6)


def test_nothing_measured_is_nothing_known():
    none = np.zeros((4, 3), dtype=bool)
    for way in averages(none, none):
        for each in way:
            assert np.isnan(each.value)
            assert (each.low, each.high) == (0, 1)


@pytest.mark.parametrize(("images", "labels"), [(100, 4), (400, 20)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(images, labels):
    """Images with several labels whose mistakes go together."""
    rng = np.random.default_rng(3)
    rates = rng.uniform(0.05, 0.4, labels)

    def draw(n):
        hard = rng.random((n, 1)) < 0.3
        truth = rng.random((n, labels)) < rates
        wrong = rng.random((n, labels)) < np.where(hard, 0.35, 0.05)
        return truth, truth ^ wrong

    wanted = averages(*draw(200_000))
    held = {(way, of): 0 for way in WAYS for of in ("precision", "recall", "f1")}
    for _ in range(200):
        found = averages(*draw(images))
        for way, of in held:
            mine = getattr(getattr(found, way), of)
            held[way, of] += mine.low <= getattr(getattr(wanted, way), of).value <= mine.high
    for key, times in held.items():
        assert times / 200 >= 0.91, key


def test_a_change_is_measured_on_the_same_images():
    truth, said = tables()
    better = said.copy()
    better[8] = truth[8]  # the mildew that was called rust
    change, low, high = macro_f1_change(truth, said, better)
    before, after = (float(averages(truth, m).macro.f1.value) for m in (said, better))
    assert change == pytest.approx(after - before)
    assert low < change < high
    assert macro_f1_change(truth, said, said) == (0, 0, 0)


def test_f1_of_counts_by_hand():
    counted = metrics.counts(*tables())
    assert np.asarray(f1_of_counts(counted).value) == pytest.approx([8 / 10, 4 / 7, 2 / 3])


def test_marks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="shape"):
        averages(np.zeros((2, 3)), np.zeros((3, 3)))
