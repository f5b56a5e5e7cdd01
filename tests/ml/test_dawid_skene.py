"""People weighed by their error rates, against the example of the published method."""

import numpy as np
import pytest

from ml.dawid_skene import dawid_skene

# Dawid and Skene (1979), table 1: 45 patients; observer 1 answered three times, four others once.
TABLE_1 = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""


def table_1():
    images = np.repeat(np.arange(45), 7)
    people = np.tile([0, 0, 0, 1, 2, 3, 4], 45)
    values = np.array([int(value) - 1 for patient in TABLE_1.split() for value in patient])
    return images, people, values


def test_the_published_example():
    found = dawid_skene(*table_1(), n_values=4)
    np.testing.assert_allclose(found.share, [0.40, 0.42, 0.11, 0.07], atol=0.005)
    truth = found.proba.argmax(axis=1) + 1
    assert (truth[0], truth[1], truth[10], truth[44]) == (1, 4, 4, 2)
    assert truth[2] == 2, "two of three looks of the best observer say 1; weighed, it is 2"
    np.testing.assert_allclose(found.rates[0][0], [0.89, 0.11, 0, 0], atol=0.01)
    np.testing.assert_allclose(found.rates.sum(axis=2), 1)
    np.testing.assert_allclose(found.proba.sum(axis=1), 1)


def test_a_careless_person_is_outvoted_by_a_careful_one():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    careful = np.where(rng.random((3, 300)) < 0.95, truth, (truth + 1) % 3)
    careless = rng.integers(0, 3, (2, 300))
    said = np.concatenate([careful, careless])
    images, people = np.tile(np.arange(300), 5), np.repeat(np.arange(5), 300)
    found = dawid_skene(images, people, said.ravel(), n_values=3, prior=1.0)
    right = [np.trace(rates) / 3 for rates in found.rates]
    assert min(right[:3]) > 0.9
    assert max(right[3:]) < 0.45
    votes = (said[..., None] == np.arange(3)).sum(axis=0).argmax(axis=1)
    weighed = found.proba.argmax(axis=1)
    assert (weighed == truth).mean() > (votes == truth).mean()


def test_the_order_of_the_answers_does_not_matter():
    images, people, values = table_1()
    order = np.random.default_rng(1).permutation(len(images))
    one = dawid_skene(images, people, values, n_values=4)
    other = dawid_skene(images[order], people[order], values[order], n_values=4)
    np.testing.assert_allclose(one.proba, other.proba, atol=1e-9)


def test_two_people_who_contradict_each_other_once_stay_in_doubt():
    found = dawid_skene([0, 0], [0, 1], [0, 1], n_values=2, prior=2.0)
    np.testing.assert_allclose(found.proba, [[0.5, 0.5]])


def test_bad_lists_are_refused():
    with pytest.raises(ValueError, match="one length"):
        dawid_skene([0], [0, 1], [0], n_values=2)
    with pytest.raises(ValueError, match="not empty"):
        dawid_skene([], [], [], n_values=2)
    with pytest.raises(ValueError, match="end at 1"):
        dawid_skene([0], [0], [2], n_values=2)
    with pytest.raises(ValueError, match="every image"):
        dawid_skene([0, 2], [0, 0], [0, 0], n_values=2)


def test_an_image_seen_many_times_counts_so_often():
    images, people, values = table_1()
    rows = np.concatenate([images, images[:7] + 45, images[:7] + 46])
    people_too = np.concatenate([people, people[:7], people[:7]])
    values_too = np.concatenate([values, values[:7], values[:7]])
    thrice = dawid_skene(rows, people_too, values_too, n_values=4)
    counted = dawid_skene(images, people, values, n_values=4, times=[3] + [1] * 44)
    np.testing.assert_allclose(thrice.proba[:45], counted.proba, atol=1e-6)
    np.testing.assert_allclose(thrice.rates, counted.rates, atol=1e-6)


def test_only_given_values_are_possible_where_that_is_wanted():
    images, people, values = table_1()
    found = dawid_skene(images, people, values, n_values=4, given_only=True)
    given = np.zeros((45, 4), dtype=bool)
    given[images, values] = True
    assert (found.proba[~given] == 0).all()
    every = dawid_skene(images, people, values, n_values=4)
    assert (found.proba.argmax(axis=1) == every.proba.argmax(axis=1)).all()
