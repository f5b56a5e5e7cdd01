"""What the layers of a network gave on the way, averaged over the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ml.features.asked import LAST

if TYPE_CHECKING:
    from torch import Tensor, nn


class Taps:
    """Runs a network and returns what some of its layers gave on the way.

    channels_last: whether its maps are (n, h, w, d) where their shape does not tell.
    Raises: ValueError for a layer that the network does not have, naming those it has.
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str], *, channels_last: bool = False
    ) -> None:
        self.network = network
        self.layers = layers
        self.channels_last = channels_last
        self._seen: dict[str, Tensor] = {}
        modules = dict(network.named_modules())
        for layer in layers:
            if layer != LAST and layer not in modules:
                known = ", ".join(name for name, _ in network.named_children())
                raise ValueError(f"the network has no layer {layer!r}; it has {LAST}, {known}")
            if layer != LAST:
                modules[layer].register_forward_hook(self._keeper(layer))

    def __call__(self, x: Tensor) -> Tensor:
        """Return (n, d): the layers' means over the picture, side by side in the order asked."""
        import torch

        self._seen.clear()
        self._seen[LAST] = self._pooled(self.network(x))
        try:
            return torch.cat([self._seen[layer] for layer in self.layers], dim=1)
        except KeyError as error:
            raise ValueError(f"the network passes by its layer {error}") from error

    def _pooled(self, output: Tensor) -> Tensor:
        return pooled(output, channels_last=self.channels_last)

    def _keeper(self, layer: str) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if not hasattr(output, "ndim"):
                raise ValueError(f"the layer {layer!r} gives several arrays; take one inside it")
            self._seen[layer] = self._pooled(output)

        return keep


def pooled(output: Tensor, *, channels_last: bool = False) -> Tensor:
    """Return a layer's output as (n, d): the mean over places (n, d, h, w) or tokens (n, t, d)."""
    if output.ndim == 4:
        last = channels_lie_last(tuple(output.shape), unsure=channels_last)
        return output.mean(dim=(1, 2) if last else (2, 3))
    return output.mean(dim=1) if output.ndim == 3 else output.flatten(1)


def channels_lie_last(shape: tuple[int, ...], *, unsure: bool) -> bool:
    """Return whether a map is (n, h, w, d) rather than (n, d, h, w).

    Pictures are square, so two equal sides are the places; `unsure` is the answer where
    all three are equal, or none.
    """
    _, first, second, third = shape
    if (first == second) == (second == third):
        return unsure
    return first == second
