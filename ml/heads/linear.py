"""What heads share whose decision is a weighted sum of the features."""

import json
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ml.arrays import ArrayDamaged, read_arrays, write_arrays, write_bytes
from ml.checks import Bools, Ints
from ml.halves import widened
from ml.heads.base import Head, HeadDamaged, Kind
from ml.heads.solver import Matrix
from ml.logits import sigmoid, softmax
from ml.threads import one_blas_thread

FORMAT = 1
BLOCK = 4096


class LinearHead(Head):
    """Weights and intercepts; logits become probabilities by softmax, or by a sigmoid each."""

    def __init__(
        self,
        weights: Matrix,
        intercepts: npt.NDArray[np.float32],
        seen: Bools,
        kind: Kind,
        *,
        converged: bool,
        steps: int = 0,
        chosen: dict[str, float] | None = None,
    ) -> None:
        self.weights = weights  # (d, n_labels), for the features as they come
        self.intercepts = intercepts  # (n_labels,)
        self.seen = seen
        self.kind = kind
        self.converged = converged
        self.steps = steps
        self.chosen = chosen or {}  # what the head found out for its next self
        self.dimensions, self.n_labels = weights.shape

    @one_blas_thread()
    def decision(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the logits (n, n_labels) float32; -inf for a label that was never seen in a
        single-label project."""
        table = np.asarray(x)
        if table.ndim != 2 or table.shape[1] != self.dimensions:
            raise ValueError(f"features must have shape (n, {self.dimensions}), got {table.shape}")
        logits = np.empty((len(table), self.n_labels), dtype=np.float32)
        for start in range(0, len(table), BLOCK):
            block = widened(table[start : start + BLOCK])
            np.matmul(block, self.weights, out=logits[start : start + BLOCK])
        logits += self.intercepts
        if self.kind == "single":
            logits[:, ~self.seen] = -np.inf
        return logits

    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return probabilities (n, n_labels) float32; see `Head.predict_proba`."""
        logits = self.decision(x)
        return softmax(logits) if self.kind == "single" else sigmoid(logits)

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write `head.npz` and `head.json`; return the SHA-256 of each by name."""
        facts = {
            "format": FORMAT,
            "head": self.name,
            "kind": self.kind,
            "converged": self.converged,
            "steps": self.steps,
            "dimensions": self.dimensions,
            "labels": self.n_labels,
            "chosen": self.chosen,
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "weights": self.weights,
            "intercepts": self.intercepts,
            "seen": self.seen,
        }
        return {
            "head.npz": write_arrays(Path(folder) / "head.npz", arrays),
            "head.json": write_bytes(
                Path(folder) / "head.json", json.dumps(facts, indent=1).encode()
            ),
        }

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote; raises FileNotFoundError or HeadDamaged."""
        facts = _read_facts(Path(folder) / "head.json", cls.name)
        try:
            arrays = read_arrays(
                Path(folder) / "head.npz", {"weights": 2, "intercepts": 1, "seen": 1}
            )
        except ArrayDamaged as error:
            raise HeadDamaged(str(error)) from error
        _check_arrays(arrays, facts)
        return cls(
            arrays["weights"].astype(np.float32),
            arrays["intercepts"].astype(np.float32),
            arrays["seen"].astype(bool),
            facts["kind"],
            converged=facts["converged"],
            steps=facts["steps"],
            chosen=facts.get("chosen"),
        )


# Fitting ---------------------------------------------------------------------------------


def labels_seen(answers: Ints | Bools, weights: Matrix, n_labels: int) -> Bools:
    """Return which labels have an example of weight above 0, (n_labels,)."""
    counted = weights > 0
    if answers.ndim == 1:
        return np.bincount(answers[counted], minlength=n_labels) > 0
    return np.asarray(answers[counted].any(axis=0))


def targets_of(answers: Ints | Bools, learned: Ints) -> Matrix:
    """Return 1 where an image has a label, 0 elsewhere: (n, len(learned)) float32."""
    if answers.ndim == 1:
        return np.asarray(answers[:, None] == learned, dtype=np.float32)
    return answers[:, learned].astype(np.float32)


def prior_intercepts(kind: Kind, total: float, n_labels: int) -> npt.NDArray[np.float32]:
    """A label nobody has given yet: 1 / (n + 2), Laplace's rule, where labels stand alone."""
    value = -np.log(total + 1) if kind == "multi" else 0.0
    return np.full(n_labels, value, dtype=np.float32)


# Loading ---------------------------------------------------------------------------------


def _read_facts(path: Path, name: str) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_bytes())
    except ValueError as error:
        raise HeadDamaged(f"{path.name} is not JSON") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or facts.get("head") != name:
        raise HeadDamaged(f"{path.name} does not describe a {name} head of format {FORMAT}")
    if (
        facts.get("kind") not in ("single", "multi")
        or type(facts.get("converged")) is not bool
        or type(facts.get("steps")) is not int
        or not _are_numbers(facts.get("chosen", {}))
    ):
        raise HeadDamaged(f"{path.name} lacks a fact or has a wrong one")
    return facts


def _are_numbers(chosen: object) -> bool:
    return isinstance(chosen, dict) and all(type(x) in (int, float) for x in chosen.values())


def _check_arrays(arrays: dict[str, npt.NDArray[Any]], facts: dict[str, Any]) -> None:
    weights = arrays["weights"]
    shape = (facts.get("dimensions"), facts.get("labels"))
    n_labels = weights.shape[1]
    if weights.shape != shape or any(
        arrays[name].shape != (n_labels,) for name in ("intercepts", "seen")
    ):
        raise HeadDamaged("the arrays of the head do not fit together")
    if not (np.isfinite(weights).all() and np.isfinite(arrays["intercepts"]).all()):
        raise HeadDamaged("the head holds values that are not finite")
