"""How a picture is prepared before the network sees it, in words for another program."""

from typing import Any

from ml.features.base import FeatureSet
from ml.features.derived import Derived
from ml.features.finetuned import FineTuned
from ml.features.hog import HogColour
from ml.features.network import Network

HOG_GAP, SMALL_GAP, NETWORK_GAP = 2.0, 3.0, 2.0  # as each set's `preprocess` has it


def preparation(features: FeatureSet) -> dict[str, Any]:
    """What `preprocess` of the set does; `predict.py` of the archive follows it.

    size: (width, height) to which the whole picture is scaled, by Pillow's filter `resample` with
    `reducing_gap`. mode: "L" gives (h, w), "RGB" (h, w, 3) bytes. grey: colours are taken away
    first, and there are three equal channels still.
    """
    if isinstance(features, Derived | FineTuned):
        return preparation(features.of)
    of_network = isinstance(features, Network)
    grey = bool(getattr(features, "grey", False))
    gap = NETWORK_GAP if of_network else SMALL_GAP
    return {
        "size": list(features.size),
        "mode": "L" if grey and not of_network else "RGB",
        "grey": grey and of_network,
        "resample": "bicubic" if of_network else "bilinear",
        "reducing_gap": HOG_GAP if isinstance(features, HogColour) else gap,
    }
