"""The pixels themselves, scaled to one size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared


class Pixels(FeatureSet):
    """A thumbnail of 64 x 64, row by row, values in [0, 1]; in colour the three values of
    a pixel follow each other.

    Enough for pictures that are alike in place and scale, such as digits; weak on photos.
    """

    version = "1"

    def __init__(self, side: int = 64, *, grey: bool = True) -> None:
        self.name = "pixels" if grey else "pixels_colour"
        self.side = side
        self.grey = grey
        self.size = (side, side)
        self.dimensions = side * side * (1 if grey else 3)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"side": self.side, "grey": self.grey}

    def preprocess(self, image: Image.Image) -> Prepared:
        wanted = image.convert("L" if self.grey else "RGB")
        return np.asarray(wanted.resize(self.size, Image.Resampling.BILINEAR, reducing_gap=3.0))

    def _vectors(self, batch: Prepared) -> Embeddings:
        return batch.reshape(len(batch), -1).astype(np.float32) / np.float32(255)


def colour_pixels() -> Pixels:
    """Return the thumbnail in colour."""
    return Pixels(grey=False)
