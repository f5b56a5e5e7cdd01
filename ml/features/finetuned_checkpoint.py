"""How far tuning is, on disk: after a kill it goes on as if nothing had happened."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.arrays import ArrayDamaged, read_arrays, sha256, write_arrays, write_bytes

FORMAT = 1
FACTS = "checkpoint.json"

log = logging.getLogger(__name__)

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class State:
    """Where tuning stands after `epoch` passes, the best of them being `best_epoch`."""

    epoch: int
    best_epoch: int
    best_loss: float
    history: list[dict[str, float]] = field(default_factory=list)  # losses of each pass
    values: Arrays = field(default_factory=dict)  # of what changes
    best: Arrays = field(default_factory=dict)  # these values after the best pass
    optimizer: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A folder for one state of one lesson. Without a folder nothing is kept.

    facts: plain JSON values that say what is learned and from what; a state that was
    written with others is not read.
    """

    folder: Path | None
    facts: Mapping[str, Any]

    def write(self, state: State) -> None:
        """Keep this state and let go of the one before: at every moment one of them is whole."""
        if self.folder is None:
            return
        name = f"epoch-{state.epoch}.npz"
        groups = {"values": state.values, "best": state.best, "optimizer": state.optimizer}
        arrays = {
            f"{group}/{key}": array for group, of in groups.items() for key, array in of.items()
        }
        told = {
            "format": FORMAT, "facts": self.facts, "epoch": state.epoch,
            "best_epoch": state.best_epoch, "best_loss": state.best_loss,
            "history": state.history, "arrays": name,
            "sha256": write_arrays(self.folder / name, arrays),
        }  # fmt: skip
        write_bytes(self.folder / FACTS, json.dumps(told, indent=1).encode())
        for old in self.folder.glob("epoch-*.npz"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def read(self) -> State | None:
        """Return the state that was kept; None, after a word in the log, if it is of no use."""
        if self.folder is None or not (self.folder / FACTS).exists():
            return None
        try:
            return self._read(self.folder)
        except (ArrayDamaged, OSError, ValueError, KeyError, TypeError) as error:
            log.warning(
                "The checkpoint in %s is of no use (%s): starting over.", self.folder, error
            )
            return None

    def _read(self, folder: Path) -> State:
        told = json.loads((folder / FACTS).read_bytes())
        wanted = json.loads(json.dumps({"format": FORMAT, "facts": self.facts}))
        if {key: told.get(key) for key in wanted} != wanted:
            raise ValueError("it belongs to other labels or another network")
        path = folder / Path(told["arrays"]).name
        if sha256(path) != told["sha256"]:
            raise ValueError(f"{path.name} is not what was written")
        groups: dict[str, Arrays] = {"values": {}, "best": {}, "optimizer": {}}
        for key, array in read_arrays(path).items():
            group, _, name = key.partition("/")
            groups[group][name] = np.asarray(array)
        return State(
            int(told["epoch"]), int(told["best_epoch"]), float(told["best_loss"]),
            list(told["history"]), groups["values"], groups["best"], groups["optimizer"],
        )  # fmt: skip
