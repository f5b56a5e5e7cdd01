"""Feature sets: what a picture becomes before anything is learned from it.

`get(name)` gives a feature set; nothing heavy is imported until it embeds, so that a
process that only decodes and prepares pictures stays small. Sets that learn from the pool
(`learns`) are fitted once, saved, and read back with `load(folder)`.
"""

import re
from collections.abc import Callable
from pathlib import Path

from ml.features import files
from ml.features.autoencoder import Autoencoder, variational_autoencoder
from ml.features.base import FeatureSet, NotFitted, Progress, Report, check_features
from ml.features.files import FeaturesDamaged
from ml.features.finetuned import FineTuned
from ml.features.hashing import BITS, Hashed
from ml.features.hog import HogColour
from ml.features.network import Lite0, lite0_set, torchvision_set
from ml.features.onnx_set import onnx_set
from ml.features.pca import SHARE, Pca
from ml.features.pixels import Pixels, colour_pixels
from ml.features.timm_set import timm_set

DEFAULT = "efficientnet_lite0"

FEATURES: dict[str, Callable[[], FeatureSet]] = {
    "efficientnet_lite0": Lite0,
    "pixels": Pixels,
    "pixels_colour": colour_pixels,
    "hog": HogColour,
    "autoencoder": Autoencoder,
    "variational_autoencoder": variational_autoencoder,
}

# "torchvision:resnet18@layer3+last,grey,160", "timm:resnet18.a1_in1k,160", "onnx:birds.onnx,signed"
NETWORKS: dict[str, Callable[[str], FeatureSet]] = {
    "torchvision": torchvision_set,
    "timm": timm_set,
    "onnx": onnx_set,
}

# "pca:hog", "pca-64:hog", "pca-0.9:hog", "itq-128:efficientnet_lite0", "hash:pixels"
OVER_ANOTHER = re.compile(r"(pca|itq|hash)(?:-([0-9]+(?:\.[0-9]+)?))?:(.+)")

# "finetuned:efficientnet_lite0", "finetuned-all:torchvision:resnet18"
TUNED = re.compile(r"finetuned(-all)?:(.+)")


def get(name: str) -> FeatureSet:
    """Return the feature set of this name.

    name: one in FEATURES; "efficientnet_lite0[@STAGE+STAGE][,grey][,PIXELS]";
        the same of "torchvision:NETWORK…", "timm:NETWORK…", "onnx:PATH.onnx…"; or over another
        set "pca:SET" (95 % of the variance), "pca-64:SET" (64 components), "pca-0.9:SET" (90 %),
        "itq-128:SET" and "hash-128:SET" (bits); or, learning from labels, "finetuned:SET" (the
        last layers) and "finetuned-all:SET" of a pretrained network.
    Raises: ValueError for an unknown name or settings that cannot be.
    """
    library, _, told = name.partition(":")
    if library in NETWORKS:
        return NETWORKS[library](told)
    if re.match(rf"{DEFAULT}[@,]", name):
        return lite0_set(name)
    if tuned := TUNED.fullmatch(name):
        return FineTuned(get(tuned.group(2)), every=tuned.group(1) is not None)
    if over := OVER_ANOTHER.fullmatch(name):
        kind, number, base = over.groups()
        return _over(kind, number, get(base))
    if name not in FEATURES:
        known = ", ".join(FEATURES)
        raise ValueError(
            f"no feature set is called {name!r}; there are {known}, torchvision:NETWORK, "
            "timm:NETWORK, onnx:PATH, "
            "and pca:SET, itq:SET, hash:SET, finetuned:SET over another one"
        )
    return FEATURES[name]()


def _over(kind: str, number: str | None, of: FeatureSet) -> FeatureSet:
    if kind == "pca":
        value = float(number) if number else SHARE
        whole = number is not None and "." not in number
        return Pca(of, components=int(value)) if whole else Pca(of, share=value)
    if number and "." in number:
        raise ValueError(f"a code has a whole number of bits, got {number}")
    return Hashed(of, int(number) if number else BITS, "itq" if kind == "itq" else "hash")


def load(folder: Path | str) -> FeatureSet:
    """Return the feature set that `save` wrote into a folder, as `get` builds it.

    A set built with other parameters is read by `restore` of one built alike.
    Raises: FileNotFoundError; FeaturesDamaged.
    """
    name = files.name_of(Path(folder))
    try:
        empty = get(name)
    except ValueError as error:
        raise FeaturesDamaged(str(error)) from error
    return empty.restore(folder)


__all__ = [
    "DEFAULT",
    "FEATURES",
    "FeatureSet",
    "FeaturesDamaged",
    "NotFitted",
    "Progress",
    "Report",
    "check_features",
    "get",
    "load",
]
