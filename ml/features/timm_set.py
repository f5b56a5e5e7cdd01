"""Vectors from the inside of a network of the timm library, which is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ml.features.asked import LAST, Asked
from ml.features.network import TappedNetwork, scale
from ml.features.taps import Taps

if TYPE_CHECKING:
    from torch import Tensor

    from ml.timm_network import Preset


class TimmNetwork(TappedNetwork):
    """Layers of a timm network, such as "layer3" of resnet18 or "blocks.5" of vit_tiny_patch16_224.

    Size, mean and deviation of the pictures are the network's own, as timm knows them, so that
    timm is imported as soon as somebody asks for the size. network: "NETWORK" or "NETWORK.TAG";
        without a tag timm's default weights, which may change with timm. side: pixels.
    untrained: weights drawn at random, for tests alone; no name asks for it.
    """

    version = "1"

    def __init__(
        self, network: str, side: int | None = None, *, layers: Sequence[str] = (LAST,),
        grey: bool = False, untrained: bool = False,
    ) -> None:  # fmt: skip
        self.network = network
        self.layers = tuple(layers)
        self.side = side
        self.grey = grey
        self.untrained = untrained
        told = () if self.layers == (LAST,) else self.layers
        self.name = f"timm:{Asked(network, told, grey, side).written()}"

    @cached_property
    def size(self) -> tuple[int, int]:  # type: ignore[override]
        return (self.side, self.side) if self.side else self._preset.size

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "network": self.network,
            "size": list(self.size),
            "layers": list(self.layers),
            "grey": self.grey,
            "weights": "untrained" if self.untrained else self._preset.tag,
        }

    @cached_property
    def _preset(self) -> Preset:
        from ml.timm_network import preset

        return preset(self.network)

    @cached_property
    def _loaded(self) -> tuple[Taps, Tensor, Tensor]:
        import torch

        from ml.timm_network import timm_network

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # matters to untrained weights only
            network = timm_network(self.network, self.side, untrained=self.untrained)
        last = getattr(network, "output_fmt", "NCHW") == "NHWC"
        return Taps(network, self.layers, channels_last=last), *scale(
            self._preset.mean, self._preset.std
        )


def timm_set(told: str) -> TimmNetwork:
    """Return the set that "NETWORK[.TAG][@LAYER+LAYER][,grey][,PIXELS]" asks for.

    Raises: ValueError for words that are not understood.
    """
    asked = Asked.read(told)
    return TimmNetwork(asked.network, asked.side, layers=asked.layers or (LAST,), grey=asked.grey)
