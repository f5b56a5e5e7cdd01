"""Find groups of images that are nearly the same, by the code of their pixels and by embedding.

Files of a survey, one for each level of LEVELS: `starts-<level>.npy`, where each group begins;
`rows-<level>.npy`, the rows group by group, the one most are like first; `alike-<level>.npy`, how
like it the others are, in (0, 1].
"""

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labeler.exploring import surveys, vectors
from labeler.exploring.models import Survey
from labeler.exploring.vectors import Vectors
from labeler.projects.models import Project
from labeler.training import picture_codes
from labeler.training.spaces import Space
from labeler.work.leases import Hopeless
from ml import arrays
from ml.look_alikes import NONE, Groups, Pairs, embedding_pairs, hash_pairs, joined, star_groups
from ml.neighbours import unit_rows
from ml.picture_hash import Codes

BY = ("both", "codes", "features")
SEED = 0
SAMPLED = 4096  # images whose mean stands for the pool's
AT_ONCE = 20_000  # images whose codes are made between two notes


class Level(NamedTuple):
    """How like one another images must be: by code at most `bits` of 64 apart, or by embedding,
    around the pool's mean, a cosine above `cosine`."""

    name: str
    bits: int
    cosine: float


LEVELS = (
    Level("exact", 1, 0.99),
    Level("close", 3, 0.97),
    Level("wide", 5, 0.95),
    Level("loose", 7, 0.92),
)
USUAL = 1  # of LEVELS


def make(row: Survey, into: Path) -> dict[str, Any]:
    """Compare the whole pool; what the files hold. Raises Hopeless, LeaseLost, OSError."""
    total = Project.objects.values_list("next_row", flat=True).get(pk=row.project_id)
    if not total:
        raise Hopeless("The pool is empty. Import images first.")
    by = row.options.get("by", "both")
    codes = _codes(row, total) if by != "features" else None
    source = vectors.in_space(row.project, Space(row.features, row.fingerprint))
    surveys.note(row, "comparing", 0, total)
    by_code = hash_pairs(codes, LEVELS[-1].bits) if codes is not None else NONE
    by_vector = _embedding_pairs(source, into) if by != "codes" else NONE
    surveys.note(row, "grouping", total, total)
    found = [_write(into, i, _at(level, by_code, by_vector)) for i, level in enumerate(LEVELS)]
    return {"images": total, "by": by, "levels": found, "embedded": source.count}


def _codes(row: Survey, total: int) -> Codes:
    """The codes of all rows, the missing ones made first."""
    for first in range(0, total, AT_ONCE):
        rows = np.arange(first, min(first + AT_ONCE, total))
        picture_codes.make(row.project, rows, partial(_note, row, first, total))
    return np.concatenate([codes for _, codes in picture_codes.blocks(row.project, total)])


def _note(row: Survey, first: int, total: int, done: int) -> None:
    surveys.note(row, "looking", first + done, total)


def _embedding_pairs(source: Vectors, into: Path) -> Pairs:
    """Pairs at the loosest level, compared around the pool's mean: pictures of one kind all lie
    in one direction, and only what is left beside it tells them apart."""
    if source.count < 2:
        return NONE
    table, rows = _centred(source, into)
    try:
        pairs = embedding_pairs(table, LEVELS[-1].cosine, seed=SEED)
    finally:
        del table
        (into / "vectors.tmp").unlink(missing_ok=True)
    return Pairs(rows[pairs.a], rows[pairs.b], pairs.alike)


def _centred(source: Vectors, into: Path) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.int64]]:
    """The vectors around their mean at length 1, in a file of their own, and their rows."""
    mean, places = _mean(source), []
    shape = (source.count, source.width)
    table = np.memmap(into / "vectors.tmp", dtype=np.float16, mode="w+", shape=shape)
    at = 0
    for first, block in source.blocks():
        there = np.flatnonzero(arrays.present(block))
        table[at : at + len(there)] = unit_rows(np.asarray(block[there], np.float32) - mean)
        places.append(first + there)
        at += len(there)
    return table[:at], np.concatenate(places)


def _mean(source: Vectors) -> npt.NDArray[np.float32]:
    every = max(1, source.count // SAMPLED)
    parts = [np.asarray(block[::every], dtype=np.float32) for _, block in source.blocks()]
    return np.asarray(np.nanmean(np.concatenate(parts), axis=0), dtype=np.float32)


def _at(level: Level, by_code: Pairs, by_vector: Pairs) -> Groups:
    near = by_code.alike >= 1 - level.bits / 64
    close = by_vector.alike > level.cosine
    return star_groups(joined(by_code.at(near), by_vector.at(close)))


def _write(into: Path, level: int, groups: Groups) -> dict[str, Any]:
    np.save(into / f"starts-{level}.npy", groups.starts, allow_pickle=False)
    np.save(into / f"rows-{level}.npy", groups.rows.astype(np.uint32), allow_pickle=False)
    np.save(into / f"alike-{level}.npy", groups.alike.astype(np.float16), allow_pickle=False)
    name, bits, cosine = LEVELS[level]
    n = len(groups.starts) - 1
    return {"name": name, "bits": bits, "cosine": cosine, "groups": n, "images": len(groups.rows)}
