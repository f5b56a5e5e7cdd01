"""k-means that sees the pool block by block."""

import numpy as np
import pytest

from ml.clustering import assign
from ml.streamed_clusters import mini_batch


def blobs(n, d=8, k=5):
    rng = np.random.default_rng(3)
    centres = 10 * rng.standard_normal((k, d))
    return (centres[rng.integers(k, size=n)] + rng.standard_normal((n, d))).astype(np.float32)


def blocks(rows, size=500):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def test_the_blocks_bring_the_centres_nearer_to_all_rows():
    rows = blobs(6000)
    few = rows[:60]
    before = assign(rows, mini_batch(few, [], 5, seed=0))[1].mean()
    after = assign(rows, mini_batch(few, blocks(rows), 5, seed=0))[1].mean()
    assert after < before
    assert after < 1.02 * 8  # the spread inside a blob: one per dimension


def test_the_same_again():
    rows = blobs(2000)
    one, other = (mini_batch(rows[:200], blocks(rows), 7, seed=4) for _ in range(2))
    assert (one == other).all()


def test_more_groups_than_rows_are_cut():
    assert len(mini_batch(np.eye(3), [], 9, seed=0)) == 3


def test_an_empty_sample_is_refused():
    with pytest.raises(ValueError, match="finite table"):
        mini_batch(np.empty((0, 3)), [], 2, seed=0)
