"""Which label alone an image has, and of which images the model is surest."""

import numpy as np
import pytest

from ml.certainty import only_label, surest


def test_one_label_per_image_is_the_likeliest_with_its_probability():
    labels, sure = only_label([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    assert labels.tolist() == [0, 2]
    np.testing.assert_allclose(sure, [0.7, 0.8], rtol=1e-6)


def test_with_several_labels_exactly_one_must_be_predicted():
    proba = [[0.9, 0.2], [0.9, 0.6], [0.4, 0.3], [0.1, 0.99]]
    labels, sure = only_label(proba, "multi")
    assert labels.tolist() == [0, -1, -1, 1]
    np.testing.assert_allclose(sure, [0.9 * 0.8, 0, 0, 0.99 * 0.9], rtol=1e-6)


def test_one_label_alone_is_enough_where_several_are_possible():
    labels, sure = only_label([[0.8], [0.2]], "multi")
    assert labels.tolist() == [0, -1]
    np.testing.assert_allclose(sure, [0.8, 0], rtol=1e-6)


def test_a_list_is_no_table():
    with pytest.raises(ValueError, match="table"):
        only_label([0.1, 0.9])


def test_the_surest_of_each_label_in_order():
    labels = np.array([1, 0, 1, 0, -1, 1])
    sure = np.array([0.6, 0.9, 0.8, 0.95, 0, 0.7], dtype=np.float32)
    assert surest(labels, sure, np.zeros(6), 2).tolist() == [3, 1, 2, 5]
    assert surest(labels, sure, np.zeros(6), 0).tolist() == []


def test_equal_images_come_in_the_order_of_their_keys():
    same = np.full(3, 0.9, dtype=np.float32)
    assert surest(np.zeros(3, dtype=int), same, [0.3, 0.1, 0.2], 2).tolist() == [1, 2]


def test_no_label_keeps_more_than_it_may_and_none_surer_is_left_out():
    rng = np.random.default_rng(3)
    proba = rng.dirichlet(np.ones(7), size=500).astype(np.float32)
    labels, sure = only_label(proba)
    kept = surest(labels, sure, rng.random(500), 9)
    for label in range(7):
        mine, all_sure = kept[labels[kept] == label], sure[labels == label]
        np.testing.assert_array_equal(sure[mine], np.sort(all_sure)[::-1][:9])
