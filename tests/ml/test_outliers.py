"""Images that are like no other of their label, or like nothing at all."""

import numpy as np
import pytest

from ml.outliers import ANY, outliers


def groups(seed=0, n=60, d=16):
    """Two tight groups of points and their labels."""
    rng = np.random.default_rng(seed)
    centres = np.zeros((2, d))
    centres[0, 0], centres[1, 1] = 10, 10
    y = np.arange(n) % 2
    return centres[y] + rng.normal(size=(n, d)), y


def test_an_image_under_the_other_label_is_far_from_its_label():
    x, y = groups()
    y[4] = 1
    found = outliers(x, y)
    assert (found.image[0], found.label[0]) == (4, 1)
    assert found.beyond[0] > 3
    assert ANY not in found.label[found.image == 4].tolist()


def test_an_image_like_nothing_is_far_from_everything():
    x, y = groups()
    x[7] = 0
    x[7, 9] = -30
    found = outliers(x, y)
    assert found.image[0] == 7
    assert set(found.label[found.image == 7].tolist()) == {1, ANY}


def test_hardly_any_image_of_even_groups_is_far():
    x, y = groups(seed=3, n=400)
    assert len(set(outliers(x, y).image.tolist())) < 20


def test_marks_are_compared_label_by_label():
    x, y = groups()
    marks = np.stack([y == 0, y == 1, np.zeros(len(y), dtype=bool)], axis=1)
    marks[4] = [True, True, False]
    found = outliers(x, marks)
    assert (found.image[0], found.label[0]) == (4, 1)


def test_few_images_say_nothing_and_empty_tables_are_fine():
    x, y = groups(n=8)
    assert len(outliers(x, y).image) == 0
    assert len(outliers(np.empty((0, 4)), np.empty(0, dtype=int)).image) == 0


def test_copies_of_one_image_are_no_outliers():
    x = np.repeat(np.eye(3, 8), 20, axis=0)
    assert len(outliers(x, np.repeat([0, 1, 2], 20)).image) == 0


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        outliers(np.ones((3, 2)), [0, 1])
