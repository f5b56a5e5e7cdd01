"""Maps, numbers of groups and nearest images: what pages show of a pool."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.metrics import silhouette_samples

from ml.cluster_count import _distances, compare_counts, silhouettes
from ml.maps import _placed, kept_neighbours, t_sne
from ml.neighbours import nearest, unit_rows
from ml.projection import principal_axes


def islands(sizes, seed=0, width=8):
    rng = np.random.default_rng(seed)
    member = np.repeat(np.arange(len(sizes)), sizes)
    centres = 12 * np.eye(len(sizes), width)
    return (centres[member] + rng.standard_normal((len(member), width))).astype(np.float32), member


# Nearest -----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(n=st.integers(0, 30), m=st.integers(0, 50), k=st.integers(1, 60), seed=st.integers(0, 99))
def test_nearest_agrees_with_all_distances(n, m, k, seed):
    rng = np.random.default_rng(seed)
    rows, table = rng.standard_normal((n, 4)), rng.standard_normal((m, 4)).astype(np.float16)
    apart = np.sqrt(((rows[:, None] - table.astype(float)[None]) ** 2).sum(axis=2))
    like = unit_rows(rows) @ unit_rows(table).T
    close = nearest(rows, table, k, metric="euclidean")
    similar = nearest(rows, table, k)
    assert close.position.shape == similar.value.shape == (n, min(k, m))
    np.testing.assert_allclose(close.value, np.sort(apart, axis=1)[:, :k], atol=1e-4)
    np.testing.assert_allclose(similar.value, -np.sort(-like, axis=1)[:, :k], atol=1e-5)
    np.testing.assert_allclose(
        close.value, np.take_along_axis(apart, close.position, axis=1), atol=1e-4
    )


def test_nearest_walks_blocks_and_finds_itself():
    rng = np.random.default_rng(0)
    table = rng.standard_normal((9000, 6)).astype(np.float32) + 100
    some = np.concatenate([np.arange(1500), [8999, 4096]])
    for metric, own in (("cosine", 1.0), ("euclidean", 0.0)):
        near = nearest(table[some], table, 3, metric=metric)
        assert near.value[:, 0] == pytest.approx(own, abs=1e-5)
        if metric == "euclidean":
            np.testing.assert_array_equal(near.position[:, 0], some)
        assert all(len(set(row)) == 3 for row in near.position.tolist())


def test_what_has_no_neighbours_is_refused():
    with pytest.raises(ValueError, match="one width"):
        nearest(np.ones((2, 3)), np.ones((2, 4)), 1)
    with pytest.raises(ValueError, match="k from 1"):
        nearest(np.ones((2, 3)), np.ones((2, 3)), 0)
    with pytest.raises(ValueError, match="manhattan"):
        nearest(np.ones((2, 3)), np.ones((2, 3)), 1, metric="manhattan")


# Numbers of groups -------------------------------------------------------------------------


def test_silhouettes_are_scikit_learn_s():
    rows, member = islands([30, 12, 1, 20])
    apart = _distances(rows)
    np.testing.assert_allclose(
        silhouettes(apart, member), silhouette_samples(rows, member), atol=1e-4
    )
    assert (silhouettes(apart, np.zeros(len(rows), dtype=int)) == 0).all()


@pytest.mark.parametrize("groups", [3, 6])
def test_the_number_of_islands_is_suggested(groups):
    rows, _ = islands([40] * groups)
    found = compare_counts(rows, seed=1, sample=150)
    assert found.by_silhouette == groups
    assert found.by_elbow == groups
    assert (np.diff(found.inertia) < 0).all()
    np.testing.assert_array_equal(found.inertia, compare_counts(rows, seed=1).inertia)


def test_few_rows_and_copies_have_numbers_too():
    found = compare_counts(np.ones((5, 2)), seed=0)
    assert found.k.tolist() == [2, 3, 4]
    assert (found.silhouette == 0).all()
    for bad, counts in (
        (np.ones((2, 2)), (2,)),
        (np.full((5, 2), np.nan), (2,)),
        (np.eye(5), (1,)),
    ):
        with pytest.raises(ValueError):
            compare_counts(bad, seed=0, counts=counts)


# Maps --------------------------------------------------------------------------------------


@pytest.mark.parametrize("landmarks", [5000, 60])
def test_islands_stay_together_on_the_map(landmarks):
    rows, member = islands([25, 25, 25, 25])
    places = t_sne(rows, seed=0, landmarks=landmarks)
    assert places.shape == (100, 2)
    assert places.dtype == np.float32
    assert np.abs(places.mean(axis=0)).max() < 1e-5
    assert np.sqrt((places**2).sum(axis=1)).max() == pytest.approx(1, abs=1e-5)
    near = nearest(places, places, 6, metric="euclidean").position[:, 1:]
    assert (member[near] == member[:, None]).mean() > 0.97


def test_an_image_between_landmarks_is_placed_by_how_near_they_are():
    landmarks = np.eye(6, dtype=np.float32)
    places = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)
    np.testing.assert_allclose(_placed(landmarks, landmarks, places), places, atol=1e-5)
    nearer = _placed(0.9 * landmarks[:1] + 0.1 * landmarks[1:2], landmarks, places)
    assert np.linalg.norm(nearer - places[0]) < 0.15 * np.linalg.norm(places[0] - places[1:]).max()


def test_the_same_map_comes_again():
    rows, _ = islands([20, 20])
    np.testing.assert_array_equal(t_sne(rows, seed=3), t_sne(rows, seed=3))


def test_a_map_of_digits_keeps_more_neighbours_than_two_axes():
    rows = load_digits().data[:240]
    flat = principal_axes(rows, 2, 0).apply(rows)
    kept, by_axes = (kept_neighbours(rows, map_) for map_ in (t_sne(rows, seed=0), flat))
    placed = kept_neighbours(rows, t_sne(rows, seed=0, landmarks=160))
    print(f"\nneighbours kept: t-SNE {kept:.3f}, half placed {placed:.3f}, two axes {by_axes:.3f}")
    assert kept > 0.4
    assert kept > placed > by_axes


@pytest.mark.parametrize("n", [1, 2, 5])
def test_small_pools_and_copies_have_a_map(n):
    assert t_sne(np.eye(n, 3), seed=0).shape == (n, 2)
    assert (t_sne(np.ones((n, 3)), seed=0) == 0).all()
    assert np.isfinite(t_sne(np.arange(n)[:, None], seed=0)).all()


def test_what_has_no_map_is_refused():
    for bad in (np.empty((0, 3)), np.ones(4), np.full((6, 2), np.inf)):
        with pytest.raises(ValueError, match="finite table"):
            t_sne(bad, seed=0)
    with pytest.raises(ValueError, match="perplexity"):
        t_sne(np.eye(9), seed=0, perplexity=0)
    with pytest.raises(ValueError, match="cannot show"):
        kept_neighbours(np.eye(9), np.ones((9, 2)), k=9)


def test_a_perfect_map_keeps_all_neighbours():
    rows = np.random.default_rng(0).standard_normal((80, 2))
    assert kept_neighbours(rows, rows) == 1
    assert kept_neighbours(rows, np.random.default_rng(1).standard_normal((80, 2))) < 0.35
