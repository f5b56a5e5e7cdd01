"""Histograms of gradients and colours as a torch module: `ml.features.hog` without numpy."""

import torch
from torch import Tensor, nn

from ml.features.hog import BINS, CLIP, EPSILON, LEVELS, block_weights


class HogNetwork(nn.Module):
    """Takes (n, side, side, 3) of 0..255 and gives what `HogColour` does, step by step alike."""

    weights: Tensor
    bins: Tensor
    colours: Tensor

    def __init__(self, side: int, cell: int) -> None:
        super().__init__()
        self.cell, self.cells = cell, side // cell
        self.pixels = side * side
        self.register_buffer("weights", torch.from_numpy(block_weights(cell, float(cell))))
        self.register_buffer("bins", torch.arange(BINS, dtype=torch.float32))
        self.register_buffer("colours", torch.arange(LEVELS**3, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        colours = self._colours(x) * float(self.cells - 1)
        return torch.cat([self._edges(x), colours], dim=1)

    def _edges(self, x: Tensor) -> Tensor:
        votes = self._votes(*_gradients(x.permute(0, 3, 1, 2).sqrt()))
        cell, cells = self.cell, self.cells
        pixels = votes.reshape(-1, cells, cell, cells, cell, BINS).permute(0, 1, 3, 5, 2, 4)
        parts = pixels.reshape(-1, cell * cell) @ self.weights
        parts = parts.reshape(-1, cells, cells, BINS, 2, 2, 4)
        most = cells - 1
        blocks = (
            parts[:, :most, :most, :, 0, 0] + parts[:, :most, 1:, :, 0, 1]
            + parts[:, 1:, :most, :, 1, 0] + parts[:, 1:, 1:, :, 1, 1]
        )  # fmt: skip
        shaped = blocks.transpose(3, 4).reshape(-1, most * most, 4 * BINS)
        return _normalised(_normalised(shaped).clamp(max=CLIP)).flatten(1)

    def _votes(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the votes of each pixel for each orientation, (n, h, w, 9)."""
        length = (x * x + y * y).sqrt()
        place = torch.atan2(y, x) * (BINS / torch.pi) - 0.5
        low = place.floor()
        share = length * (place - low)
        below = low - BINS * (low / BINS).floor()
        after = torch.where(below >= BINS - 1, below - (BINS - 1), below + 1)
        first = torch.where(below[..., None] == self.bins, (length - share)[..., None], 0.0)
        return first + torch.where(after[..., None] == self.bins, share[..., None], 0.0)

    def _colours(self, x: Tensor) -> Tensor:
        red, green, blue = (x * (LEVELS / 256)).floor().flatten(1, 2).unbind(dim=2)
        colour = (red * LEVELS + green) * LEVELS + blue
        found = (colour[..., None] == self.colours).float().sum(dim=1)
        return (found / self.pixels).sqrt()


def _gradients(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences along x and y, (n, h, w), of the channel that changes most."""
    x = nn.functional.pad(values[..., 2:] - values[..., :-2], (1, 1))
    y = nn.functional.pad(values[..., 2:, :] - values[..., :-2, :], (0, 0, 1, 1))
    size = x * x + y * y
    best = (x[:, 0], y[:, 0], size[:, 0])
    for channel in (1, 2):  # the first of equals, as argmax has it
        more = size[:, channel] > best[2]
        own = (x[:, channel], y[:, channel], size[:, channel])
        best = tuple(torch.where(more, *pair) for pair in zip(own, best, strict=True))  # type: ignore[assignment]
    return best[0], best[1]


def _normalised(blocks: Tensor) -> Tensor:
    length = (blocks * blocks).sum(dim=2, keepdim=True) + EPSILON**2
    return blocks / length.sqrt()
