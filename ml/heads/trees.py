"""Random forests and gradient-boosted trees: grown by scikit-learn, kept and walked as arrays."""

import hashlib
import json
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as parse
from safetensors.numpy import save as pack_arrays

from ml.arrays import write_bytes
from ml.checks import Bools, Ints
from ml.heads.base import Head, HeadDamaged, Kind, check_examples, check_weights
from ml.heads.forest import Forest, Values, pack
from ml.heads.imbalance import FEWEST, shares, too_rare
from ml.heads.linear import labels_seen, targets_of
from ml.heads.tree_files import Grown, arrays_of, grown_from

FORMAT = 1


class TreesHead(Head):
    """One forest for each label that can be learned.

    In a multi-label project a label with fewer than three examples or counterexamples is
    `too_rare`: it keeps its share of the answers. A new label trains alone: with `warm`, a
    label whose images, answers and weights are as before takes its trees from the last head.
    """

    joint: ClassVar[bool]  # whether one forest tells all labels apart that exclude each other
    kind: Kind
    too_rare: Bools

    def __init__(
        self,
        grown: list[Grown],
        learned: Ints,
        *,
        share: Values,
        seen: Bools,
        kind: Kind,
        dimensions: int,
    ) -> None:
        self.grown = grown
        self.learned = learned  # rising: the label of each of `grown`, or all those of the only one
        self.share = share  # (n_labels,), predicted where there are no trees
        self.seen = seen
        self.kind = kind
        self.dimensions = dimensions
        self.n_labels = len(share)
        self.converged = True
        self.too_rare = np.full(self.n_labels, kind == "multi")
        self.too_rare[learned] = False

    @classmethod
    @abstractmethod
    def grow(cls, x: npt.NDArray[np.float32], y: Ints, weights: Values, seed: int) -> Any:
        """Return scikit-learn's model, fitted. y: (n,) 0 or 1, or several numbers if `joint`."""

    @classmethod
    @abstractmethod
    def packed(cls, model: Any) -> tuple[Forest, float]:
        """Return the model's trees, and what is added to the sum of their values."""

    @classmethod
    @abstractmethod
    def chance(cls, total: Values) -> Values:
        """Return the probability of yes for what base and trees add up to."""

    @classmethod
    def fit(
        cls,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        n_labels: int,
        sample_weight: npt.ArrayLike | None = None,
        warm: Head | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn from labeled features; see `Head.fit`."""
        rows, answers, kind = check_examples(x, y, n_labels)
        weights = check_weights(sample_weight, len(rows))
        seen = labels_seen(answers, weights, n_labels)
        some = weights > 0
        rows, answers, weights = rows[some], answers[some], weights[some]
        share = shares(answers, weights) if kind == "multi" else seen / seen.sum()
        learned = np.flatnonzero(_can_be_learned(answers, seen))
        known = _known(cls, warm)
        table = hashlib.sha256(rows.tobytes() + weights.tobytes() + str(seed).encode()).digest()
        questions = targets_of(answers, learned).T.astype(np.int64)
        if cls.joint and kind == "single" and len(learned):
            questions = questions.argmax(axis=0)[None]
        grown = [cls._grown(rows, y, weights, seed, table, known) for y in questions]
        return cls(grown, learned, share=share, seen=seen, kind=kind, dimensions=rows.shape[1])

    @classmethod
    def _grown(
        cls,
        rows: npt.NDArray[np.float32],
        y: Ints,
        weights: npt.NDArray[np.float32],
        seed: int,
        table: bytes,
        known: dict[bytes, Grown],
    ) -> Grown:
        mark = hashlib.sha256(table + y.tobytes()).digest()
        if mark in known:
            return known[mark]
        forest, base = cls.packed(cls.grow(rows, y, weights.astype(np.float64), seed))
        return Grown(forest, base, np.frombuffer(mark, dtype=np.uint8))

    def predict_proba(self, x: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return probabilities (n, n_labels) float32; see `Head.predict_proba`."""
        table = np.asarray(x)
        if table.ndim != 2 or table.shape[1] != self.dimensions:
            raise ValueError(f"features must have shape (n, {self.dimensions}), got {table.shape}")
        rows = table.astype(np.float32)
        proba = np.tile(self.share, (len(rows), 1))
        groups = self.learned.reshape(len(self.grown), -1) if self.grown else self.learned
        for labels, (forest, base, _) in zip(groups, self.grown, strict=True):
            total = base + forest.sums(rows)[:, -len(labels) :]  # of no and yes only the yes
            proba[:, labels] = self.chance(total)
        if self.kind == "single":
            total = proba.sum(axis=1, keepdims=True)
            proba = np.where(total > 0, proba / np.where(total > 0, total, 1), self.share)
        return proba.astype(np.float32)

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write `head.safetensors` and `head.json`; return the SHA-256 of each by name."""
        facts = {
            "format": FORMAT,
            "head": self.name,
            "kind": self.kind,
            "dimensions": self.dimensions,
            "labels": self.n_labels,
        }
        arrays = {**arrays_of(self.grown), "learned": self.learned.astype(np.int64)}
        arrays |= {"share": self.share.astype(np.float64), "seen": self.seen}
        files = {
            "head.safetensors": pack_arrays(arrays),
            "head.json": json.dumps(facts, indent=1).encode(),
        }
        return {name: write_bytes(Path(folder) / name, data) for name, data in files.items()}

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what `save` wrote; raises FileNotFoundError or HeadDamaged."""
        try:
            facts = json.loads((Path(folder) / "head.json").read_bytes())
            arrays = parse((Path(folder) / "head.safetensors").read_bytes())
            if (facts["format"], facts["head"]) != (FORMAT, cls.name):
                raise HeadDamaged(f"head.json does not describe a {cls.name} head of this format")
            return cls._from(facts, arrays)
        except (ValueError, KeyError, TypeError, IndexError, SafetensorError) as error:
            raise HeadDamaged(f"the files of the head do not fit together: {error!r}") from error

    @classmethod
    def _from(cls, facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        learned, share, seen = arrays["learned"], arrays["share"], arrays["seen"]
        labels, dimensions, kind = facts["labels"], facts["dimensions"], facts["kind"]
        fits = kind in ("single", "multi") and type(dimensions) is int and dimensions > 0
        fits &= share.shape == seen.shape == (labels,) and bool(np.isfinite(share).all())
        fits &= bool((np.diff(learned) > 0).all() and ((learned >= 0) & (learned < labels)).all())
        if not fits:
            raise HeadDamaged("the arrays of the head do not fit together")
        joint = cls.joint and kind == "single" and len(learned) > 0
        grown = grown_from(arrays, 1 if joint else len(learned))
        outputs = len(learned) if joint else 1
        if not all(each.is_sound(dimensions, outputs) for each in grown):
            raise HeadDamaged("the trees of the head lead nowhere")
        return cls(
            grown, learned, share=share, seen=seen.astype(bool), kind=kind, dimensions=dimensions
        )


class RandomForestHead(TreesHead):
    """Trees on draws of the images, each split among a few features; their shares are averaged.

    Source: Breiman (2001), Random Forests.
    """

    name: ClassVar[str] = "random_forest"
    joint = True

    @classmethod
    def grow(cls, x: npt.NDArray[np.float32], y: Ints, weights: Values, seed: int) -> Any:
        """Return a fitted RandomForestClassifier."""
        from sklearn.ensemble import RandomForestClassifier  # takes seconds to load

        model = RandomForestClassifier(100, min_samples_leaf=2, random_state=seed, n_jobs=1)
        return model.fit(x, y, sample_weight=weights)

    @classmethod
    def packed(cls, model: Any) -> tuple[Forest, float]:
        """Return the trees with the shares in each leaf, divided by their number."""
        trees = [tree.tree_ for tree in model.estimators_]
        return pack(trees, 1 / len(trees)), 0.0

    @classmethod
    def chance(cls, total: Values) -> Values:
        """The mean share is the probability."""
        return np.clip(total, 0, 1)


class BoostedTreesHead(TreesHead):
    """Small trees, each fitted to what those before got wrong.

    Source: Friedman (2001), Greedy function approximation; (2002), Stochastic gradient boosting.
    """

    name: ClassVar[str] = "boosted_trees"
    joint = False

    @classmethod
    def grow(cls, x: npt.NDArray[np.float32], y: Ints, weights: Values, seed: int) -> Any:
        """Return a fitted GradientBoostingClassifier."""
        from sklearn.ensemble import GradientBoostingClassifier

        model = GradientBoostingClassifier(
            n_estimators=100, max_depth=3, subsample=0.7, max_features="sqrt", random_state=seed
        )
        return model.fit(x, y, sample_weight=weights)

    @classmethod
    def packed(cls, model: Any) -> tuple[Forest, float]:
        """Return the trees with their shrunken steps, and the logit of the share of yes."""
        yes = float(model.init_.class_prior_[1])
        trees = [tree.tree_ for tree in model.estimators_[:, 0]]
        return pack(trees, model.learning_rate), float(np.log(yes / (1 - yes)))

    @classmethod
    def chance(cls, total: Values) -> Values:
        """Return 1 / (1 + exp(-x)) without overflow."""
        small = np.exp(-np.abs(total))
        return np.asarray(np.where(total >= 0, 1, small) / (1 + small))


def _can_be_learned(answers: Ints | Bools, seen: Bools) -> Bools:
    if answers.ndim == 2:
        return ~too_rare(answers, FEWEST)
    return np.asarray(seen & (seen.sum() > 1))


def _known(kind: type[TreesHead], warm: Head | None) -> dict[bytes, Grown]:
    """The last head's trees by what they were grown from."""
    if type(warm) is not kind:
        return {}
    return {grown.fingerprint.tobytes(): grown for grown in warm.grown}
