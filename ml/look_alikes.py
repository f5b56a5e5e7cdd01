"""Pairs of images that are nearly the same, found without comparing all with all, and groups."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Ints
from ml.clustering import k_means
from ml.neighbours import unit_rows
from ml.picture_hash import Codes, bits_apart, words
from ml.projection import principal_axes
from ml.threads import one_blas_thread

MOST_BITS = 7  # of 64 by which hashes may differ: one of four bands then differs by one at most
DIFFERENCE = 2  # the difference hash may differ by so many times the bits of the other
BAND = 16  # bits of one band
AT_ONCE = 2_000_000  # candidates compared in one go
CELL = 512  # images that are compared with each other, about
MOST_CELLS = 2048
AXES = 64  # in which candidates are sought

Rows = npt.NDArray[np.float32]


class Pairs(NamedTuple):
    """Two positions each, the smaller first, and how alike they are in (0, 1]. All (n,)."""

    a: Ints
    b: Ints
    alike: Rows

    def at(self, places: npt.NDArray[Any]) -> "Pairs":
        """Return some of the pairs, by position or by mark."""
        return Pairs(self.a[places], self.b[places], self.alike[places])


NONE = Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


# By hash ----------------------------------------------------------------------------------


def hash_pairs(codes: Codes, bits: int = MOST_BITS) -> Pairs:
    """Return the pairs of codes (n, 16) whose perceptual hashes differ by at most `bits`, and
    whose difference hashes differ by at most twice as many.

    bits: at most 7. Codes of zeros, of pictures without shapes, are like nothing. Of many
    equal codes each is paired with the first of them only. `alike` is 1 - bits / 64.
    Every such pair of different codes is found: of four bands of 16 bits one differs by a bit
    at most. Cost grows with the number of images times those in one band.
    Source: Norouzi, Punjani and Fleet (2012), Fast Search in Hamming Space with Multi-Index
        Hashing.
    """
    if not 0 <= bits <= MOST_BITS:
        raise ValueError(f"hashes may differ by 0 to {MOST_BITS} bits, not {bits}")
    kept = np.flatnonzero(codes.any(axis=1))
    table = words(codes[kept])
    different, first, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    copies = np.flatnonzero(first[which] != np.arange(len(kept)))
    found = [_pairs(kept[first[which[copies]]], kept[copies], np.zeros(len(copies)))]
    for a, b in _candidates(different[:, 0]):
        near = bits_apart(different[a, 0], different[b, 0])
        wide = bits_apart(different[a, 1], different[b, 1])
        fits = (near <= bits) & (wide <= DIFFERENCE * bits)
        found.append(_pairs(kept[first[a[fits]]], kept[first[b[fits]]], near[fits]))
    return _once(found)


def _pairs(a: Ints, b: Ints, bits: npt.NDArray[np.number]) -> Pairs:
    alike = (1 - np.asarray(bits) / 64).astype(np.float32)
    return Pairs(np.minimum(a, b), np.maximum(a, b), alike)


def _candidates(hashes: npt.NDArray[np.uint64]) -> Iterator[tuple[Ints, Ints]]:
    """Positions whose hashes share a band, or differ in one bit of it."""
    for number in range(64 // BAND):
        band = ((hashes >> np.uint64(number * BAND)) & np.uint64(2**BAND - 1)).astype(np.int64)
        order = np.argsort(band, kind="stable")
        starts = np.searchsorted(band[order], np.arange(2**BAND + 1))
        for change in (0, *(1 << bit for bit in range(BAND))):
            yield from _joined(order, starts, band[order] ^ change, same=not change)


def _joined(order: Ints, starts: Ints, wanted: Ints, *, same: bool) -> Iterator[tuple[Ints, Ints]]:
    """Each position in `order` beside all whose band is the wanted one; each pair once."""
    first = np.arange(len(order)) + 1 if same else starts[wanted]
    sizes = np.maximum(starts[wanted + 1] - first, 0)
    if not same:  # the other way round finds the same pair
        sizes = np.where(starts[wanted] > np.arange(len(order)), sizes, 0)
    ends = np.cumsum(sizes)
    begin = 0
    while begin < len(order):
        before = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + AT_ONCE, side="right")))
        some = sizes[begin:end]
        if total := int(some.sum()):
            left = np.repeat(np.arange(begin, end), some)
            within = np.arange(total) - np.repeat(np.cumsum(some) - some, some)
            yield order[left], order[np.repeat(first[begin:end], some) + within]
        begin = end


# By embedding -----------------------------------------------------------------------------


@one_blas_thread()
def embedding_pairs(table: npt.ArrayLike, threshold: float, *, seed: int, probes: int = 2) -> Pairs:
    """Return the pairs of rows (n, d) whose cosine similarity exceeds `threshold`.

    table: finite embeddings of one feature set, centred on the pool's mean by the caller;
        float16 or wider. A row of zeros is like nothing. `alike` is the similarity.
    The rows are cut into cells of about 512 by k-means in 64 principal axes; each is compared
    with its own cell and, with `probes` of 2, with the next one. What lies nearer than the
    threshold also lies as near in fewer axes, so inside the cells compared no pair is missed.
    Up to two cells' worth of rows are compared all with all: exact.
    """
    rows = np.asarray(table)
    if rows.ndim != 2 or not 0 < threshold < 1:
        raise ValueError("look-alikes need a table (n, d) and a threshold between 0 and 1")
    if len(rows) < 2:
        return NONE
    short = _shortened(rows, seed)
    reach = 2 - 2 * threshold  # squared distance of rows of length 1
    cells = _cells(short, seed, probes)
    return _once([_within(rows, short, own, others, reach) for own, others in cells])


def _shortened(rows: npt.NDArray[np.floating], seed: int) -> Rows:
    """The rows at length 1, in the axes along which they vary most: (n, <= 64)."""
    axes = principal_axes(rows, AXES, seed).directions
    short = np.empty((len(rows), len(axes)), dtype=np.float32)
    for start in range(0, len(rows), 4096):
        short[start : start + 4096] = unit_rows(rows[start : start + 4096]) @ axes.T
    return short


def _cells(short: Rows, seed: int, probes: int) -> Iterator[tuple[Ints, Ints]]:
    """Positions, and those they are compared with."""
    count = min(MOST_CELLS, len(short) // CELL)
    if count < 2:
        everything = np.arange(len(short))
        yield everything, everything
        return
    groups = k_means(short, count, seed=seed, rounds=5)
    nearest = _nearest_cells(short, groups.centres, probes)
    for cell in range(len(groups.centres)):
        own = np.flatnonzero(nearest[:, 0] == cell)
        if len(own):
            yield own, np.flatnonzero((nearest == cell).any(axis=1))


def _nearest_cells(short: Rows, centres: Rows, probes: int) -> Ints:
    found = np.empty((len(short), min(probes, len(centres))), dtype=np.int64)
    norms = np.einsum("ij,ij->i", centres, centres)
    for start in range(0, len(short), 4096):
        far = norms - 2 * (short[start : start + 4096] @ centres.T)
        some = np.argpartition(far, found.shape[1] - 1, axis=1)[:, : found.shape[1]]
        near = np.take_along_axis(far, some, axis=1).argsort(axis=1)
        found[start : start + 4096] = np.take_along_axis(some, near, axis=1)
    return found


def _within(
    rows: npt.NDArray[np.floating], short: Rows, own: Ints, others: Ints, reach: float
) -> Pairs:
    """The near pairs between two sets of positions; sought in few axes, settled in all."""
    found = [NONE]
    norms = np.einsum("ij,ij->i", short[others], short[others])
    for start in range(0, len(own), 1024):
        mine = own[start : start + 1024]
        gaps = norms - 2 * (short[mine] @ short[others].T)
        gaps += np.einsum("ij,ij->i", short[mine], short[mine])[:, None]
        at, to = np.nonzero(gaps < reach + 1e-4)
        a, b = mine[at], others[to]
        found.append(_settled(rows, a[a != b], b[a != b], reach))
    return _joined_pairs(found)


def _settled(rows: npt.NDArray[np.floating], a: Ints, b: Ints, reach: float) -> Pairs:
    found = [NONE]
    for start in range(0, len(a), 4096):
        left, right = a[start : start + 4096], b[start : start + 4096]
        alike = np.einsum("ij,ij->i", unit_rows(rows[left]), unit_rows(rows[right]))
        near = alike > 1 - reach / 2
        low, high = np.minimum(left, right)[near], np.maximum(left, right)[near]
        found.append(Pairs(low, high, np.minimum(alike[near], 1).astype(np.float32)))
    return _joined_pairs(found)


def _joined_pairs(parts: list[Pairs]) -> Pairs:
    return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _once(parts: list[Pairs]) -> Pairs:
    """Each pair once, in order of positions."""
    found = _joined_pairs([NONE, *parts])
    order = np.lexsort((found.b, found.a))
    a, b = found.a[order], found.b[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    return Pairs(a, b, found.alike[order]).at(new)


# Groups -----------------------------------------------------------------------------------


class Groups(NamedTuple):
    """Group i is rows[starts[i] : starts[i + 1]]; each row after the first is like the first."""

    starts: Ints  # (groups + 1,)
    rows: Ints
    alike: Rows  # with the first of its group; 1 for the first itself


def star_groups(pairs: Pairs) -> Groups:
    """Return groups around the images that are like most others, larger groups first.

    No chains: an image is in a group only if it is like its first one. Each image is in one
    group at most; the first is the one with most look-alikes, of equals the earliest.
    """
    near: dict[int, dict[int, float]] = {}
    for a, b, alike in zip(pairs.a.tolist(), pairs.b.tolist(), pairs.alike.tolist(), strict=True):
        for one, other in ((a, b), (b, a)):
            mine = near.setdefault(one, {})
            mine[other] = max(alike, mine.get(other, 0.0))
    taken: set[int] = set()
    groups: list[list[tuple[int, float]]] = []
    for row in sorted(near, key=lambda row: (-len(near[row]), row)):
        if row in taken:
            continue
        others = [(o, alike) for o, alike in near[row].items() if o not in taken]
        if others:
            group = [(row, 1.0), *sorted(others, key=lambda each: (-each[1], each[0]))]
            taken.update(each for each, _ in group)
            groups.append(group)
    groups.sort(key=lambda group: (-len(group), group[0][0]))
    return _packed(groups)


def _packed(groups: list[list[tuple[int, float]]]) -> Groups:
    flat = [each for group in groups for each in group]
    ends = np.cumsum([0, *(len(group) for group in groups)], dtype=np.int64)
    rows = np.array([row for row, _ in flat], dtype=np.int64)
    return Groups(ends, rows, np.array([alike for _, alike in flat], dtype=np.float32))


def joined(*parts: Pairs) -> Pairs:
    """Return pairs of several kinds as one list; a pair may stand in it more than once."""
    return _joined_pairs([NONE, *parts])
