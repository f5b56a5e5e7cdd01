"""Networks of the timm library, with the weights that their authors published.

timm reads weights from safetensors files, or as tensors and nothing else
(`weights_only`). Source: Wightman (2019), PyTorch Image Models.
"""

from dataclasses import dataclass
from typing import Any

from torch import nn

from ml.backbones import WeightsMissing, frozen
from ml.features.packages import needed
from ml.torchvision_ops import import_torchvision


@dataclass(frozen=True)
class Preset:
    """How a network wants its pictures: (width, height), and values in [0, 1] less the mean,
    over the deviation. tag: which weights. fixed: made for this size alone."""

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    tag: str
    fixed: bool


def preset(name: str) -> Preset:
    """Return what timm knows of a network, "NETWORK" or "NETWORK.TAG", without building it.

    Raises: ValueError for an unknown network or tag, one without weights, and one that takes
        no pictures of three colours; PackageMissing.
    """
    timm = _timm()
    if not timm.is_model(name):  # nor an address or a folder, which timm would take too
        raise ValueError(f"timm has no network called {name!r}")
    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError as error:
        raise ValueError(f"timm has no weights called {name!r}: {error}") from error
    if not config.has_weights:
        raise ValueError(f"timm has no weights for {name}; choose a network that has some")
    channels, height, width = config.input_size
    if channels != 3:
        raise ValueError(f"{name} takes {channels} channels, not three colours")
    return Preset((width, height), config.mean, config.std, config.tag, config.fixed_input_size)


def timm_network(name: str, side: int | None = None, *, untrained: bool = False) -> nn.Module:
    """Return a network without the layer that names classes.

    name: as `preset` takes it. side: pixels, for networks made for one size alone. Weights
        are fetched on first use and kept in the Hugging Face cache.
    untrained: leave the weights as they are drawn at random; for tests, vectors mean nothing.
    Raises: ValueError as `preset`, and for a side that the network cannot take;
        WeightsMissing when the weights cannot be fetched.
    """
    own = preset(name)
    sized: dict[str, Any] = {"img_size": side} if side and own.fixed else {}
    try:
        # With its last layer, for timm then insists on finding every weight.
        network: nn.Module = _timm().create_model(name, pretrained=not untrained, **sized)
    except OSError as error:  # every way in which the hub is not reached, or the file not there
        raise WeightsMissing(
            f"The weights of {name} could not be fetched ({error}). Connect this machine to the "
            "internet once, or copy the Hugging Face cache (HF_HOME) of one that has them."
        ) from error
    except (AssertionError, TypeError, ValueError) as error:
        if not sized:
            raise
        raise ValueError(f"{name} does not take {side} pixels: {error}") from error
    network.reset_classifier(0)  # type: ignore[operator]
    return frozen(network)


def _timm() -> Any:
    import_torchvision()  # timm imports it
    return needed("timm", by="A timm: feature set")
