"""float16 and float32 mean the same whoever converts them."""

import sys

import numpy as np
import pytest

from ml import halves


@pytest.fixture(params=["numpy", "torch"])
def converter(request, monkeypatch):
    if request.param == "torch":
        halves.be_quick()
    else:
        monkeypatch.delitem(sys.modules, "torch", raising=False)
    return request.param


EVERY = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(256, 256)


def test_every_half_is_widened_exactly(converter):
    table = EVERY.copy()
    table.flags.writeable = False  # as a mapped file is
    wide = halves.widened(table)
    assert wide.dtype == np.float32
    assert np.array_equal(wide, EVERY.astype(np.float32), equal_nan=True)


def test_a_part_with_gaps_is_widened_too(converter):
    assert np.array_equal(halves.widened(EVERY[::2, ::3]), EVERY[::2, ::3].astype(np.float32), True)


def test_floats_are_rounded_as_numpy_rounds_them(converter):
    table = np.random.default_rng(0).standard_normal((64, 99)).astype(np.float32) * 30_000
    with np.errstate(over="ignore"):
        wanted = table.astype(np.float16)
    assert np.isinf(wanted).any()
    assert np.array_equal(halves.halved(table), wanted)
