"""Short codes of the pool's pictures, in files by shard: which ones are nearly the same.

Embeddings overlook some copies and take others for copies that are none; a code made of the
pixels is a second opinion. Codes are made once per image, when somebody first needs them.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Project
from ml import arrays
from ml.arrays import SHARD, ArrayDamaged
from ml.images import ImageRefused, open_image
from ml.look_alikes import DIFFERENCE
from ml.picture_hash import BYTES, Codes, bits_apart, picture_code, words

log = logging.getLogger(__name__)

VERSION = 1
AUDIT_BITS = 3  # of 64: on real sets no two different pictures were as near
MOST_PER_ROUND = 400  # codes made while a round waits; the rest comes with the next ones
STEP = 256
DECODERS = 2
ENOUGH = (64, 64)  # pixels that a code needs

Rows = npt.NDArray[np.int64]
Done = npt.NDArray[np.bool_]


def read(project: Project, rows: Rows) -> tuple[Codes, Done]:
    """The codes of these rows, (n, 16) uint8, and whether they were made; zeros where not."""
    codes, done = np.zeros((len(rows), BYTES), dtype=np.uint8), np.zeros(len(rows), dtype=bool)
    for number in np.unique(rows // SHARD).tolist():
        kept, made = _shard(project, number)
        here = np.flatnonzero(rows // SHARD == number)
        at = rows[here] % SHARD
        codes[here], done[here] = kept[at], made[at]
    return codes, done


def make(project: Project, rows: Rows, progress: Callable[[int], None] = lambda done: None) -> None:
    """Make the codes of these rows where they are missing; progress hears how many are there."""
    there = 0
    for number in np.unique(rows // SHARD).tolist():
        mine = np.unique(rows[rows // SHARD == number] % SHARD)
        codes, done = _shard(project, number)
        missing = mine[~done[mine]]
        there += len(mine) - len(missing)
        for start in range(0, len(missing), STEP):
            some = missing[start : start + STEP]
            codes[some], done[some] = _coded(project, number * SHARD + some), True
            progress(there + start + len(some))
        if len(missing):
            _keep(project, number, codes, done)
        there += len(missing)


def made(project: Project, rows: Rows) -> Codes:
    """The codes of these rows, (n, 16), a few hundred missing ones made now; zeros for the rest.

    For rounds, which somebody waits for: where the pictures cannot be read, rounds go on.
    """
    _, done = read(project, rows)
    try:
        make(project, rows[~done][:MOST_PER_ROUND])
    except OSError as error:
        log.warning("Pictures of project %s could not be compared: %s", project.pk, error)
    return read(project, rows)[0]


def like_audit(project: Project, rows: Rows, audit: Rows) -> Done:
    """Which of the rows show, by their codes, the same picture as one of the audit rows."""
    codes = made(project, np.concatenate([audit, rows]))
    return near_any(codes[len(audit) :], codes[: len(audit)], AUDIT_BITS)


@dataclass
class Compared:
    """What a worker keeps of `like_audit` from one round to the next: answers come a few at a time,
    and reading the codes of tens of thousands takes longer than a round."""

    audit: bytes = b""  # the rows that `known` was compared with
    known: dict[int, bool] = field(default_factory=dict)

    def like_audit(self, project: Project, rows: Rows, audit: Rows) -> Done:
        """As the function of that name."""
        if audit.tobytes() != self.audit:
            self.audit, self.known = audit.tobytes(), {}
        new = np.array([row for row in rows.tolist() if row not in self.known], dtype=np.int64)
        near = dict(zip(new.tolist(), like_audit(project, new, audit).tolist(), strict=True))
        done = read(project, new)[1]
        if read(project, audit)[1].all():  # else what is compared next round may be near
            self.known.update((row, near[row]) for row in new[done].tolist())
        return np.array([near.get(row, self.known.get(row)) for row in rows.tolist()], dtype=bool)


def near_any(codes: Codes, others: Codes, bits: int) -> Done:
    """Which codes (n, 16) differ from one of the others by at most `bits`; empty ones do not."""
    near = np.zeros(len(codes), dtype=bool)
    for start in range(0, len(codes), 1024):
        near[start : start + 1024] = near_table(codes[start : start + 1024], others, bits).any(1)
    return near


def near_table(codes: Codes, others: Codes, bits: int) -> Done:
    """Which pairs of codes (n, 16) and (m, 16) differ by at most `bits`, (n, m); empty ones
    are near nothing."""
    table, known = words(codes)[:, None], words(others)[None]
    near = bits_apart(table[..., 0], known[..., 0]) <= bits
    near &= bits_apart(table[..., 1], known[..., 1]) <= DIFFERENCE * bits
    near &= np.any(codes, axis=1, keepdims=True)
    return np.asarray(near & np.any(others, axis=1))


def _coded(project: Project, rows: Rows) -> Codes:
    """The codes of the pictures in these rows; zeros where there is none, or none to be read."""
    images = {
        image.row: image for image in Image.objects.filter(project=project, row__in=rows.tolist())
    }
    with ThreadPoolExecutor(DECODERS) as pool:
        return np.stack(list(pool.map(_code, (images.get(row) for row in rows.tolist()))))


def _code(image: Image | None) -> Codes:
    nothing = np.zeros(BYTES, dtype=np.uint8)
    if image is None:
        return nothing
    try:
        return picture_code(open_image(storage.local_file(image, "thumb"), at_least=ENOUGH))
    except (FileNotFoundError, ImageRefused):
        return nothing


def _path(project: Project, number: int) -> Path:
    return storage.arrays_folder(project) / "codes" / f"{number}-{VERSION}.npz"


def _shard(project: Project, number: int) -> tuple[Codes, Done]:
    """The shard's codes and which of them were made; none where the file is missing or broken."""
    try:
        found = arrays.read_arrays(_path(project, number), {"codes": 2, "done": 1})
        codes, done = found["codes"], found["done"]
        if codes.shape == (SHARD, BYTES) and codes.dtype == np.uint8 and done.shape == (SHARD,):
            return codes, done.astype(bool)
    except (FileNotFoundError, ArrayDamaged):
        pass
    return np.zeros((SHARD, BYTES), dtype=np.uint8), np.zeros(SHARD, dtype=bool)


def _keep(project: Project, number: int, codes: Codes, done: Done) -> None:
    arrays.write_arrays(_path(project, number), {"codes": codes, "done": done})


def blocks(project: Project, total: int) -> Iterator[tuple[int, Codes]]:
    """The codes of the first `total` rows, shard by shard, each with its first row."""
    for first in range(0, total, SHARD):
        yield first, _shard(project, first // SHARD)[0][: total - first]
