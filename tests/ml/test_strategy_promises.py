"""What every registered strategy keeps."""

import itertools
import tracemalloc

import numpy as np
import pytest

from ml import strategies

KINDS = ("single", "multi")


def pool_of(n, kind="single", labels=4, seed=5):
    rng = np.random.default_rng(seed)
    members = np.stack([rng.dirichlet(np.ones(labels), size=n) for _ in range(3)])
    if kind == "multi":
        members = rng.random((3, n, labels))
    return {
        "proba": members.mean(axis=0).astype(np.float32),
        "committee": members.astype(np.float32),
        "embeddings": rng.standard_normal((n, 16)).astype(np.float16),
        "labeled": rng.standard_normal((7, 16)).astype(np.float16),
        "given": np.arange(labels) + 1,
        "tie_keys": rng.permutation(n),
        "kind": kind,
    }


def reordered(pool, order):
    """The same images, lying elsewhere."""
    moved = {name: pool[name][order] for name in ("proba", "embeddings", "tie_keys")}
    return {**pool, **moved, "committee": pool["committee"][:, order]}


@pytest.fixture(params=strategies.ALL)
def name(request):
    return request.param


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [0, 1, 25, 200, 500])
def test_a_batch_holds_k_different_images_with_scores(name, kind, k):
    chosen, value = strategies.choose(name, **pool_of(200, kind), k=k, seed=4)
    assert len(chosen) == len(value) == len(set(chosen.tolist())) == min(k, 200)
    assert chosen.dtype == np.int64
    assert value.dtype == np.float32
    assert ((value >= 0) & (value <= 1)).all()
    assert ((chosen >= 0) & (chosen < 200)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_answer(name, kind):
    first, second = (strategies.choose(name, **pool_of(150, kind), k=20, seed=9) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_matter_where_images_lie(name, kind):
    pool = pool_of(150, kind)
    order = np.random.default_rng(1).permutation(150)
    here, value = strategies.choose(name, **pool, k=20, seed=9)
    there, moved = strategies.choose(name, **reordered(pool, order), k=20, seed=9)
    np.testing.assert_array_equal(here, order[there])
    np.testing.assert_allclose(value, moved, atol=1e-5)


BAD = {
    "nan": lambda p: np.where(np.arange(p.size).reshape(p.shape) == 5, np.nan, p),
    "infinite": lambda p: np.where(np.arange(p.size).reshape(p.shape) == 5, np.inf, p),
    "logits": lambda p: np.log(p),
    "above one": lambda p: p + 1,
    "empty": lambda p: p[:0],
    "a list": lambda p: p[:, 0],
}


@pytest.mark.parametrize("kind,how", list(itertools.product(KINDS, BAD)))
def test_what_is_no_table_of_probabilities_is_refused(name, kind, how):
    pool = pool_of(60, kind)
    with pytest.raises(ValueError):
        strategies.choose(name, **{**pool, "proba": BAD[how](pool["proba"])}, k=5, seed=0)


def test_rows_that_do_not_sum_to_one_and_one_class_are_refused(name):
    pool = pool_of(60)
    for bad in (pool["proba"] * 0.9, np.ones((60, 1), dtype=np.float32)):
        committee = np.stack([bad, bad])
        with pytest.raises(ValueError):
            strategies.choose(name, **{**pool, "proba": bad, "committee": committee}, k=5, seed=0)


def test_one_tag_alone_is_enough_where_tags_stand_alone(name):
    pool = pool_of(60, "multi", labels=1)
    chosen, _ = strategies.choose(name, **pool, k=5, seed=0)
    assert len(set(chosen.tolist())) == 5


def test_keys_of_another_length_are_refused(name):
    with pytest.raises(ValueError):
        strategies.choose(name, **{**pool_of(60), "tie_keys": np.arange(59)}, k=5, seed=0)


NEED_EMBEDDINGS = (
    "diverse_margin", "clustered_margin", "core_set", "badge", "typical", "probability_cover",
    "density_margin",
)  # fmt: skip


@pytest.mark.parametrize("name", NEED_EMBEDDINGS)
@pytest.mark.parametrize("bad", [None, np.nan])
def test_embeddings_that_are_missing_are_missed(name, bad):
    pool = pool_of(60)
    table = None if bad is None else np.full((60, 16), bad)
    with pytest.raises(ValueError):
        strategies.choose(name, **{**pool, "embeddings": table}, k=5, seed=0)


@pytest.mark.parametrize("name", NEED_EMBEDDINGS)
def test_copies_of_one_picture_are_survived(name):
    pool = pool_of(60)
    pool["embeddings"] = np.ones((60, 16), dtype=np.float32)
    pool["labeled"] = None
    chosen, value = strategies.choose(name, **pool, k=20, seed=0)
    assert len(set(chosen.tolist())) == 20
    assert np.isfinite(value).all()


@pytest.mark.parametrize("name", strategies.NEED_COMMITTEE)
def test_committees_that_are_missing_are_missed(name):
    pool = pool_of(60)
    for bad in (None, pool["committee"][:, :9], pool["committee"][:1]):
        with pytest.raises(ValueError, match="committee"):
            strategies.choose(name, **{**pool, "committee": bad}, k=5, seed=0)


@pytest.mark.parametrize(
    "name",
    [s for s in strategies.ALL if s not in ("typical", "probability_cover", "typical_first")],
)
def test_memory_grows_with_the_block_and_not_with_the_embeddings(name):
    pool = pool_of(40_000, labels=2)
    pool["embeddings"] = np.zeros((40_000, 256), dtype=np.float16)
    pool["embeddings"][:, :16] = np.random.default_rng(0).standard_normal((40_000, 16))
    pool["labeled"] = None
    tracemalloc.start()
    strategies.choose(name, **pool, k=3, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < pool["embeddings"].nbytes  # as float32 it would be twice that
