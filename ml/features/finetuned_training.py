"""How a pretrained network learns from labels; imports torch, so only when needed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ml.features.base import FeatureSet, Prepared, Progress, Report
from ml.features.finetuned_checkpoint import Arrays, Checkpoint, State
from ml.features.finetuned_lesson import Lesson, Pictures, batches
from ml.features.finetuned_network import Tuned, varied
from ml.features.network import planes

BATCH, SMALLEST = 32, 8  # pictures per step; fewer where labels are few: steps must not be too few
MOST = 2000  # pictures of one pass, and of one look at what is kept apart: it bounds both in time
WARM_UP = 0.05  # share of the steps in which the rate rises
DECAY = 1e-4
GAIN = 0.999  # a pass is better if the held-out loss falls below this share of the best

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """How long and how boldly to learn: `epochs` passes at most, `patience` of them in vain."""

    epochs: int
    patience: int
    rate: float
    flip: bool
    seed: int


@dataclass(frozen=True)
class Course:
    """One network learning one lesson.

    pictures: n, opened when they are asked for. Source of the way it learns: Loshchilov and
    Hutter (2019), AdamW; (2017) cosine annealing; Kumar et al. (2022), Fine-Tuning can Distort
    Pretrained Features: a linear layer first, then the network below it.
    """

    of: FeatureSet
    model: Tuned
    pictures: Pictures
    lesson: Lesson
    plan: Plan
    report: Report | None

    def taken(self, checkpoint: Checkpoint, kept: State | None) -> State:
        """Learn, from where `kept` left off, until it gets no better; the model ends at its best.

        A state is kept after every pass, and only then told of: `report` may raise to end it.
        """
        optimizer = torch.optim.AdamW(
            self.model.changing.values(), lr=self.plan.rate, weight_decay=DECAY
        )
        state = kept or self._begun(checkpoint)
        self.model.take(_tensors(state.values))
        _restore(optimizer, self.model, state.optimizer)
        while not self._over(state):
            trained = self._pass(optimizer, state.epoch)
            state = self._after(state, trained, optimizer)
            checkpoint.write(state)
            if self.report:
                done = Progress("learning", state.epoch, self.plan.epochs, state.history[-1])
                self.report(done)
        self.model.take(_tensors(state.best))
        return state

    def _begun(self, checkpoint: Checkpoint) -> State:
        values = _arrays(self.model.values())
        state = State(0, 0, self._held_out_loss(), [], values, values)
        checkpoint.write(state)
        return state

    def _over(self, state: State) -> bool:
        vain = state.epoch - state.best_epoch
        return state.epoch >= self.plan.epochs or vain >= self.plan.patience

    def _after(self, state: State, trained: float, optimizer: torch.optim.Optimizer) -> State:
        tested = self._held_out_loss()
        values = _arrays(self.model.values())
        state = replace(
            state, epoch=state.epoch + 1, values=values, optimizer=_kept(optimizer, self.model),
            history=[*state.history, {"training": trained, "held_out": tested}],
        )  # fmt: skip
        if tested < state.best_loss * GAIN:
            return replace(state, best_epoch=state.epoch, best_loss=tested, best=values)
        return state

    # One pass ------------------------------------------------------------------------------

    def _pass(self, optimizer: torch.optim.Optimizer, epoch: int) -> float:
        """Learn from each picture once, at most MOST of them, and return the mean loss.

        All that is random is drawn from the seed and the pass: going on is like never stopping.
        """
        draws = np.random.default_rng([self.plan.seed, epoch])
        order = draws.permutation(np.flatnonzero(~self.lesson.held_out))[:MOST]
        size = min(BATCH, max(SMALLEST, len(order) // 20))
        steps = math.ceil(len(order) / size)
        total, seen = 0.0, 0
        for number, (positions, x) in enumerate(self._batches(order, size)):
            share = (epoch * steps + number + 1) / (self.plan.epochs * steps)
            for group in optimizer.param_groups:
                group["lr"] = self.plan.rate * schedule(share)
            optimizer.zero_grad()
            loss = self._loss(varied(x, draws, flip=self.plan.flip), positions)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total, seen = total + loss.item() * len(x), seen + len(x)
            self._told(seen, len(order))
        return total / max(seen, 1)

    def _held_out_loss(self) -> float:
        """The loss on what is kept apart; 0 where nothing of it can be read."""
        total, seen = 0.0, 0
        order = np.flatnonzero(self.lesson.held_out)[:MOST]
        with torch.no_grad():
            for positions, x in self._batches(order, BATCH):
                total, seen = total + self._loss(x, positions).item() * len(x), seen + len(x)
                self._told(seen, len(order))
        return total / max(seen, 1)

    def _told(self, seen: int, total: int) -> None:
        if self.report:
            self.report(Progress("reading", seen, total))

    def _batches(self, order: Positions, size: int) -> Iterator[tuple[Positions, Tensor]]:
        for positions, prepared in batches(self.of, self.pictures, order, size):
            yield positions, on(self.device, prepared)

    @property
    def device(self) -> torch.device:
        return self.model.head.weight.device

    def _loss(self, x: Tensor, positions: Positions) -> Tensor:
        """The mean loss of some pictures, each weighed as its label is rare."""
        with half(self.device):
            logits = self.model(x)
        y = torch.from_numpy(self.lesson.answers[positions].astype(np.int64)).to(self.device)
        weights = torch.from_numpy(self.lesson.weights[positions]).to(self.device)
        if self.lesson.kind == "single":
            each = nn.functional.cross_entropy(logits.float(), y, reduction="none")
        else:
            each = nn.functional.binary_cross_entropy_with_logits(
                logits.float(), y.float(), reduction="none"
            ).mean(dim=1)
        return (each * weights).mean()


def schedule(share: float) -> float:
    """The rate, 0 to 1, after this share of all steps: up in a straight line, down a cosine."""
    if share < WARM_UP:
        return share / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (share - WARM_UP) / (1 - WARM_UP)))


# Devices ---------------------------------------------------------------------------------


def best_device() -> torch.device:
    """The GPU, if there is one that torch can use."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half(device: torch.device) -> AbstractContextManager[Any]:
    """Products in bfloat16 on a GPU, where that is twice as fast; float32 elsewhere."""
    if device.type != "cuda":
        return nullcontext()
    return torch.autocast("cuda", dtype=torch.bfloat16)


def on(device: torch.device, prepared: Prepared) -> Tensor:
    """Prepared pictures as floats (n, 3, h, w) of 0..255 on the device."""
    return planes(prepared).to(device)


# Numbers that a checkpoint keeps ----------------------------------------------------------


def _arrays(values: dict[str, Tensor]) -> Arrays:
    return {name: value.numpy() for name, value in values.items()}


def _tensors(arrays: Arrays) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _kept(optimizer: torch.optim.Optimizer, model: Tuned) -> Arrays:
    return {
        f"{name}/{key}": value.detach().cpu().clone().numpy()
        for name, parameter in model.changing.items()
        for key, value in optimizer.state[parameter].items()
    }


def _restore(optimizer: torch.optim.Optimizer, model: Tuned, kept: Arrays) -> None:
    for name_and_key, array in kept.items():
        name, _, key = name_and_key.rpartition("/")
        parameter = model.changing[name]
        value = torch.from_numpy(array)
        optimizer.state[parameter][key] = value if key == "step" else value.to(parameter.device)
