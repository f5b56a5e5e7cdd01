"""A fair sample of a stream whose length nobody knows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt


def sampled(chunks: Iterable[npt.NDArray[Any]], most: int, seed: int) -> npt.NDArray[Any] | None:
    """Return at most `most` rows of a stream, each row with the same chance to be among them.

    chunks: arrays (n, ...) of one row shape and type. None for a stream without rows. Memory
    grows with the sample and the chunk, not with the stream. Same stream, same sample.
    Source: Vitter (1985), Random Sampling with a Reservoir, algorithm R.
    """
    rng = np.random.default_rng(seed)
    kept: list[npt.NDArray[Any]] = []
    reservoir: npt.NDArray[Any] | None = None
    seen = 0
    for chunk in chunks:
        room = max(most - seen, 0)
        if room:
            kept.append(chunk[:room].copy())
        if len(chunk) > room:
            if reservoir is None:
                reservoir, kept = np.concatenate(kept), []
            _replace(reservoir, chunk[room:], seen + room, rng)
        seen += len(chunk)
    if reservoir is None and kept:
        return np.concatenate(kept)
    return reservoir


def _replace(
    reservoir: npt.NDArray[Any], rows: npt.NDArray[Any], seen: int, rng: np.random.Generator
) -> None:
    """Row number i of the stream takes a place with a chance of len(reservoir) / (i + 1)."""
    places = rng.integers(0, np.arange(seen + 1, seen + 1 + len(rows)))
    taken = np.flatnonzero(places < len(reservoir))
    for row in taken:
        reservoir[places[row]] = rows[row]
