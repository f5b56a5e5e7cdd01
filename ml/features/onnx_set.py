"""Vectors from a network of the user's own, in an ONNX file; onnxruntime is optional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features import onnx_file, onnx_scale
from ml.features.asked import Asked
from ml.features.base import FeatureSet, Prepared
from ml.features.network import squeezed
from ml.features.onnx_file import OnnxRefused
from ml.features.onnx_scale import Scale

if TYPE_CHECKING:
    from ml.features.onnx_network import OnnxNetwork

SHA = "sha-"
SIDE = 224  # for networks that take any size


class OnnxSet(FeatureSet):
    """What an ONNX network makes of a picture: a vector, or a map averaged over the picture.

    file: a path, in Labeler one inside LABELER_MODELS (`onnx_file.only_from`). outputs: names of
        those to join; by default the first that will do. side: pixels, where it takes any size.
    words: which numbers it wants for pixels, see `onnx_scale`. digest: how the SHA-256 of the
        file begins, which becomes part of the name: another file means other vectors.
    Raises: OnnxRefused, also from `size` and the first batch, which load the file.
    """

    def __init__(
        self, file: str, *, outputs: Sequence[str] = (), side: int | None = None,
        grey: bool = False, words: Sequence[str] = (), digest: str = "",
    ) -> None:  # fmt: skip
        Scale.told(words, {})  # refuses words that mean nothing
        self.file = file
        self.outputs = tuple(outputs)
        self.side = side
        self.grey = grey
        self.words = tuple(words)
        self.digest = digest or onnx_file.digest_of(file)
        more = (*self.words, SHA + self.digest)
        self.name = f"onnx:{Asked(file, self.outputs, grey, side, more).written()}"

    @property
    def version(self) -> str:  # type: ignore[override]
        return f"1-{self.digest}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        told = {"file": self.file, "outputs": list(self.outputs), "sha256": self.digest}
        return told | {"size": list(self.size), "grey": self.grey, **self._scale.facts}

    @cached_property
    def size(self) -> tuple[int, int]:  # type: ignore[override]
        own = self._network.size
        if own and self.side and own != (self.side, self.side):
            raise OnnxRefused(f"{self.file} takes {own[0]} x {own[1]} pixels and no others")
        side = self.side or SIDE
        return own or (side, side)

    @cached_property
    def dimensions(self) -> int:  # type: ignore[override]
        channels = (3,) if self._network.channels == 3 else ()
        return int(self._vectors(np.zeros((2, *self.size[::-1], *channels), np.uint8)).shape[1])

    def preprocess(self, image: Image.Image) -> Prepared:
        if self._network.channels == 1:
            return squeezed(image.convert("L"), self.size)
        return squeezed(image.convert("L").convert("RGB") if self.grey else image, self.size)

    def _vectors(self, batch: Prepared) -> npt.NDArray[Any]:
        pictures = batch[..., None] if batch.ndim == 3 else batch
        if self._network.type == np.uint8:
            scaled: npt.NDArray[Any] = pictures[..., ::-1] if self._scale.bgr else pictures
        else:
            scaled = self._scale.apply(pictures)
        return self._network.run(scaled, self.outputs)

    @cached_property
    def _scale(self) -> Scale:
        return Scale.told(self.words, self._network.metadata)

    @cached_property
    def _network(self) -> OnnxNetwork:
        from ml.features.onnx_network import OnnxNetwork

        return OnnxNetwork(onnx_file.content(self.file, self.digest), self.file)


def onnx_set(told: str) -> OnnxSet:
    """Return the set that "PATH.onnx[@OUTPUT+OUTPUT][,grey][,PIXELS][,WORD][,sha-DIGEST]" asks for.

    Without a digest the file is read at once; with it not before its size or a vector is wanted.
    Raises: ValueError for words that are not understood; OnnxRefused.
    """
    asked = Asked.read(told, known=(*onnx_scale.WORDS, SHA))
    digests = [word.removeprefix(SHA) for word in asked.more if word.startswith(SHA)]
    if len(digests) > 1 or not all(len(digest) == onnx_file.LETTERS for digest in digests):
        raise ValueError(f"{told!r} needs one digest of {onnx_file.LETTERS} letters, or none")
    words = [word for word in asked.more if not word.startswith(SHA)]
    return OnnxSet(
        asked.network, outputs=asked.layers, side=asked.side, grey=asked.grey, words=words,
        digest="".join(digests),
    )  # fmt: skip
