"""Group the images of a pool by how they look to a feature set: k-means, read shard by shard.

Files of a survey: `order.npy`, the rows group by group, each group from its centre out;
`starts.npy`, where each group begins in it; `member.npy`, the group of each row; `distance.npy`,
how far each row is from its centre; `centres.npz`. The largest group is number 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.vectors import Vectors
from labeler.training.spaces import Space
from labeler.work.leases import Hopeless
from ml import arrays
from ml.cluster_count import TRIED, Counts, compare_counts
from ml.clustering import assign
from ml.projection import Axes, principal_axes
from ml.streamed_clusters import mini_batch

FEWEST, MOST = 2, 1_000  # groups
SAMPLE = 20_000  # rows on which centres are first found
COMPARED = 5_000  # rows on which numbers of groups are compared
COUNTS = (*TRIED, 40, 60, 80, 100)  # numbers of groups that are compared
ROWS_PER_GROUP = 20  # more groups than that are not suggested
AXES = 64  # in which groups are sought: in more of them noise decides
NOWHERE = 2**16 - 1  # the group of a row without a vector
SEED = 0

Rows = npt.NDArray[np.float32]


@dataclass
class Grouped:
    """Group and distance of each row so far, in blocks."""

    member: list[npt.NDArray[np.uint16]] = field(default_factory=list)
    distance: list[npt.NDArray[np.float16]] = field(default_factory=list)


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Group every image that has a vector; what the files hold. Raises Hopeless, LeaseLost."""
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    surveys.note(row, "reading", 0, source.rows)
    sample = _sample(source)
    if len(sample) < 2 * FEWEST:
        raise Hopeless("There are too few images with vectors. Import more, or wait for them.")
    axes = principal_axes(sample, AXES, SEED)
    short = axes.apply(sample)
    surveys.note(row, "comparing", 0, source.rows)
    counts = _compare(short)
    k = min(int(row.options.get("k") or suggested(counts)), len(sample))
    surveys.note(row, "grouping", 0, source.rows)
    centres = mini_batch(short, (block for _, block in _blocks(source, axes)), k, seed=SEED)
    grouped = _assigned(row, source, axes, centres)
    sizes = _write(into, grouped, axes, centres)
    return {
        "images": source.rows, "k": len(sizes), "chosen": bool(row.options.get("k")),
        "sizes": sizes, "counts": _told(counts), "suggested": suggested(counts),
    }  # fmt: skip


def suggested(counts: Counts) -> int:
    """The larger of what elbow and silhouette say: too many groups cost a few presses, too few
    mix labels."""
    return max(counts.by_elbow, counts.by_silhouette)


def _sample(source: Vectors) -> Rows:
    """Vectors drawn evenly from every shard, those of unreadable images left out."""
    rng, found = np.random.default_rng(SEED), []
    share = min(1.0, SAMPLE / max(source.count, 1))
    for _, table in source.blocks():
        some = np.sort(rng.permutation(len(table))[: round(share * len(table)) or 1])
        rows = np.asarray(table[some], dtype=np.float32)
        found.append(rows[np.isfinite(rows[:, 0])])
    return np.concatenate(found) if found else np.empty((0, 1), dtype=np.float32)


def _compare(short: Rows) -> Counts:
    rows = short[np.random.default_rng(SEED).permutation(len(short))[:COMPARED]]
    most = max(FEWEST, len(rows) // ROWS_PER_GROUP)
    return compare_counts(rows, seed=SEED, counts=[k for k in COUNTS if k <= most] or [FEWEST])


def _blocks(source: Vectors, axes: Axes) -> Iterator[tuple[npt.NDArray[np.int64], Rows]]:
    """Of each shard the places of the rows with a vector, and these in few axes."""
    for _, table in source.blocks():
        there = np.flatnonzero(arrays.present(table))
        yield there, axes.apply(table[there])


def _assigned(row: Survey, source: Vectors, axes: Axes, centres: Rows) -> Grouped:
    grouped, done = Grouped(), 0
    blocks = zip(source.blocks(), _blocks(source, axes), strict=True)
    for (first, table), (there, block) in blocks:
        gap = first - sum(map(len, grouped.member))  # of a shard that is not done yet
        member = np.full(gap + len(table), NOWHERE, dtype=np.uint16)
        distance = np.full(gap + len(table), np.nan, dtype=np.float16)
        nearest, squared = assign(block, centres)
        member[gap + there] = nearest
        distance[gap + there] = np.minimum(np.sqrt(squared), np.finfo(np.float16).max)
        grouped.member.append(member)
        grouped.distance.append(distance)
        done += len(table)
        surveys.note(row, "grouping", done, source.rows)
    return grouped


def _write(into: Path, grouped: Grouped, axes: Axes, centres: Rows) -> list[int]:
    """The files, groups numbered from the largest; their sizes."""
    member, distance = np.concatenate(grouped.member), np.concatenate(grouped.distance)
    there = member != NOWHERE
    sizes = np.bincount(member[there], minlength=len(centres))
    largest = np.argsort(-sizes, kind="stable")
    largest = largest[sizes[largest] > 0]
    number = np.full(NOWHERE + 1, NOWHERE, dtype=np.uint16)
    number[largest] = np.arange(len(largest))
    member = number[member]
    order = np.lexsort((distance, member))[: int(there.sum())].astype(np.uint32)
    starts = np.concatenate([[0], np.cumsum(sizes[largest])]).astype(np.int64)
    for name, array in (
        ("member", member),
        ("distance", distance),
        ("order", order),
        ("starts", starts),
    ):
        np.save(into / f"{name}.npy", array, allow_pickle=False)
    arrays.write_arrays(
        into / "centres.npz",
        {"centres": centres[largest], "mean": axes.mean, "directions": axes.directions},
    )
    return [int(size) for size in sizes[largest]]


def _told(counts: Counts) -> dict[str, Any]:
    return {
        "k": counts.k.tolist(),
        "inertia": [round(float(value), 5) for value in counts.inertia],
        "silhouette": [round(float(value), 4) for value in counts.silhouette],
        "by_elbow": counts.by_elbow,
        "by_silhouette": counts.by_silhouette,
    }
