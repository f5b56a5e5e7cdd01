"""Which numbers an ONNX network wants for the pixels of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ml.features.base import Prepared

# Mean and deviation of each colour, for values in [0, 1].
SCALES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),  # as torchvision and most of timm
    "unit": ((0.0,), (1.0,)),  # 0 to 1
    "signed": ((0.5,), (0.5,)),  # -1 to 1
    "raw": ((0.0,), (1 / 255,)),  # 0 to 255
}
ORDERS = ("rgb", "bgr")
WORDS = (*SCALES, *ORDERS, "mean=", "std=")

# What the ONNX project says that a file may tell of itself (MetadataProps.md).
PIXELS = {"Rgb8": "rgb", "Bgr8": "bgr"}
RANGES = {"NominalRange_0_255": "raw", "Normalized_0_1": "unit", "Normalized_1_1": "signed"}


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of values in [0, 1], one for all colours or three; bgr: blue first."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False

    @classmethod
    def told(cls, words: Sequence[str], metadata: Mapping[str, str]) -> Self:
        """Return what the name says, else what the file says, else ImageNet's, red first.

        words: of `WORDS`, such as "signed", "bgr", "mean=0.5", "std=0.2/0.2/0.3".
        metadata: "mean" and "std" as in a name, Image.NominalPixelRange,
            Image.BitmapPixelFormat; anything else is not looked at.
        Raises: ValueError for words that say two things, or nothing.
        """
        scales = [word for word in words if word in SCALES]
        orders = [word for word in words if word in ORDERS]
        exact = dict(word.split("=", 1) for word in words if "=" in word)
        if len(scales) + len(orders) + len(exact) < len(words):
            raise ValueError(f"{','.join(words)!r} holds a word that says nothing of pixels")
        if len(scales) > 1 or len(orders) > 1 or (scales and exact):
            raise ValueError(f"{','.join(words)!r} says two things of the same pixels")
        order = orders or [PIXELS.get(metadata.get("Image.BitmapPixelFormat", ""), "rgb")]
        if not scales and not exact:
            exact = {key: metadata[key] for key in ("mean", "std") if key in metadata}
        named = scales or [RANGES.get(metadata.get("Image.NominalPixelRange", ""), "imagenet")]
        mean, std = SCALES["unit" if exact else named[0]]
        return cls(
            _numbers(exact["mean"]) if "mean" in exact else mean,
            _numbers(exact["std"], least=1e-6) if "std" in exact else std,
            order[0] == "bgr",
        )

    def apply(self, batch: Prepared) -> npt.NDArray[np.float32]:
        """Return pictures (n, h, w, 3) or (n, h, w, 1) uint8 in the network's numbers."""
        x = np.asarray(batch, dtype=np.float32) / np.float32(255)
        mean, std = (np.array(values, dtype=np.float32) for values in (self.mean, self.std))
        if batch.shape[3] == 1:  # one for the one channel there is
            mean, std = mean.mean(keepdims=True), std.mean(keepdims=True)
        elif self.bgr:
            x = x[..., ::-1]
        return np.asarray((x - mean) / std)

    @property
    def facts(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {"mean": list(self.mean), "std": list(self.std), "bgr": self.bgr}


def _numbers(told: str, *, least: float = -1e6) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in told.split("/"))
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 3) or not all(least <= number <= 1e6 for number in numbers):
        raise ValueError(f"{told!r} is not one number, or three as in 0.5/0.4/0.4")
    return numbers
