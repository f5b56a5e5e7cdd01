"""What a linear head reads out of features."""

import numpy as np
import pytest

from ml.probe import linear_probe


def test_features_that_tell_the_labels_apart_score_high():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 120)
    x = np.eye(3)[y] * 4 + rng.normal(size=(120, 3))
    found = linear_probe(x, y, n_labels=3)
    assert found.images == 120
    assert found.right > 100


def test_features_that_tell_nothing_score_like_chance():
    rng = np.random.default_rng(0)
    found = linear_probe(rng.normal(size=(200, 4)), rng.integers(0, 2, 200), n_labels=2)
    assert 70 < found.right < 130


def test_several_labels_must_all_be_right():
    rng = np.random.default_rng(1)
    marks = rng.integers(0, 2, (150, 2))
    found = linear_probe(marks * 4 + rng.normal(size=(150, 2)) * 0.3, marks, n_labels=2)
    assert found.right > 140


@pytest.mark.parametrize("n", [0, 19])
def test_few_images_are_refused(n):
    with pytest.raises(ValueError, match="needs 20"):
        linear_probe(np.zeros((n, 2)), np.zeros(n, int), n_labels=2)
