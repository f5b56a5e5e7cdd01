"""How light and sharp a picture is, and which of many stand out."""

import numpy as np
import pytest

from ml import looks


def noise(seed, low=0, high=256, size=(40, 60, 3)):
    return np.random.default_rng(seed).integers(low, high, size, dtype=np.uint8)


def test_black_is_dark_and_white_is_light():
    assert looks.look(np.zeros((9, 9, 3), np.uint8)).light == 0
    assert looks.look(np.full((9, 9), 255, np.uint8)).light == pytest.approx(1)


def test_a_smoothed_picture_is_less_sharp():
    sharp = noise(1).astype(np.float32)
    smooth = sum(np.roll(sharp, (i, j), (0, 1)) for i in range(3) for j in range(3)) / 9
    assert looks.look(smooth).sharp < looks.look(sharp).sharp / 5


def test_a_plain_or_tiny_picture_has_no_edges():
    assert looks.look(np.full((20, 20, 3), 80, np.uint8)).sharp == pytest.approx(0, abs=1e-9)
    assert looks.look(np.zeros((2, 2, 3), np.uint8)).sharp == 0


def test_one_dark_picture_among_many_stands_out():
    light = np.concatenate([np.random.default_rng(0).uniform(0.4, 0.6, 200), [0.005]])
    scale = looks.darkness(light)
    odd = looks.below(scale, looks.low_fence(scale, 0.25))
    assert odd.nonzero()[0].tolist() == [200]


def test_alike_values_have_nothing_odd():
    assert not looks.below(np.full(50, 3.0), looks.low_fence(np.full(50, 3.0), 0.25)).any()


def test_few_values_say_nothing_and_missing_ones_never_stand_out():
    few = np.array([0.1] * 5 + [np.nan])
    assert looks.low_fence(few, 0.1) == -np.inf
    assert not looks.below(np.array([np.nan]), 5.0).any()


@pytest.mark.parametrize("shape", [(0, 3, 3), (4,), (4, 4, 4)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="a picture is"):
        looks.look(np.zeros(shape, np.uint8))
