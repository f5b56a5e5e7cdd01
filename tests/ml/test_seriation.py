"""Labels that are taken for one another stand together."""

import numpy as np
import pytest

from ml.seriation import together


def test_a_chain_that_was_shuffled_is_put_in_order():
    # 0-3, 3-1, 1-4, 4-2: a chain of labels each taken for the next.
    table = np.zeros((5, 5))
    for a, b in [(0, 3), (3, 1), (1, 4), (4, 2)]:
        table[a, b] = 5
    assert together(table).tolist() == [0, 3, 1, 4, 2]


def test_groups_stay_apart_and_what_is_never_confused_comes_last():
    table = np.zeros((6, 6))
    table[0, 4] = 1  # a small group
    table[2, 5] = table[5, 2] = 9  # the most confused one
    table += np.eye(6) * 100  # what is right says nothing
    assert together(table).tolist() == [2, 5, 0, 4, 1, 3]


def test_no_mistake_leaves_the_order():
    assert together(np.eye(4)).tolist() == [0, 1, 2, 3]
    assert together(np.zeros((0, 0))).tolist() == []


def test_three_hundred_labels_of_thirty_families():
    rng = np.random.default_rng(0)
    family = rng.permutation(300) % 30
    same = family[:, None] == family
    table = np.where(same, rng.poisson(2, (300, 300)), rng.poisson(0.002, (300, 300)))
    order = together(table)
    assert sorted(order.tolist()) == list(range(300))
    beside = (family[order][1:] == family[order][:-1]).mean()
    assert beside > 0.6  # 270 of 299 neighbours at best; 3 % by chance


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), -np.eye(2), np.full((2, 2), np.nan)])
def test_what_is_no_confusion_is_refused(bad):
    with pytest.raises(ValueError, match="confusion"):
        together(bad)
