"""Images that are nearly the same never stand in one batch: one of them tells as much as all."""

import numpy as np

from labeler.labeling.refill import Ranked
from labeler.projects.models import Project
from labeler.training import picture_codes
from labeler.training.memory import Pool, Rows
from ml.checks import Bools
from ml.neighbours import NEAR_DUPLICATE, unit_rows

BATCH = 100  # images of which no two are alike: as many as are answered between rounds
LOOKED_AT = 2 * BATCH  # the best, among which they are found
SAMPLED = 512  # images whose mean stands for the pool's


def apart(project: Project, pool: Pool, asked: list[Ranked]) -> list[Ranked]:
    """The ranking with look-alikes of better images put behind the first batch."""
    head = asked[:LOOKED_AT]
    if len(head) < 2:
        return asked
    rows = _rows(pool, head)
    alike = _alike(project, pool, rows)
    taken: list[int] = []
    for place in range(len(head)):
        if len(taken) < BATCH and not alike[place, taken].any():
            taken.append(place)
    chosen = set(taken)
    rest = [ranked for place, ranked in enumerate(head) if place not in chosen]
    return [head[place] for place in taken] + rest + asked[LOOKED_AT:]


def _rows(pool: Pool, head: list[Ranked]) -> Rows:
    """The row of each image."""
    wanted = np.array([ranked.image_id for ranked in head])
    there = np.flatnonzero(np.isin(pool.ids, wanted))
    order = np.argsort(pool.ids[there])
    return np.asarray(there[order[np.searchsorted(pool.ids[there], wanted, sorter=order)]])


def _alike(project: Project, pool: Pool, rows: Rows) -> Bools:
    """(n, n): which pairs show nearly the same picture, by code or by embedding."""
    codes = picture_codes.made(project, rows)
    near = picture_codes.near_table(codes, codes, picture_codes.AUDIT_BITS)
    vectors = unit_rows(np.nan_to_num(pool.vectors(rows)) - pool.mean_of(SAMPLED))
    return near | (vectors @ vectors.T > NEAR_DUPLICATE)
