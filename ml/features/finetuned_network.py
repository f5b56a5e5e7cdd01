"""The network that is tuned: a pretrained body and one linear layer that names the labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ml.features.base import FeatureSet
from ml.features.network import Lite0, TappedNetwork
from ml.heads.linear import LinearHead

LAST = 4  # of so many parts of the layers, the last one learns, unless all do
NEVER_SEEN = -10.0  # intercept of a label without an example: next to impossible


class Body(nn.Module):
    """A pretrained network that gives the vectors of the set it belongs to."""

    def __init__(
        self,
        network: nn.Module,
        vectors: Callable[[Tensor], Tensor],
        mean: Tensor | float,  # of values 0..255, (1, 3, 1, 1) where colours differ
        spread: Tensor | float,
    ) -> None:
        super().__init__()
        self.network = network
        self._vectors = vectors
        self.mean, self.spread = torch.as_tensor(mean), torch.as_tensor(spread)

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, dimensions) for pictures (n, 3, h, w) with values from 0 to 255."""
        return self._vectors((x - self.mean.to(x.device)) / self.spread.to(x.device))


def body(of: FeatureSet) -> Body:
    """Return a fresh copy of the set's network, frozen. Raises WeightsMissing; ValueError."""
    fresh = copy(of)
    for name in ("_network", "_loaded"):  # what it holds already serves others
        fresh.__dict__.pop(name, None)
    if isinstance(fresh, Lite0):
        network = fresh._network
        return Body(network, partial(network.joined, layers=fresh.layers), 127.0, 128.0)
    if isinstance(fresh, TappedNetwork):
        taps, mean, spread = fresh._loaded
        return Body(taps.network, taps, 255 * mean, 255 * spread)
    raise ValueError(f"{of.name} has no network that could be tuned")


def learning(body: Body, size: tuple[int, int], *, every: bool) -> list[str]:
    """Return the names of the parameters that learn, in the order of the layers.

    All that the vectors depend on, or those of the last quarter of the layers: the last
    block of a ResNet, the last three of twelve in a ViT.
    """
    body.requires_grad_(True)
    with torch.enable_grad():
        body(torch.zeros(1, 3, *size[::-1])).sum().backward()  # type: ignore[no-untyped-call]
    used = [(name, value) for name, value in body.named_parameters() if value.grad is not None]
    body.zero_grad()
    body.requires_grad_(False)
    layers = [i for i, (_, value) in enumerate(used) if value.ndim > 1]
    first = 0 if every else layers[-max(1, len(layers) // LAST)]
    return [name for name, _ in used[first:]]


class Tuned(nn.Module):
    """The body, of which some parameters learn, and the layer that names the labels.

    It stays in evaluation mode: batch norms keep the mean and spread they were made with,
    which small batches of a small pool would only spoil, and nothing is dropped out.
    """

    def __init__(self, body: Body, names: Sequence[str], start: LinearHead) -> None:
        super().__init__()
        self.body = body
        self.head = nn.Linear(start.dimensions, start.n_labels)
        bias = np.where(start.seen, start.intercepts, NEVER_SEEN).astype(np.float32)
        self.head.weight.data = torch.from_numpy(np.ascontiguousarray(start.weights.T))
        self.head.bias.data = torch.from_numpy(bias)
        parameters = dict(body.named_parameters())
        self.changing: dict[str, nn.Parameter] = {
            **{name: parameters[name] for name in names},
            **{f"head.{name}": value for name, value in self.head.named_parameters()},
        }
        for value in self.changing.values():
            value.requires_grad_(True)
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, n_labels) for pictures (n, 3, h, w) with values from 0 to 255."""
        logits: Tensor = self.head(self.body(x))
        return logits

    def values(self) -> dict[str, Tensor]:
        """Return a copy of what changes, in main memory."""
        return {name: value.detach().cpu().clone() for name, value in self.changing.items()}

    def take(self, values: dict[str, Tensor]) -> None:
        """Have these values from now on."""
        with torch.no_grad():
            for name, value in self.changing.items():
                value.copy_(values[name])


def varied(x: Tensor, draws: np.random.Generator, *, flip: bool) -> Tensor:
    """Return each picture (n, 3, h, w) of 0..255 a little changed, as other shots would be.

    A window of at least three quarters of each side, half of them mirrored if `flip`, up to a
    fifth brighter or darker, more or less contrast, and a tinge of one colour.
    Source: Krizhevsky, Sutskever and Hinton (2012), section 4.1, in a milder form.
    """

    def drawn(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(draws.uniform(low, high, (len(x), *shape)).astype(np.float32))

    side, across, down = drawn(0.75, 1), drawn(-1, 1), drawn(-1, 1)
    mirrored = torch.where(drawn(0, 1) < 0.5, -1.0, 1.0) if flip else torch.ones(len(x))
    window = torch.zeros(len(x), 2, 3)
    window[:, 0, 0], window[:, 0, 2] = side * mirrored, across * (1 - side)
    window[:, 1, 1], window[:, 1, 2] = side, down * (1 - side)
    light, contrast, tinge = (
        drawn(0.8, 1.2, 1, 1, 1),
        drawn(0.8, 1.2, 1, 1, 1),
        drawn(0.9, 1.1, 3, 1, 1),
    )
    grid = nn.functional.affine_grid(window.to(x.device), list(x.shape), align_corners=False)
    x = nn.functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
    middle = x.mean(dim=(1, 2, 3), keepdim=True)
    x = (x - middle) * contrast.to(x.device) + middle * light.to(x.device)
    return (x * tinge.to(x.device)).clamp_(0, 255)
