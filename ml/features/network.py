"""Vectors from the inside of a pretrained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared

if TYPE_CHECKING:
    from torch import Tensor, nn

LAST = "last"  # what the network's classifier sees


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

    def _vectors(self, batch: Prepared) -> Embeddings:
        import torch

        with torch.inference_mode():
            x = planes(batch).sub_(127.0).div_(128.0)
            return np.asarray(self._network.joined(x).numpy())

    @cached_property
    def _network(self) -> Any:
        import torch

        from ml.backbones import efficientnet_lite0

        with torch.random.fork_rng(devices=[]):  # layers are drawn before they get their weights
            return efficientnet_lite0()


class TorchvisionNetwork(FeatureSet):
    """Layers of a torchvision classification network, each averaged over the picture, joined.

    layers: "last" is the last layer but one; any other is a module of the network by its
        path, such as "layer3" of resnet18 or "features.5" of mobilenet_v3_small. Earlier
        layers see more concrete things. side: pixels; grey: colours are taken away first.
    """

    version = "1"

    def __init__(
        self, network: str, side: int = 224, *, layers: Sequence[str] = (LAST,), grey: bool = False
    ) -> None:
        self.network = network
        self.layers = tuple(layers)
        self.grey = grey
        self.name = _name(network, self.layers, grey=grey, side=side)
        self.size = (side, side)

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
    def dimensions(self) -> int:  # type: ignore[override]
        return int(self._vectors(np.zeros((1, *self.size[::-1], 3), dtype=np.uint8)).shape[1])

    def preprocess(self, image: Image.Image) -> Prepared:
        if self.grey:
            image = image.convert("L").convert("RGB")
        return squeezed(image, self.size)

    def _vectors(self, batch: Prepared) -> Embeddings:
        import torch

        tapped, mean, std = self._loaded
        with torch.inference_mode():
            x = planes(batch).div_(255.0).sub_(mean).div_(std)
            return np.asarray(tapped(x).float().numpy())

    @cached_property
    def _loaded(self) -> tuple[Taps, Tensor, Tensor]:
        import torch

        from ml.backbones import torchvision_network

        with torch.random.fork_rng(devices=[]):
            network, entry = torchvision_network(self.network)
        preset = entry.transforms()
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (preset.mean, preset.std))
        return Taps(network, self.layers), mean, std


class Taps:
    """Runs a network and returns what some of its layers gave on the way.

    Raises: ValueError for a layer that the network does not have, naming those it has.
    """

    def __init__(self, network: nn.Module, layers: Sequence[str]) -> None:
        self.network = network
        self.layers = layers
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
        self._seen[LAST] = pooled(self.network(x))
        return torch.cat([self._seen[layer] for layer in self.layers], dim=1)

    def _keeper(self, layer: str) -> Any:
        def keep(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            self._seen[layer] = pooled(output)

        return keep


def pooled(output: Tensor) -> Tensor:
    """Return a layer's output as (n, d): the mean over places (n, d, h, w) or tokens (n, t, d)."""
    if output.ndim == 4:
        return output.mean(dim=(2, 3))
    return output.mean(dim=1) if output.ndim == 3 else output.flatten(1)


def torchvision_set(told: str) -> TorchvisionNetwork:
    """Return the set that "NETWORK[@LAYER+LAYER][,grey][,PIXELS]" asks for.

    Raises: ValueError for words that are not understood.
    """
    network, *rest = told.split(",")
    network, _, layers = network.partition("@")
    grey, side = False, 224
    for word in rest:
        if word == "grey":
            grey = True
        elif word.isascii() and word.isdigit() and 16 <= int(word) <= 2048:
            side = int(word)
        else:
            raise ValueError(f"{word!r} is neither grey nor a number of pixels from 16 to 2048")
    return TorchvisionNetwork(network, side, layers=layers.split("+") if layers else (LAST,),
                              grey=grey)  # fmt: skip


def _name(network: str, layers: Sequence[str], *, grey: bool, side: int) -> str:
    """The shortest name that gives this set again."""
    told = "" if tuple(layers) == (LAST,) else f"@{'+'.join(layers)}"
    return (
        f"torchvision:{network}{told}{',grey' if grey else ''}{f',{side}' if side != 224 else ''}"
    )


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
