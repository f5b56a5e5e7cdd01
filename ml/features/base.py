"""What every feature set is and does."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from PIL import Image

Prepared = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]

BATCH = 32


class FeatureSet(ABC):
    """A fixed function from pictures to vectors.

    name, version: name the function; another version means other vectors.
    dimensions: the length of a vector. size: (width, height) of a prepared picture,
    which is also enough for decoding (`images.open_image(..., at_least=size)`).
    The same picture gives the same vector up to float32 rounding (about 1e-5), which
    depends on the processor and the batch; stored as float16 it is all but lost.
    """

    name: str
    version: ClassVar[str]
    dimensions: int
    size: tuple[int, int]

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """What the function was built with, for the record; plain JSON values."""

    @abstractmethod
    def preprocess(self, image: Image.Image) -> Prepared:
        """Return an RGB picture as the uint8 array `embed_batch` takes.

        Pillow and numpy only: cheap to run in threads or in processes that decode.
        """

    @abstractmethod
    def embed_batch(self, batch: Prepared) -> Embeddings:
        """Return the vectors (n, dimensions) of prepared pictures stacked to (n, ...)."""

    def embed(self, images: Iterable[Image.Image], *, threads: int = 2) -> Embeddings:
        """Return the vectors of RGB pictures, (n, dimensions) float32, in their order.

        The next batch is decoded and prepared in threads while the network works on this one,
        so an iterable that opens its files lazily is read only a little ahead.
        """
        with ThreadPoolExecutor(threads) as pool:
            parts = [self.embed_batch(batch) for batch in _batches(self, images, pool)]
        if not parts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.concatenate(parts)


def _batches(
    features: FeatureSet, images: Iterable[Image.Image], pool: ThreadPoolExecutor
) -> Iterator[Prepared]:
    """Yield prepared batches, one always being prepared ahead."""
    source = iter(images)
    waiting = [pool.submit(features.preprocess, image) for image in islice(source, BATCH)]
    while waiting:
        ahead = [pool.submit(features.preprocess, image) for image in islice(source, BATCH)]
        yield np.stack([prepared.result() for prepared in waiting])
        waiting = ahead


def check_features(table: npt.NDArray[Any], dimensions: int) -> None:
    """Raise ValueError unless the table is (n, dimensions) and finite."""
    if table.ndim != 2 or table.shape[1] != dimensions:
        raise ValueError(f"features must have shape (n, {dimensions}), got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("features must be finite")
