"""Rare labels: counted, reported, and given weight."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from ml import heads
from ml.heads.imbalance import balanced_weights, support


def test_balanced_weights_let_each_label_count_the_same():
    y = np.array([0] * 8 + [1] * 2)
    weights = balanced_weights(y, 3)
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    assert weights.mean() == pytest.approx(1)
    assert support(y, 3).tolist() == [8, 2, 0]
    marks = np.array([[1, 0], [1, 0], [1, 1], [0, 0]])
    found = balanced_weights(marks, 2)
    assert found[2] == found.max() == pytest.approx(3 * found[0])
    with pytest.raises(ValueError):
        balanced_weights([], 2)


# The nearest mean is not among them: means are balanced as they are.
@pytest.mark.parametrize("name", [name for name in heads.HEADS if name != "nearest_mean"])
def test_balanced_weights_help_a_rare_label(name):
    x, y = load_digits(return_X_y=True)
    keep = np.concatenate([np.flatnonzero(y == 1)[:100], np.flatnonzero(y == 8)[:4]])
    found = {}
    for weights in (None, balanced_weights((y[keep] == 8).astype(int), 2)):
        rare = (y[keep] == 8).astype(int)
        head = heads.get(name).fit(x[keep], rare, n_labels=2, sample_weight=weights)
        found[weights is None] = head.predict_proba(x[y == 8])[:, 1].mean()
    assert found[False] > found[True]
