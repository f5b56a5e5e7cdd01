"""The network of the autoencoder and how it learns; imports torch, so only when needed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ml.features.base import Progress, Report

BATCH = 64  # pictures per step; fewer where the pool is small, so that steps are not too few
SMALLEST = 8
RATE = 2e-3
NOISE = 0.1  # spread of a pixel value around its reconstruction, for the variational form
GAIN = 0.999  # a pass is better if the held-out loss falls below this share of the best


@dataclass(frozen=True)
class Training:
    """How long to learn: at most `epochs` passes, and no more than `patience` in vain."""

    epochs: int
    patience: int
    seed: int
    held_out: float = 0.1


class Network(nn.Module):
    """Four convolutions that halve the picture down to a code, and four that undo it.

    Takes and gives (n, channels, side, side) in [0, 1]; the side is a multiple of 16. Its last
    layer is linear: a sigmoid was seen to get stuck at black on dark pictures.
    A variational network also says how sure it is of each number of the code.
    """

    def __init__(
        self, side: int, channels: int, dimensions: int, width: int, *, variational: bool
    ) -> None:
        super().__init__()
        self.variational = variational
        self.dimensions = dimensions
        widths = [channels, width, 2 * width, 4 * width, 8 * width]
        small = side // 16
        inner = widths[-1] * small * small
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for first, second in pairwise(widths):
            down += [nn.Conv2d(first, second, 4, stride=2, padding=1), nn.LeakyReLU(0.1)]
            back = nn.ConvTranspose2d(second, first, 4, stride=2, padding=1)
            up = [back, nn.LeakyReLU(0.1), *up]
        code = dimensions * (2 if variational else 1)
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(inner, code))
        self.decoder = nn.Sequential(
            nn.Linear(dimensions, inner), nn.LeakyReLU(0.1),
            nn.Unflatten(1, (widths[-1], small, small)), *up[:-1],
        )  # fmt: skip

    def code(self, x: Tensor) -> Tensor:
        """Return the codes (n, dimensions); of a variational network the likeliest ones."""
        found: Tensor = self.encoder(x)
        return found[:, : self.dimensions]

    def decode(self, code: Tensor) -> Tensor:
        """Return the pictures (n, channels, side, side) that codes stand for."""
        picture: Tensor = self.decoder(code)
        return picture

    def loss(self, x: Tensor, noise: torch.Generator | None) -> Tensor:
        """Return the mean squared error per value, plus what a variational code costs.

        noise: draws the variational codes; without it they are the likeliest ones.
        Source: Kingma and Welling (2014), Auto-Encoding Variational Bayes, equation 10, divided
        by the number of values and multiplied by twice the squared NOISE.
        """
        found = self.encoder(x)
        if not self.variational:
            return nn.functional.mse_loss(self.decode(found), x)
        mean, spread = found.chunk(2, dim=1)
        spread = spread.clamp(-10, 10)  # logarithm of the variance
        drawn = mean
        if noise is not None:
            drawn = mean + (0.5 * spread).exp() * torch.randn(mean.shape, generator=noise)
        error = nn.functional.mse_loss(self.decode(drawn), x)
        price = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(dim=1).mean()
        return torch.add(error, price, alpha=2 * NOISE**2 / x[0].numel())


def learned(network: Network, pictures: Tensor, plan: Training, report: Report | None) -> int:
    """Train the network in place and return after how many passes it was best.

    pictures: (n >= 2, channels, side, side) uint8. A tenth, at least one, is held out; the
    network ends with the weights that did best on it.
    Source: Kingma and Ba (2015), Adam.
    """
    draws = torch.Generator().manual_seed(plan.seed)
    order = torch.randperm(len(pictures), generator=draws)
    apart = max(1, int(len(pictures) * plan.held_out))
    held_out, rest = pictures[order[:apart]], pictures[order[apart:]]
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    best, best_epoch, kept = float("inf"), 0, copy.deepcopy(network.state_dict())
    for epoch in range(1, plan.epochs + 1):
        trained = _pass(network, rest, optimizer, draws)
        tested = _held_out_loss(network, held_out)
        if report:
            losses = {"training": trained, "held_out": tested}
            report(Progress("learning", epoch, plan.epochs, losses))
        if tested < best * GAIN:
            best, best_epoch, kept = tested, epoch, copy.deepcopy(network.state_dict())
        elif epoch - best_epoch >= plan.patience:
            break
    network.load_state_dict(kept)
    return best_epoch


def _pass(
    network: Network, pictures: Tensor, optimizer: torch.optim.Optimizer, draws: torch.Generator
) -> float:
    """Learn from each picture once, in a random order; return the mean loss."""
    total = 0.0
    network.train()
    size = min(BATCH, max(SMALLEST, len(pictures) // 20))
    order = torch.randperm(len(pictures), generator=draws)
    for batch in _batches(pictures[order], size):
        optimizer.zero_grad()
        loss = network.loss(batch, draws)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += loss.item() * len(batch)
    network.eval()
    return total / len(pictures)


def _held_out_loss(network: Network, pictures: Tensor) -> float:
    with torch.inference_mode():
        total = sum(network.loss(x, None).item() * len(x) for x in _batches(pictures, BATCH))
    return total / len(pictures)


def _batches(pictures: Tensor, size: int) -> Iterator[Tensor]:
    for start in range(0, len(pictures), size):
        yield pictures[start : start + size].float().div_(255)
