"""Diverse and covering batches against their definitions, written out the slow way."""

import numpy as np
import pytest

from ml.covering import _cover, probability_cover, typical
from ml.diversity import badge, clustered_margin, core_set


@pytest.fixture
def pool():
    rng = np.random.default_rng(2)
    return {
        "x": rng.standard_normal((90, 6)).astype(np.float32),
        "proba": rng.dirichlet(np.ones(3), size=90).astype(np.float32),
        "labeled": rng.standard_normal((4, 6)).astype(np.float32),
        "keys": np.arange(90),
    }


def gaps(a, b):
    return ((a[:, None].astype(float) - b[None].astype(float)) ** 2).sum(axis=2)


def test_core_set_takes_the_farthest_each_time(pool):
    chosen, reach = core_set(pool["x"], 8, pool["keys"], seed=0, labeled=pool["labeled"])
    centres = list(pool["labeled"])
    for place in chosen:
        far = gaps(pool["x"], np.array(centres)).min(axis=1)
        assert place == far.argmax()
        centres.append(pool["x"][place])
    assert reach[0] == 1
    assert (np.diff(reach) <= 1e-6).all()


def test_without_labels_core_set_begins_at_a_drawn_image(pool):
    first = {
        int(core_set(pool["x"], 1, pool["keys"], seed=seed)[0][0]) for seed in range(10)
    }  # fmt: skip
    assert len(first) > 3


@pytest.mark.parametrize("multi", [False, True])
def test_badge_draws_by_k_means_on_the_gradients(pool, multi):
    p = pool["proba"].astype(float)
    y = (p > 0.5) if multi else np.eye(3)[p.argmax(axis=1)]
    gradient = ((p - y)[:, :, None] * pool["x"][:, None, :]).reshape(90, -1)
    chosen, length = badge(p, pool["x"], 12, pool["keys"], seed=7, multi=multi)
    rng, taken = np.random.default_rng(7), [int((gradient**2).sum(axis=1).argmax())]
    while len(taken) < 12:
        far = gaps(gradient, gradient[taken]).min(axis=1)
        reach = np.cumsum(far)
        taken.append(int(np.searchsorted(reach, rng.random() * reach[-1], side="right")))
    assert chosen.tolist() == taken
    norms = np.sqrt((gradient**2).sum(axis=1))
    np.testing.assert_allclose(length, norms[taken] / norms.max(), atol=1e-5)


def test_clustered_margin_goes_round_the_groups_small_ones_first():
    rng = np.random.default_rng(0)
    crowd = np.array([5.0, 0]) + 0.1 * rng.standard_normal((30, 2))
    pair = np.array([-5.0, 0]) + 0.1 * rng.standard_normal((2, 2))
    alone = np.array([[0, 50.0]])
    scores = np.concatenate([np.linspace(0.9, 0.8, 30), [0.5, 0.6], [0.1]])
    x = np.concatenate([crowd, pair, alone])
    chosen, value = clustered_margin(scores, x, 3, np.arange(33), pool_factor=11)
    assert chosen.tolist() == [32, 31, 0]
    np.testing.assert_allclose(value, [0.1, 0.6, 0.9], atol=1e-6)


def test_typical_images_come_from_groups_without_labels():
    rng = np.random.default_rng(3)
    centres = 10 * np.eye(5)
    member = np.repeat(np.arange(5), [40, 35, 30, 25, 20])
    x = centres[member] + rng.standard_normal((150, 5))
    chosen, _ = typical(x, 3, np.arange(150), seed=0, labeled=centres[[0, 2]])
    assert member[chosen].tolist() == [1, 3, 4]
    inside = np.linalg.norm(x[chosen] - centres[member[chosen]], axis=1)
    assert inside.max() < np.median(np.linalg.norm(x - centres[member], axis=1))


def test_balls_cover_what_no_ball_covers_yet(pool):
    unit = pool["x"] / np.linalg.norm(pool["x"], axis=1, keepdims=True)
    known = pool["labeled"] / np.linalg.norm(pool["labeled"], axis=1, keepdims=True)
    chosen, _ = probability_cover(
        pool["x"], 6, pool["keys"], seed=0, labeled=pool["labeled"], radius=0.8
    )
    centres = list(known)
    for place in chosen:
        bare = gaps(unit, np.array(centres)).min(axis=1) > 0.64
        gain = (gaps(unit, unit)[:, bare] <= 0.64).sum(axis=1)
        assert gain[place] == gain.max()
        centres.append(unit[place])


def test_when_all_is_covered_balls_shrink():
    line = np.arange(8, dtype=np.float32)[:, None]
    taken, added = _cover(
        gaps(line, line).astype(np.float32), np.full(8, np.inf, dtype=np.float32), 100.0, 4
    )
    assert added[0] == 1
    assert len(set(taken.tolist())) == 4


def test_the_radius_keeps_groups_apart():
    rng = np.random.default_rng(1)
    centres = np.eye(3)
    member = np.arange(60) % 3
    x = centres[member] + 0.02 * rng.standard_normal((60, 3))
    chosen, value = probability_cover(x, 3, np.arange(60), seed=0, groups=3)
    assert sorted(member[chosen]) == [0, 1, 2]
    assert value.min() > 0.8
