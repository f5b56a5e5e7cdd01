"""Vectors from the inside of a pretrained network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared

if TYPE_CHECKING:
    from torch import Tensor, nn


class Lite0(FeatureSet):
    """EfficientNet-Lite0 on 160 x 160 pixels: its last two stages and its head, joined.

    The picture is squeezed into the square rather than cut, since what matters may
    lie at its edge. Joining stages and 160 pixels were measured to be the best trade.
    """

    name = "efficientnet_lite0"
    version = "1"
    dimensions = 1792

    def __init__(self, side: int = 160) -> None:
        self.side = side
        self.size = (side, side)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"side": self.side, "stages": [192, 320, 1280], "weights": "imagenet"}

    def preprocess(self, image: Image.Image) -> Prepared:
        return squeezed(image, self.size)

    def embed_batch(self, batch: Prepared) -> Embeddings:
        import torch

        with torch.inference_mode():
            x = planes(batch).sub_(127.0).div_(128.0)
            return np.asarray(self._network.joined(x).numpy())

    @cached_property
    def _network(self) -> Any:
        from ml.backbones import efficientnet_lite0

        return efficientnet_lite0()


class TorchvisionNetwork(FeatureSet):
    """The last layer but one of a torchvision classification network."""

    version = "1"

    def __init__(self, network: str, side: int = 224) -> None:
        self.network = network
        self.name = f"torchvision:{network}"
        self.size = (side, side)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"network": self.network, "side": self.size[0], "weights": "DEFAULT"}

    @cached_property
    def dimensions(self) -> int:  # type: ignore[override]
        return int(self.embed_batch(np.zeros((1, *self.size[::-1], 3), dtype=np.uint8)).shape[1])

    def preprocess(self, image: Image.Image) -> Prepared:
        return squeezed(image, self.size)

    def embed_batch(self, batch: Prepared) -> Embeddings:
        import torch

        network, mean, std = self._loaded
        with torch.inference_mode():
            x = planes(batch).div_(255.0).sub_(mean).div_(std)
            return np.asarray(network(x).flatten(1).float().numpy())

    @cached_property
    def _loaded(self) -> tuple[nn.Module, Tensor, Tensor]:
        import torch

        from ml.backbones import torchvision_network

        network, entry = torchvision_network(self.network)
        preset = entry.transforms()
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preset.mean, preset.std))
        return network, mean, std


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
