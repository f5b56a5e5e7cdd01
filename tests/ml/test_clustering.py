import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.clustering import assign, cold_start, k_means
from ml.neighbours import near_duplicates, nearest_similarity, unit_rows
from ml.projection import principal_axes

CENTRES = 10 * np.eye(6)


def islands(sizes, seed=0):
    """Tight groups around the axes, the i-th with sizes[i] members, in random order."""
    rng = np.random.default_rng(seed)
    member = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return CENTRES[member] + rng.standard_normal((len(member), 6)), member


def test_k_means_finds_islands_and_repeats_itself():
    rows, member = islands([40, 30, 50, 20, 60, 30])
    groups = k_means(rows, 6, seed=1)
    for island in range(6):
        assert len(set(groups.member[member == island])) == 1
    np.testing.assert_array_equal(groups.member, k_means(rows, 6, seed=1).member)


def test_k_means_uses_every_centre_and_survives_copies():
    rows = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    groups = k_means(rows, 8, seed=0)
    assert groups.centres.shape == (8, 3)
    assert np.isfinite(groups.centres).all()
    np.testing.assert_allclose(groups.distance, 0, atol=1e-6)


def test_assign_agrees_with_all_distances():
    rng = np.random.default_rng(2)
    rows, centres = (rng.standard_normal((n, 5)).astype(np.float32) for n in (300, 9))
    member, distance = assign(rows, centres)
    full = ((rows[:, None] - centres[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(member, full.argmin(axis=1))
    np.testing.assert_allclose(distance, full.min(axis=1), atol=1e-4)


@pytest.mark.parametrize("k", [12, 30])
@pytest.mark.parametrize("seed", range(5))
def test_a_cold_start_visits_every_island_before_any_twice(k, seed):
    rows, member = islands([400, 30, 50, 20, 60, 30])
    first = member[cold_start(rows, k, seed)][:6]
    assert sorted(first) == list(range(6))
    assert first[0] == 0  # the largest comes first


@given(n=st.integers(0, 40), k=st.integers(0, 50), seed=st.integers(0, 5))
def test_a_cold_start_gives_k_different_images_and_repeats_itself(n, k, seed):
    rows = np.random.default_rng(n).standard_normal((n, 8)).astype(np.float16)
    chosen = cold_start(rows, k, seed)
    assert len(set(chosen.tolist())) == len(chosen) == min(n, k)
    np.testing.assert_array_equal(chosen, cold_start(rows, k, seed))


def test_a_pool_of_copies_still_gives_k_images():
    assert sorted(cold_start(np.ones((12, 4)), 12, 0)) == list(range(12))


def test_embeddings_that_are_not_finite_are_refused():
    with pytest.raises(ValueError):
        k_means(np.full((4, 2), np.nan), 2, seed=0)
    with pytest.raises(ValueError):
        cold_start(np.array([1.0, 2.0]), 1, 0)


def test_principal_axes_agree_with_the_full_decomposition():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200, 30)) * np.linspace(5, 0.1, 30)
    axes = principal_axes(rows, 4, seed=0)
    full = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2][:4]
    np.testing.assert_allclose(np.abs(np.sum(axes.directions * full, axis=1)), 1, atol=2e-2)
    np.testing.assert_allclose(
        axes.apply(rows), (rows - rows.mean(axis=0)) @ axes.directions.T, atol=1e-3
    )


def test_near_duplicates_are_found_across_blocks():
    rng = np.random.default_rng(4)
    others = rng.standard_normal((5000, 16)).astype(np.float16)
    rows = np.concatenate(
        [others[[4, 4999]] * 2, rng.standard_normal((1100, 16)), np.zeros((1, 16))]
    )
    near = near_duplicates(rows, others, 0.995)
    assert near[:2].all()
    assert not near[-1]
    full = (unit_rows(rows) @ unit_rows(others).T).max(axis=1)
    np.testing.assert_allclose(nearest_similarity(rows, others), full, atol=1e-5)
    assert not near_duplicates(rows, np.empty((0, 16))).any()
