"""The images most like one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.neighbours import nearest
from ml.similar import most_like, ranked


def blocks(table, size):
    half = table.astype(np.float16)
    return [(at, half[at : at + size]) for at in range(0, len(table), size)]


@given(
    n=st.integers(1, 60), k=st.integers(1, 70), size=st.integers(1, 70), seed=st.integers(0, 99),
    metric=st.sampled_from(["cosine", "euclidean"]),
)  # fmt: skip
def test_a_walk_finds_what_a_look_at_all_pairs_finds(n, k, size, seed, metric):
    rng = np.random.default_rng(seed)
    table = rng.standard_normal((n, 5)).astype(np.float16)
    query = rng.standard_normal(5).astype(np.float16)
    found = most_like(query, blocks(table, size), k, metric=metric)
    right = nearest(query[None], table, k, metric=metric)
    assert len(found.position) == min(n, k)
    np.testing.assert_allclose(found.value, right.value[0], atol=2e-3)
    assert len(set(found.position.tolist())) == len(found.position)


def test_images_without_a_vector_are_passed_over():
    table = np.eye(4)
    table[1] = np.nan
    found = most_like(np.eye(4)[0], blocks(table, 2), 9)
    assert found.position.tolist() == [0, 2, 3]
    assert found.value[0] == pytest.approx(1)
    assert most_like(np.eye(4)[0], [], 3).position.tolist() == []


def test_of_equals_the_earlier_row_comes_first():
    found = most_like(np.ones(3), blocks(np.ones((9, 3)), 4), 4, metric="euclidean")
    assert found.position.tolist() == [0, 1, 2, 3]
    assert found.value.tolist() == [0, 0, 0, 0]


def test_candidates_are_put_in_order():
    table = np.array([[0, 1], [1, 0], [1, 0.2]])
    found = ranked(np.array([1.0, 0]), table, np.array([70, 50, 60]), 2)
    assert found.position.tolist() == [50, 60]


def test_what_cannot_be_searched_is_refused():
    for query in (np.ones((2, 3)), np.array([1, np.nan, 1])):
        with pytest.raises(ValueError, match="one finite vector"):
            most_like(query, [], 1)
    with pytest.raises(ValueError, match="k from 1"):
        most_like(np.ones(3), [], 0)
    with pytest.raises(ValueError, match="manhattan"):
        most_like(np.ones(3), [], 1, metric="manhattan")
    with pytest.raises(ValueError, match="one width"):
        most_like(np.ones(3), blocks(np.ones((2, 4)), 4), 1)
