"""The grey pixels themselves, scaled to one size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared


class Pixels(FeatureSet):
    """A grey thumbnail of 64 x 64, row by row, values in [0, 1].

    Enough for pictures that are alike in place and scale, such as digits; weak on photos.
    """

    name = "pixels"
    version = "1"

    def __init__(self, side: int = 64) -> None:
        self.side = side
        self.size = (side, side)
        self.dimensions = side * side

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"side": self.side, "grey": True}

    def preprocess(self, image: Image.Image) -> Prepared:
        small = image.convert("L").resize(self.size, Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.asarray(small)

    def embed_batch(self, batch: Prepared) -> Embeddings:
        return batch.reshape(len(batch), -1).astype(np.float32) / np.float32(255)
