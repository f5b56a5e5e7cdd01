"""Decision trees as plain arrays, walked by many images at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml.checks import Ints

Values = npt.NDArray[np.float64]

BLOCK_WALKS = 1 << 18  # images x trees walked at once


class Forest(NamedTuple):
    """Trees laid end to end. A leaf leads to itself; other nodes lead to later ones.

    An image goes left where its feature, as float32, is at most the threshold.
    """

    left: Ints  # (nodes,)
    right: Ints  # (nodes,)
    feature: Ints  # (nodes,), 0 at leaves
    threshold: Values  # (nodes,)
    value: Values  # (nodes, outputs)
    roots: Ints  # (trees,)

    def sums(self, x: npt.NDArray[np.float32], first: int = 0, last: int | None = None) -> Values:
        """Return for each row the sum of the values that the trees first..last lead it to.

        x: (n, d). Returns: (n, outputs) float64. Memory stays at a block of walks.
        """
        roots = self.roots[first:last]
        result = np.zeros((len(x), self.value.shape[1]))
        length = max(1, BLOCK_WALKS // max(1, len(roots)))
        for start in range(0, len(x), length):
            block = np.ascontiguousarray(x[start : start + length])
            leaves = self._leaves(block, roots)
            for tree in range(len(roots)):  # in order, so that rounding is the same everywhere
                result[start : start + length] += self.value[leaves[:, tree]]
        return result

    def _leaves(self, block: npt.NDArray[np.float32], roots: Ints) -> Ints:
        node = np.tile(roots, (len(block), 1))
        flat, begin = block.ravel(), np.arange(len(block))[:, None] * block.shape[1]
        while True:
            goes_left = flat[begin + self.feature[node]] <= self.threshold[node]
            after = np.where(goes_left, self.left[node], self.right[node])
            if (after == node).all():
                return node
            node = after

    def is_sound(self, dimensions: int) -> bool:
        """Say whether every walk ends, inside the arrays."""
        nodes = np.arange(len(self.left))
        same = all(len(part) == len(nodes) for part in (self.right, self.feature, self.threshold))
        if not same or len(self.value) != len(nodes) or not np.isfinite(self.value).all():
            return False
        leaf = (self.left == nodes) & (self.right == nodes)
        onward = (self.left > nodes) & (self.right > nodes)
        inside = (self.left < len(nodes)) & (self.right < len(nodes))
        known = (self.feature >= 0) & (self.feature < dimensions)
        rooted = (self.roots >= 0) & (self.roots < len(nodes))
        return bool(((leaf | onward) & inside & known).all() and rooted.all())


def pack(trees: Sequence[Any], factor: float = 1.0) -> Forest:
    """Return scikit-learn's trees (`estimator.tree_`) as arrays, their values times `factor`."""
    sizes = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    parts: list[list[npt.NDArray[Any]]] = [[], [], [], [], []]
    for tree, root in zip(trees, roots, strict=True):
        own = np.arange(tree.node_count) + root
        leaf = tree.children_left < 0
        found = (
            np.where(leaf, own, tree.children_left + root),
            np.where(leaf, own, tree.children_right + root),
            np.where(leaf, 0, tree.feature),
            np.where(leaf, 0.0, tree.threshold),
            tree.value[:, 0, :] * factor,
        )
        for part, array in zip(parts, found, strict=True):
            part.append(array)
    left, right, feature = (np.concatenate(part).astype(np.int32) for part in parts[:3])
    threshold, value = (np.concatenate(part) for part in parts[3:])
    return Forest(left, right, feature, threshold, value, roots)


def joined(forests: Sequence[Forest]) -> Forest:
    """Return several forests with the same outputs as one, their trees in this order."""
    starts = np.cumsum([0, *(len(forest.left) for forest in forests)])[:-1].astype(np.int32)
    moved = [
        forest._replace(
            left=forest.left + start, right=forest.right + start, roots=forest.roots + start
        )
        for forest, start in zip(forests, starts, strict=True)
    ]
    return Forest(*(np.concatenate(parts) for parts in zip(*moved, strict=True)))


def empty(outputs: int = 1) -> Forest:
    """Return a forest without trees."""
    none = np.empty(0, dtype=np.int32)
    zero = np.empty((0, outputs))
    return Forest(none, none, none, zero[:, 0], zero, none.astype(np.int64))
