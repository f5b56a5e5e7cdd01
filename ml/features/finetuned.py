"""A pretrained network that goes on learning, from the labels people give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, NotFitted, Prepared, Progress, Report
from ml.features.network import Lite0, TappedNetwork

if TYPE_CHECKING:
    from ml.features.finetuned_lesson import Lesson, Pictures
    from ml.features.finetuned_network import Body, Tuned
    from ml.features.finetuned_training import Plan
    from ml.heads.base import Kind
    from ml.heads.linear import LinearHead

RATE, RATE_OF_ALL = 1e-4, 3e-5
AT_FIRST = 2000  # pictures from which the first layer on top is learned


class FineTuned(FeatureSet):
    """Another set's network, its last layers tuned to tell these labels apart.

    A vector is what it is in the other set, and as long; only the network is another.
    `every`: all layers learn, more slowly each. `flip`: mirrored pictures mean the same; not
    so with letters, or left and right. Batch norms stay as they are; the steps are those of
    `finetuned_training`. On a GPU it computes in mixed precision.
    best_epoch: after how many passes it was best; 0 where tuning brought nothing.
    history: the losses of each pass. learned_from: (n,) which of the pictures it saw labels
    of while it learned: it knows those by heart, and only the others can measure it.
    """

    version = "1"
    learns: ClassVar[bool] = True
    learns_from_labels: ClassVar[bool] = True

    def __init__(
        self, of: FeatureSet, *, every: bool = False, epochs: int = 12, patience: int = 5,
        rate: float | None = None, flip: bool = True,
    ) -> None:  # fmt: skip
        if not isinstance(of, Lite0 | TappedNetwork):
            raise ValueError(f"{of.name} has no network that could be tuned")
        if min(epochs, patience) < 1:
            raise ValueError("epochs and patience are at least 1")
        self.of = of
        self.every = every
        self.epochs, self.patience, self.flip = epochs, patience, flip
        self.rate = rate or (RATE_OF_ALL if every else RATE)
        self.name = f"finetuned{'-all' if every else ''}:{of.name}"
        self.size = of.size
        self.best_epoch = 0
        self.history: list[dict[str, float]] = []
        self.learned_from: npt.NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._tuned: dict[str, npt.NDArray[Any]] | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "of": self.of.name,
            "every": self.every,
            "epochs": self.epochs,
            "patience": self.patience,
            "rate": self.rate,
            "flip": self.flip,
        }

    @property
    def fitted(self) -> bool:
        return self._tuned is not None

    @cached_property
    def dimensions(self) -> int:  # type: ignore[override]
        return self.of.dimensions

    def preprocess(self, image: Image.Image) -> Prepared:
        return self.of.preprocess(image)

    # Learning ----------------------------------------------------------------------------

    def fit(
        self, images: Iterable[Image.Image], *, seed: int = 0, report: Report | None = None
    ) -> Self:
        """Refuse: pictures alone teach this set nothing. Raises: ValueError."""
        raise ValueError(f"{self.name} learns from labels: call fit_labeled with images and labels")

    def fit_labeled(
        self,
        images: Pictures,
        labels: npt.ArrayLike,
        *,
        n_labels: int,
        kind: Kind = "single",
        seed: int = 0,
        report: Report | None = None,
        checkpoint: Path | str | None = None,
    ) -> Self:
        """Learn to tell the labels apart and return the set itself.

        images: n RGB pictures, at best a sequence that opens each when it is asked for; None
            for one that cannot be read. Memory does not grow with their number.
        labels: label numbers (n,) for "single", marks (n, n_labels) of 0 and 1 for "multi".
        checkpoint: a folder of its own. What was learned lies there after every pass, and
            the same call goes on from there, to the result it would have had at once (on one
            CPU and seed). A damaged one, or one of other labels, is started over.
        report: may raise to stop; at stage "learning" nothing of the pass is lost.
        Raises: ValueError for fewer than 20 pictures or labels that are all the same;
            WeightsMissing.
        """
        from ml.features.finetuned_lesson import lesson

        found = lesson(labels, n_labels, kind, seed)
        if len(images) != len(found):
            raise ValueError(f"{len(images)} images but labels of {len(found)}")
        self._learn(images, found, report, Path(checkpoint) if checkpoint else None)
        self.learned_from = ~found.held_out
        return self

    def _learn(
        self, images: Pictures, found: Lesson, report: Report | None, folder: Path | None
    ) -> None:
        import torch

        from ml.features.finetuned_checkpoint import Checkpoint
        from ml.features.finetuned_training import Course, best_device

        checkpoint = Checkpoint(folder, {**self._facts(), "lesson": found.digest})
        kept = checkpoint.read()
        with torch.enable_grad():
            model = self._model(images, found, report, started=kept is not None)
            model.to(best_device())
            course = Course(self.of, model, images, found, self._plan(found.seed), report)
            state = course.taken(checkpoint, kept)
        self.best_epoch, self.history = state.best_epoch, state.history
        self._take({name: v for name, v in state.best.items() if not name.startswith("head.")})

    def _plan(self, seed: int) -> Plan:
        from ml.features.finetuned_training import Plan

        return Plan(self.epochs, self.patience, self.rate, self.flip, seed)

    def _model(
        self, images: Pictures, found: Lesson, report: Report | None, *, started: bool
    ) -> Tuned:
        """The network as it is before it learns, and on top the best layer for it."""
        import torch

        from ml.features.finetuned_network import Tuned

        body, names = self._fresh()
        first = _empty(self.dimensions, found) if started else self._first(images, found, report)
        with torch.random.fork_rng(devices=[]):  # layers are drawn before they get their weights
            return Tuned(body, names, first)

    def _fresh(self) -> tuple[Body, list[str]]:
        """The other set's network, and the names of what learns in it."""
        import torch

        from ml.features.finetuned_network import body, learning

        with torch.random.fork_rng(devices=[]):
            found = body(self.of)
        return found, learning(found, self.size, every=self.every)

    def _first(self, images: Pictures, found: Lesson, report: Report | None) -> LinearHead:
        """Logistic regression on the other set's vectors."""
        from ml.features.finetuned_lesson import batches
        from ml.heads.logistic import LogisticHead

        learned = np.random.default_rng(found.seed).permutation(np.flatnonzero(~found.held_out))
        rows, seen = [], []
        for positions, prepared in batches(self.of, images, learned[:AT_FIRST], 32):
            rows.append(self.of.embed_batch(prepared))
            seen.append(positions)
            if report:
                report(Progress("reading", sum(map(len, seen)), len(learned[:AT_FIRST])))
        if not rows:
            raise ValueError("none of the images can be read")
        at = np.concatenate(seen)
        return LogisticHead.fit(
            np.concatenate(rows), found.answers[at], n_labels=found.n_labels,
            sample_weight=found.weights[at],
        )  # fmt: skip

    # Embedding ---------------------------------------------------------------------------

    def _vectors(self, batch: Prepared) -> Embeddings:
        import torch

        from ml.features.network import planes

        with torch.inference_mode():
            return np.asarray(self._network(planes(batch)).float().numpy())

    @cached_property
    def _network(self) -> Body:
        import torch

        body, names = self._fresh()
        assert self._tuned is not None
        if sorted(names) != sorted(self._tuned):
            raise ValueError("they belong to another network")
        parameters = dict(body.named_parameters())
        with torch.no_grad():
            for name in names:
                value = torch.from_numpy(self._tuned[name])
                if value.shape != parameters[name].shape:
                    raise ValueError(f"{name} has shape {tuple(value.shape)}")
                parameters[name].copy_(value)
        return body

    def _check_fitted(self) -> None:
        if not self.fitted:
            raise NotFitted(f"{self.name} learns from labels: call fit_labeled first")

    def _facts(self) -> dict[str, Any]:
        below: Mapping[str, Any] = self.of._facts()
        return super()._facts() | {"of": below}

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        assert self._tuned is not None
        return self._tuned

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._tuned = {name: array.astype(np.float32) for name, array in arrays.items()}
        self.__dict__.pop("_network", None)
        _ = self._network  # says at once if they do not fit


def _empty(dimensions: int, found: Lesson) -> LinearHead:
    """A layer whose numbers do not matter: a checkpoint brings them."""
    from ml.heads.logistic import LogisticHead

    return LogisticHead(
        np.zeros((dimensions, found.n_labels), dtype=np.float32),
        np.zeros(found.n_labels, dtype=np.float32),
        np.ones(found.n_labels, dtype=bool), found.kind, converged=True,
    )  # fmt: skip
