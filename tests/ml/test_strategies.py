import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml import strategies
from ml.selection import diverse_top_k, top_k


@given(
    scores=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), max_size=60),
    k=st.integers(0, 70),
    seed=st.integers(0, 99),
)
def test_top_k_is_the_head_of_the_full_order(scores, k, seed):
    keys = np.random.default_rng(seed).permutation(len(scores))
    full = sorted(range(len(scores)), key=lambda i: (-scores[i], keys[i]))
    assert top_k(np.array(scores), k, keys).tolist() == full[:k]


@pytest.mark.parametrize("n", [1023, 2048, 5000, 40_001])
@pytest.mark.parametrize("k", [1, 100, 700])
@pytest.mark.parametrize("steps", [3, 1000, 10**9])
def test_top_k_of_many_is_the_head_of_the_full_order(n, k, steps):
    rng = np.random.default_rng(n + k)
    scores = (rng.integers(steps, size=n) / steps).astype(np.float32)
    keys = rng.permutation(n)
    np.testing.assert_array_equal(top_k(scores, k, keys), np.lexsort((keys, -scores))[:k])


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        top_k([0.1, np.nan], 1, [0, 1])
    with pytest.raises(ValueError, match="equal lists"):
        top_k([0.1, 0.2], 1, [0])


@given(k=st.integers(1, 12), seed=st.integers(0, 50))
def test_the_first_of_a_diverse_list_has_the_highest_score(k, seed):
    rng = np.random.default_rng(seed)
    scores, embeddings = rng.random(40), rng.standard_normal((40, 6))
    keys = rng.permutation(40)
    chosen = diverse_top_k(scores, embeddings, k, keys)
    assert chosen[0] == top_k(scores, 1, keys)[0]
    assert len(set(chosen.tolist())) == k


def test_near_duplicates_wait_until_nothing_else_is_left():
    rng = np.random.default_rng(0)
    distinct = rng.standard_normal((10, 32))
    embeddings = np.concatenate([distinct, distinct[:5] + 1e-4])
    scores = np.concatenate([np.full(10, 0.5), np.full(5, 0.9)])
    keys = np.arange(15)
    chosen = diverse_top_k(scores, embeddings, 10, keys)
    assert len({int(i) % 10 for i in chosen}) == 10
    assert chosen[0] == 10
    everything = diverse_top_k(scores, embeddings, 15, keys)
    assert sorted(everything) == list(range(15))
    assert len({int(i) % 10 for i in everything[:10]}) == 10


def test_a_tight_group_does_not_fill_the_batch():
    rng = np.random.default_rng(1)
    group = np.array([1.0, 0, 0, 0]) + 0.05 * rng.standard_normal((30, 4))
    others = np.eye(4)[[1, 2, 3]]
    scores = np.concatenate([np.full(30, 0.9), np.full(3, 0.8)])
    chosen = diverse_top_k(
        scores, np.concatenate([group, others]), 5, np.arange(33), near_duplicate=2, pool_factor=9
    )
    assert {30, 31, 32} <= set(chosen.tolist())
    assert {30, 31, 32}.isdisjoint(top_k(scores, 5, np.arange(33)).tolist())


@pytest.fixture
def pool():
    rng = np.random.default_rng(5)
    return {
        "proba": rng.dirichlet(np.ones(4), size=200).astype(np.float16),
        "embeddings": rng.standard_normal((200, 16)).astype(np.float16),
        "tie_keys": rng.permutation(200),
    }


@pytest.mark.parametrize("name", strategies.STRATEGIES)
def test_every_strategy_gives_k_different_images_and_their_scores(name, pool):
    chosen, value = strategies.choose(name, **pool, k=25, seed=4)
    assert len(set(chosen.tolist())) == 25
    assert value.dtype == np.float32
    assert ((value >= 0) & (value <= 1)).all()
    again, _ = strategies.choose(name, **pool, k=25, seed=4)
    np.testing.assert_array_equal(chosen, again)


@pytest.mark.parametrize("name", strategies.STRATEGIES)
def test_a_small_pool_is_returned_whole(name, pool):
    chosen, _ = strategies.choose(name, **pool, k=500, seed=4)
    assert sorted(chosen) == list(range(200))


def test_random_draws_merge_by_score_and_depend_on_the_seed(pool):
    chosen, value = strategies.choose("random", **pool, k=20, seed=1)
    assert (np.diff(value) <= 0).all()
    other, _ = strategies.choose("random", **pool, k=20, seed=2)
    assert chosen.tolist() != other.tolist()


def test_multi_label_projects_score_each_label_alone(pool):
    pool["proba"] = np.array([[0.99, 0.01], [0.5, 0.99], [0.9, 0.9]])
    pool["tie_keys"] = np.arange(3)
    chosen, value = strategies.choose("margin", **pool, k=2, seed=0, kind="multi")
    assert chosen.tolist() == [1, 2]
    assert value[0] == 1


def test_unknown_strategy_is_refused(pool):
    with pytest.raises(ValueError, match="no strategy"):
        strategies.choose("gut_feeling", **pool, k=2, seed=0)


def test_embeddings_are_read_only_by_strategies_that_need_them(pool):
    pool["embeddings"] = None
    strategies.choose("margin", **pool, k=2, seed=0)
    with pytest.raises(ValueError, match="needs embeddings"):
        strategies.choose("diverse_margin", **pool, k=2, seed=0)
