"""Feature sets: what a picture becomes before anything is learned from it.

`get(name)` gives a feature set; nothing heavy is imported until it embeds, so that a
process that only decodes and prepares pictures stays small.
"""

from collections.abc import Callable

from ml.features.base import FeatureSet, check_features
from ml.features.network import Lite0, TorchvisionNetwork
from ml.features.pixels import Pixels

DEFAULT = "efficientnet_lite0"
TORCHVISION = "torchvision:"

FEATURES: dict[str, Callable[[], FeatureSet]] = {
    "efficientnet_lite0": Lite0,
    "pixels": Pixels,
}


def get(name: str) -> FeatureSet:
    """Return the feature set of this name: one in FEATURES, or "torchvision:NETWORK".

    Raises: ValueError for an unknown name.
    """
    if name.startswith(TORCHVISION):
        return TorchvisionNetwork(name.removeprefix(TORCHVISION))
    if name not in FEATURES:
        known = ", ".join(FEATURES)
        raise ValueError(
            f"no feature set is called {name!r}; there are {known} and {TORCHVISION}NETWORK"
        )
    return FEATURES[name]()


__all__ = ["DEFAULT", "FEATURES", "FeatureSet", "check_features", "get"]
