"""Forests as named arrays, and back."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.heads.base import HeadDamaged
from ml.heads.forest import Forest, empty, joined

PRINT = 32  # bytes of a fingerprint


class Grown(NamedTuple):
    """Trees, what is added to the sum of their values, and what they were grown from."""

    forest: Forest
    base: float
    fingerprint: npt.NDArray[np.uint8]

    def is_sound(self, dimensions: int, outputs: int) -> bool:
        """Say whether every walk ends and gives that many values or more."""
        wide = self.forest.value.ndim == 2 and self.forest.value.shape[1] >= outputs
        return wide and bool(np.isfinite(self.base)) and self.forest.is_sound(dimensions)


def arrays_of(grown: list[Grown]) -> dict[str, npt.NDArray[Any]]:
    """Lay the forests end to end, with what tells them apart."""
    forest = joined([each.forest for each in grown]) if grown else empty()
    prints = [each.fingerprint for each in grown]
    return {
        **forest._asdict(),
        "trees": np.array([len(each.forest.roots) for each in grown], dtype=np.int64),
        "nodes": np.array([len(each.forest.left) for each in grown], dtype=np.int64),
        "base": np.array([each.base for each in grown], dtype=np.float64),
        "fingerprints": np.array(prints, dtype=np.uint8).reshape(-1, PRINT),
    }


def grown_from(arrays: dict[str, npt.NDArray[Any]], groups: int) -> list[Grown]:
    """Cut the arrays into their forests again. Raises HeadDamaged where they do not fit."""
    trees, nodes = arrays["trees"], arrays["nodes"]
    lengths = {len(trees), len(nodes), len(arrays["base"]), len(arrays["fingerprints"])}
    whole = (trees.sum(), nodes.sum()) == (len(arrays["roots"]), len(arrays["left"]))
    if lengths != {groups} or not whole or (trees < 0).any() or (nodes < 0).any():
        raise HeadDamaged("the trees of the head cannot be told apart")
    found = []
    for i, (tree, node) in enumerate(zip(np.cumsum(trees), np.cumsum(nodes), strict=True)):
        mine, start = slice(node - nodes[i], node), node - nodes[i]
        left, right, feature, threshold, value = (
            arrays[name][mine] for name in ("left", "right", "feature", "threshold", "value")
        )
        roots = arrays["roots"][tree - trees[i] : tree] - start
        forest = Forest(left - start, right - start, feature, threshold, value, roots)
        found.append(Grown(forest, float(arrays["base"][i]), arrays["fingerprints"][i]))
    return found
