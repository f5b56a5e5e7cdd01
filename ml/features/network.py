"""Vectors from the inside of a pretrained network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features.asked import LAST, Asked
from ml.features.base import Embeddings, FeatureSet, Prepared
from ml.features.taps import Taps

if TYPE_CHECKING:
    from torch import Tensor


class Network(FeatureSet):
    """A pretrained network: prepares the picture whole and square, in colour or in grey.

    The picture is squeezed into the square rather than cut, since what matters may
    lie at its edge. grey: colours are taken away first.
    """

    grey: bool

    def preprocess(self, image: Image.Image) -> Prepared:
        if self.grey:
            image = image.convert("L").convert("RGB")
        return squeezed(image, self.size)


class Lite0(Network):
    """EfficientNet-Lite0 on 160 x 160 pixels: its last two stages and its head, joined.

    layers: of "stage1" to "stage7" and "last", the head; without it the network is left
        after the last stage asked for. Joining stages and 160 pixels were measured to be
        the best trade.
    """

    version = "1"
    # Channels of each layer, which become numbers of the vector.
    WIDTHS = {
        "stage1": 16, "stage2": 24, "stage3": 40, "stage4": 80, "stage5": 112, "stage6": 192,
        "stage7": 320, LAST: 1280,
    }  # fmt: skip
    JOINED = ("stage6", "stage7", LAST)
    SIDE = 160

    def __init__(
        self, side: int = SIDE, *, layers: Sequence[str] = JOINED, grey: bool = False
    ) -> None:
        self.layers = tuple(layers)
        if unknown := [layer for layer in self.layers if layer not in self.WIDTHS]:
            raise ValueError(
                f"the network has no layer {unknown[0]!r}; it has {', '.join(self.WIDTHS)}"
            )
        self.side = side
        self.size = (side, side)
        self.grey = grey
        self.dimensions = sum(self.WIDTHS[layer] for layer in self.layers)
        own = None if side == self.SIDE else side
        told = () if self.layers == self.JOINED else self.layers
        self.name = Asked("efficientnet_lite0", told, grey, own).written()

    @property
    def parameters(self) -> Mapping[str, Any]:
        stages = [self.WIDTHS[layer] for layer in self.layers]
        known = {"side": self.side, "stages": stages, "weights": "imagenet"}
        return known | ({"grey": True} if self.grey else {})

    def _vectors(self, batch: Prepared) -> Embeddings:
        import torch

        with torch.inference_mode():
            x = planes(batch).sub_(127.0).div_(128.0)
            return np.asarray(self._network.joined(x, self.layers).numpy())

    @cached_property
    def _network(self) -> Any:
        import torch

        from ml.backbones import efficientnet_lite0

        with torch.random.fork_rng(devices=[]):  # layers are drawn before they get their weights
            return efficientnet_lite0()


class TappedNetwork(Network):
    """Layers of somebody else's network, each averaged over the picture, joined.

    layers: "last" is the last layer but one; any other is a module of the network by its
        path, such as "layer3" of resnet18. Earlier layers see more concrete things.
    """

    layers: tuple[str, ...]

    @cached_property
    def dimensions(self) -> int:  # type: ignore[override]
        return int(self._vectors(np.zeros((1, *self.size[::-1], 3), dtype=np.uint8)).shape[1])

    def _vectors(self, batch: Prepared) -> npt.NDArray[Any]:
        import torch

        tapped, mean, std = self._loaded
        with torch.inference_mode():
            x = planes(batch).div_(255.0).sub_(mean).div_(std)
            return np.asarray(tapped(x).float().numpy())

    @cached_property
    @abstractmethod
    def _loaded(self) -> tuple[Taps, Tensor, Tensor]:
        """The network, and the mean and standard deviation (1, 3, 1, 1) of values in [0, 1]."""


class TorchvisionNetwork(TappedNetwork):
    """Layers of a torchvision classification network, such as "features.5" of
    mobilenet_v3_small; 224 x 224 pixels unless told otherwise."""

    version = "1"
    SIDE = 224

    def __init__(
        self, network: str, side: int = SIDE, *, layers: Sequence[str] = (LAST,), grey: bool = False
    ) -> None:
        self.network = network
        self.layers = tuple(layers)
        self.grey = grey
        self.size = (side, side)
        own = None if side == self.SIDE else side
        told = () if self.layers == (LAST,) else self.layers
        self.name = f"torchvision:{Asked(network, told, grey, own).written()}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "network": self.network,
            "side": self.size[0],
            "layers": list(self.layers),
            "grey": self.grey,
            "weights": "DEFAULT",
        }

    @cached_property
    def _loaded(self) -> tuple[Taps, Tensor, Tensor]:
        import torch

        from ml.backbones import torchvision_network

        with torch.random.fork_rng(devices=[]):
            network, entry = torchvision_network(self.network)
        preset = entry.transforms()
        swin = type(network).__name__ == "SwinTransformer"
        return Taps(network, self.layers, channels_last=swin), *scale(preset.mean, preset.std)


def lite0_set(told: str) -> Lite0:
    """Return the set that "efficientnet_lite0[@STAGE+STAGE][,grey][,PIXELS]" asks for.

    Raises: ValueError for words that are not understood.
    """
    asked = Asked.read(told)
    return Lite0(asked.side or Lite0.SIDE, layers=asked.layers or Lite0.JOINED, grey=asked.grey)


def torchvision_set(told: str) -> TorchvisionNetwork:
    """Return the set that "NETWORK[@LAYER+LAYER][,grey][,PIXELS]" asks for.

    Raises: ValueError for words that are not understood.
    """
    asked = Asked.read(told)
    return TorchvisionNetwork(
        asked.network, asked.side or TorchvisionNetwork.SIDE,
        layers=asked.layers or (LAST,), grey=asked.grey,
    )  # fmt: skip


def squeezed(image: Image.Image, size: tuple[int, int]) -> Prepared:
    """Return the whole picture scaled to one size, (height, width, 3) uint8."""
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(image)


def planes(batch: Prepared) -> Tensor:
    """Return (n, height, width, 3) bytes as a float tensor (n, 3, height, width), channels last."""
    import torch

    # Permuted, the bytes already lie channels last, the layout the convolutions like best.
    return torch.from_numpy(np.ascontiguousarray(batch)).permute(0, 3, 1, 2).float()


def scale(mean: Sequence[float], std: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return three means and three deviations as tensors (1, 3, 1, 1)."""
    import torch

    return torch.tensor(mean).view(1, 3, 1, 1), torch.tensor(std).view(1, 3, 1, 1)
