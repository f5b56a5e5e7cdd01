"""Heads as torch modules: vectors in, probabilities out."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ml.heads.base import Head
from ml.heads.ensemble import EnsembleHead
from ml.heads.forest import joined
from ml.heads.linear import LinearHead
from ml.heads.trees import RandomForestHead, TreesHead
from ml.portable import NotPortable


def module_of(head: Head) -> nn.Module:
    """Return a module that gives what `head.predict_proba` does, up to float32 rounding."""
    if isinstance(head, LinearHead):
        return LinearNetwork(head)
    if isinstance(head, TreesHead):
        return TreesNetwork(head)
    if isinstance(head, EnsembleHead):
        return MeanNetwork([module_of(member) for member in head.members])
    raise NotPortable(f"Heads of the kind {head.name} cannot be exported.")


def sigmoid(x: Tensor) -> Tensor:
    """As `ml.logits.sigmoid`, step by step: near 1 a temperature makes much of the last bit."""
    small = (-x.abs()).exp()
    return torch.where(x >= 0, torch.ones_like(small), small) / (1 + small)


def has_steps(head: Head) -> bool:
    """Whether the smallest change of a feature may change the answer at once."""
    return isinstance(head, TreesHead)


class LinearNetwork(nn.Module):
    """Weighted sums that become probabilities by softmax, or by a sigmoid each."""

    weights: Tensor
    intercepts: Tensor

    def __init__(self, head: LinearHead) -> None:
        super().__init__()
        self.single = head.kind == "single"
        intercepts = head.intercepts.astype(np.float32)
        if self.single:  # a label that was never seen has probability 0
            intercepts = np.where(head.seen, intercepts, np.float32(-np.inf))
        self.register_buffer("weights", torch.from_numpy(np.ascontiguousarray(head.weights)))
        self.register_buffer("intercepts", torch.from_numpy(intercepts))

    def forward(self, x: Tensor) -> Tensor:
        logits = x @ self.weights + self.intercepts
        return logits.softmax(dim=1) if self.single else sigmoid(logits)


class MeanNetwork(nn.Module):
    """The mean of what several say."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(dim=0)


class TreesNetwork(nn.Module):
    """All trees walked at once, as many steps as the deepest has: a leaf leads to itself.

    Sums are float64, as the head's are.
    Source: Nakandala et al. (2020), A Tensor Compiler for Unified Machine Learning Prediction
    Serving, "tree traversal".
    """

    roots: Tensor
    left: Tensor
    right: Tensor
    feature: Tensor
    threshold: Tensor
    value: Tensor
    base: Tensor
    share: Tensor
    order: Tensor
    rest: Tensor

    def __init__(self, head: TreesHead) -> None:
        super().__init__()
        self.single = head.kind == "single"
        self.shares = isinstance(head, RandomForestHead)  # else logits
        self.groups = len(head.grown)
        unlearned = np.setdiff1d(np.arange(head.n_labels), head.learned)
        order = np.argsort(np.concatenate([head.learned, unlearned]))
        self.unlearned = len(unlearned)  # an empty buffer cannot be written
        self._take({"share": head.share, "order": order})
        if self.unlearned:
            self._take({"rest": head.share[unlearned]})
        if self.groups:
            self._plant(head)

    def _plant(self, head: TreesHead) -> None:
        forest = joined([grown.forest for grown in head.grown])
        if len({len(grown.forest.roots) for grown in head.grown}) > 1:
            raise NotPortable("The labels of this version have different numbers of trees.")
        outputs = len(head.learned) // self.groups
        self.each = len(forest.roots) // self.groups
        self.depth = _depth(forest.left, forest.right, forest.roots)
        self._take({name: getattr(forest, name) for name in ("roots", "left", "right", "feature")})
        base = np.array([grown.base for grown in head.grown])
        values = forest.value[:, -outputs:]
        self._take({"threshold": _down(forest.threshold), "value": values, "base": base})

    def _take(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        for name, array in arrays.items():
            whole = array.astype(np.int64) if array.dtype.kind == "i" else array
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(whole)))

    def forward(self, x: Tensor) -> Tensor:
        proba = self._proba(x)
        if not self.single:
            return proba.float()
        whole = proba.sum(dim=1, keepdim=True)
        sound = torch.where(whole > 0, whole, torch.ones_like(whole))
        return torch.where(whole > 0, proba / sound, self.share).float()

    def _proba(self, x: Tensor) -> Tensor:
        parts = [self._chance(self._sums(x))] if self.groups else []
        if self.unlearned:
            parts.append(torch.zeros_like(x[:, :1], dtype=torch.float64) + self.rest)
        return torch.cat(parts, dim=1)[:, self.order]

    def _chance(self, total: Tensor) -> Tensor:
        return total.clamp(0, 1) if self.shares else sigmoid(total)

    def _sums(self, x: Tensor) -> Tensor:
        """What base and trees add up to, (n, learned labels)."""
        node = torch.zeros_like(x[:, :1], dtype=torch.int64) + self.roots
        for _ in range(self.depth):
            goes_left = x.gather(1, self.feature[node]) <= self.threshold[node]
            node = torch.where(goes_left, self.left[node], self.right[node])
        found = self.value[node]  # (n, trees, outputs)
        if self.groups == 1:
            return found.sum(dim=1) + self.base
        return found[..., 0].reshape(-1, self.groups, self.each).sum(dim=2) + self.base


def _depth(
    left: npt.NDArray[np.integer], right: npt.NDArray[np.integer], roots: npt.NDArray[np.integer]
) -> int:
    """How many steps lead from a root to its farthest leaf."""
    steps, here = 0, np.asarray(roots)
    while True:
        here = here[left[here] != here]
        if not len(here):
            return steps
        here, steps = np.concatenate([left[here], right[here]]), steps + 1


def _down(threshold: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The largest float32 up to each threshold: for float32 features the same question."""
    found = threshold.astype(np.float32)
    above = found > threshold
    return np.where(above, np.nextafter(found, np.float32(-np.inf)), found).astype(np.float32)
