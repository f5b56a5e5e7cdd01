"""The serving version's answer on every row of a pool: its likeliest label and how sure it is.

Kept in one small file beside the version's shards, written at the end of its round. Filters and
orders over a million images read it; nobody reads the whole table of probabilities for that.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labeler.training import predictions
from labeler.training.models import ModelVersion
from ml import arrays, scores
from ml.arrays import ArrayDamaged

FILE = "answers.npz"
NONE = 65_535  # the model has not scored this row
MOST_KEPT = 4  # versions in one process's memory
AXES = {"label": 1, "confidence": 1, "margin": 1, "entropy": 1}

Half = npt.NDArray[np.float16]


@dataclass(frozen=True)
class AnswersByRow:
    """Arrays of one length, by row; a row beyond their end has not been scored.

    label: column of the likeliest label in `version.label_ids`, NONE where not scored.
    confidence: its probability, in [0, 1].
    margin, entropy: how unsure the model is, in [0, 1], higher means less sure. With several
        labels possible they are those of the label it is least sure about.
    """

    label: npt.NDArray[np.uint16]
    confidence: Half
    margin: Half
    entropy: Half

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.label != NONE, dtype=np.bool_)


_kept: "OrderedDict[tuple[int, int], AnswersByRow]" = OrderedDict()


def of(version: ModelVersion) -> AnswersByRow:
    """The answers of the version; nothing is scored where its predictions are gone."""
    folder = predictions.folder(version)
    key = (version.pk, _stamp(folder))
    if key in _kept:
        return _kept[key]
    found = _read(folder, version)
    key = (version.pk, _stamp(folder))
    if key[1]:  # where nothing is there yet, something may come
        _kept[key] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _stamp(folder: Path) -> int:
    """When the file was written, 0 if it is not there: a pinned version scores its pool anew."""
    try:
        return (folder / FILE).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def write(folder: Path, *, multi: bool) -> AnswersByRow:
    """Work the answers out from the shards in the folder and keep them there."""
    made = _made(folder, multi=multi)
    if folder.is_dir():
        keep(folder, made)
    return made


def keep(folder: Path, made: AnswersByRow) -> None:
    """Store the answers beside the shards they were made of."""
    arrays.write_arrays(folder / FILE, {name: getattr(made, name) for name in AXES})


def _read(folder: Path, version: ModelVersion) -> AnswersByRow:
    try:
        found = arrays.read_arrays(folder / FILE, AXES)
        return AnswersByRow(found["label"].astype(np.uint16), *(found[n] for n in list(AXES)[1:]))
    except (FileNotFoundError, ArrayDamaged):  # of a round before there was such a file
        return write(folder, multi=version.project.is_multi)


def _made(folder: Path, *, multi: bool) -> AnswersByRow:
    numbers = sorted(int(file.stem) for file in folder.glob("*.npy") if file.stem.isdigit())
    made = blank((numbers[-1] + 1) * arrays.SHARD if numbers else 0)
    for number in numbers:
        try:
            table = arrays.read_shard(folder / f"{number}.npy").astype(np.float32)
        except ArrayDamaged:
            continue
        fill(made, number * arrays.SHARD, table, multi=multi)
    return made


def blank(size: int) -> AnswersByRow:
    """Answers of so many rows, none of which is scored."""
    halves = (np.zeros(size, np.float16) for _ in range(3))
    return AnswersByRow(np.full(size, NONE, np.uint16), *halves)


def fill(made: AnswersByRow, first: int, table: npt.NDArray[np.float32], *, multi: bool) -> None:
    """Note the answers of rows first, first + 1, …: the table is (n, n_labels), NaN where there
    is none. Threads may fill different rows."""
    there = np.flatnonzero(~np.isnan(table).any(axis=1))
    table, rows = table[there], there + first
    if not table.size:
        return
    best = table.argmax(axis=1)
    made.label[rows] = best
    made.confidence[rows] = table[np.arange(len(table)), best]
    made.margin[rows], made.entropy[rows] = _doubt(table, multi)


def _doubt(
    table: npt.NDArray[np.float32], multi: bool
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    if multi:
        unsure = (1 - np.abs(2 * table - 1)).max(axis=1)
        p = np.clip(np.abs(table - 0.5).min(axis=1) + 0.5, 0.5, 1 - 1e-7)
        return unsure, -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    if table.shape[1] < 2:
        return np.zeros(len(table), np.float32), np.zeros(len(table), np.float32)
    table = table / table.sum(axis=1, keepdims=True)  # halves do not sum to one quite
    return scores.margin(table), scores.entropy(table)
