"""Search among packed codes by the number of bits that differ."""

import numpy as np
import numpy.typing as npt

from ml.checks import Ints

BLOCK = 65_536  # codes compared at a time

Codes = npt.NDArray[np.uint8]


def nearest(codes: Codes, queries: Codes, k: int) -> tuple[Ints, Ints]:
    """Return the k nearest codes of each query, nearest first, ties by position.

    codes: (n, bytes), queries: (m, bytes) uint8 from `Hashed.codes`. k is cut to n.
    Returns: positions (m, k) and how many bits differ (m, k), both int64. Exact; memory grows
        with a block of codes.
    """
    _check(codes, queries)
    k = min(k, len(codes))
    if k < 1:
        empty = np.empty((len(queries), 0), dtype=np.int64)
        return empty, empty.copy()
    words, asked = _words(codes), _words(queries)
    best = np.stack([_nearest_to(words, query, k) for query in asked]) if len(asked) else None
    if best is None:
        best = np.empty((0, k), dtype=np.int64)
    return best % len(codes), best // len(codes)


def distances(codes: Codes, query: Codes) -> npt.NDArray[np.int64]:
    """Return in how many bits each code (n, bytes) differs from one query (bytes,)."""
    _check(codes, query[None])
    return _distances(_words(codes), _words(query[None])[0])


def _nearest_to(words: npt.NDArray[np.unsignedinteger], query: npt.NDArray[np.unsignedinteger],
                k: int) -> Ints:  # fmt: skip
    """Return the k smallest of distance * n + position, in order."""
    best = np.empty(0, dtype=np.int64)
    for start in range(0, len(words), BLOCK):
        block = words[start : start + BLOCK]
        keys = _distances(block, query) * len(words) + np.arange(start, start + len(block))
        if len(keys) > k:
            keys = np.partition(keys, k - 1)[:k]
        best = np.sort(np.concatenate([best, keys]))[:k]
    return best


def _distances(
    words: npt.NDArray[np.unsignedinteger], query: npt.NDArray[np.unsignedinteger]
) -> npt.NDArray[np.int64]:
    return np.asarray(np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int64))


def _words(codes: Codes) -> npt.NDArray[np.unsignedinteger]:
    """Return the same bits in words of eight bytes where they fill them: fewer to count."""
    whole = np.ascontiguousarray(codes)
    return whole.view(np.uint64) if whole.shape[1] % 8 == 0 else whole


def _check(codes: Codes, queries: Codes) -> None:
    for table in (codes, queries):
        if table.dtype != np.uint8 or table.ndim != 2 or table.shape[1] == 0:
            raise ValueError(f"codes are a uint8 table (n, bytes), got {table.dtype} {table.shape}")
    if codes.shape[1] != queries.shape[1]:
        raise ValueError(f"codes of {codes.shape[1]} and {queries.shape[1]} bytes do not compare")
