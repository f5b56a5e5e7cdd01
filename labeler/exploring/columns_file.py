"""The columns of a pool in a file, so that a process that starts need not read the database."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.pools import storage
from labeler.projects.models import Project
from ml import arrays

Arrays = dict[str, npt.NDArray[Any]]
AXES = {"ids": 1, "states": 1, "splits": 1, "imports": 1, "audit": 1, "answers": 2}


def read(project: Project) -> tuple[str, int, Arrays] | None:
    """The stamp, the newest annotation they know, and the arrays; None without a sound file."""
    try:
        found = arrays.read_arrays(_path(project), AXES | {"stamp": 1, "newest": 1})
    except (FileNotFoundError, arrays.ArrayDamaged):
        return None
    stamp = found["stamp"].astype(np.uint8).tobytes().decode("ascii", "replace")
    return stamp, int(found["newest"][0]), {name: found[name] for name in AXES}


def write(project: Project, stamp: str, newest: int, columns: Mapping[str, Any]) -> None:
    """Keep the arrays; without room on the disk the next process reads the database."""
    told: dict[str, Any] = {
        "stamp": np.frombuffer(stamp.encode("ascii"), dtype=np.uint8),
        "newest": np.array([newest], dtype=np.int64),
    }
    try:
        _path(project).parent.mkdir(parents=True, exist_ok=True)
        arrays.write_arrays(_path(project), told | {name: columns[name] for name in AXES})
    except OSError:
        return


def _path(project: Project) -> Path:
    return storage.arrays_folder(project) / "explore" / "columns.npz"
