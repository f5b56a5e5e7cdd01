"""What every feature set is and does."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features import files
from ml.features.files import FeaturesDamaged

Prepared = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]

BATCH = 32
CHUNK = 512  # pictures whose vectors are held at a time while a set learns


class NotFitted(ValueError):
    """The feature set learns from a pool, and has not done so yet."""


@dataclass(frozen=True)
class Progress:
    """How far learning is: pictures read, or passes over them.

    total: None while nobody knows how many pictures will come.
    """

    stage: str  # "reading" or "learning"
    done: int
    total: int | None = None
    losses: Mapping[str, float] = field(default_factory=dict)


Report = Callable[[Progress], None]


class FeatureSet(ABC):
    """A fixed function from pictures to vectors.

    name, version: name the function; another version means other vectors.
    dimensions: the length of a vector. size: (width, height) of a prepared picture,
    which is also enough for decoding (`images.open_image(..., at_least=size)`).
    learns: whether `fit` must see the pool first; `fitted` says whether it has. Two
    fitted sets give the same vectors if they also share their `fingerprint`.
    learns_from_labels: whether it learns by `fit_labeled` instead, from labeled pictures.
    The same picture gives the same vector up to float32 rounding (about 1e-5), which
    depends on the processor and the batch; stored as float16 it is all but lost.
    """

    name: str
    version: ClassVar[str]
    dimensions: int
    size: tuple[int, int]
    learns: ClassVar[bool] = False
    learns_from_labels: ClassVar[bool] = False

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
    def _vectors(self, batch: Prepared) -> npt.NDArray[Any]:
        """Return the vectors (n, dimensions) of a checked batch with at least one picture."""

    # Embedding ---------------------------------------------------------------------------

    def embed_batch(self, batch: Prepared) -> Embeddings:
        """Return the vectors (n, dimensions) float32 of prepared pictures stacked to (n, ...).

        Raises: ValueError for anything but stacked uint8 pictures of this set's size, and
            where a vector would not be finite; NotFitted.
        """
        self._check_fitted()
        if batch.dtype != np.uint8 or batch.shape[1:3] != self.size[::-1]:
            raise ValueError(
                f"{self.name} takes uint8 pictures of {self.size[0]} x {self.size[1]} made by "
                f"preprocess, got {batch.dtype} {batch.shape}"
            )
        if len(batch) == 0:
            return np.empty((0, self.dimensions), dtype=np.float32)
        table = np.asarray(self._vectors(batch), dtype=np.float32)
        check_features(table, self.dimensions)
        return table

    def embed(self, images: Iterable[Image.Image], *, threads: int = 2) -> Embeddings:
        """Return the vectors of RGB pictures, (n, dimensions) float32, in their order.

        The next batch is decoded and prepared in threads while the network works on this one,
        so an iterable that opens its files lazily is read only a little ahead.
        """
        self._check_fitted()
        parts = list(self.embed_chunks(images, chunk=BATCH, threads=threads))
        if not parts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return np.concatenate(parts)

    def embed_chunks(
        self, images: Iterable[Image.Image], *, chunk: int = CHUNK, threads: int = 2
    ) -> Iterator[Embeddings]:
        """Yield the vectors of at most `chunk` pictures at a time, in their order.

        Memory grows with the chunk, not with the number of pictures.
        """
        parts: list[Embeddings] = []
        for batch in self.prepared(images, batch=min(BATCH, chunk), threads=threads):
            parts.append(self.embed_batch(batch))
            if sum(map(len, parts)) + BATCH > chunk:
                yield np.concatenate(parts)
                parts = []
        if parts:
            yield np.concatenate(parts)

    def prepared(
        self, images: Iterable[Image.Image], *, batch: int = BATCH, threads: int = 2
    ) -> Iterator[Prepared]:
        """Yield prepared pictures in batches, one always being prepared ahead."""
        with ThreadPoolExecutor(threads) as pool:
            source = iter(images)
            waiting = [pool.submit(self.preprocess, image) for image in islice(source, batch)]
            while waiting:
                ahead = [pool.submit(self.preprocess, image) for image in islice(source, batch)]
                yield np.stack([prepared.result() for prepared in waiting])
                waiting = ahead

    # Learning ----------------------------------------------------------------------------

    @property
    def fitted(self) -> bool:
        """Whether the set can embed; always so for one that learns nothing."""
        return True

    def fit(
        self, images: Iterable[Image.Image], *, seed: int = 0, report: Report | None = None
    ) -> Self:
        """Learn from the pictures of a pool and return the set itself.

        images: RGB pictures, at best opened lazily; memory does not grow with their
            number. A set over another one that also learns walks them twice.
        Same pictures in the same order and same seed, same set. A set that learns nothing
        reads nothing.
        Raises: ValueError where there is nothing, or too little, to learn from.
        """
        return self

    @property
    def fingerprint(self) -> str:
        """Twelve letters that stand for what was learned; empty if nothing is."""
        if not self.learns:
            return ""
        self._check_fitted()
        digest = hashlib.sha256()
        for name, array in sorted(self._learned().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]

    def _check_fitted(self) -> None:
        if not self.fitted:
            raise NotFitted(f"{self.name} learns from the pool: call fit with its pictures first")

    # Files -------------------------------------------------------------------------------

    def save(self, folder: Path | str) -> dict[str, str]:
        """Write what was learned into a folder; return the SHA-256 of each file by name."""
        self._check_fitted()
        return files.write(Path(folder), self._facts(), self._learned())

    def restore(self, folder: Path | str) -> Self:
        """Read what `save` wrote of a set built alike, and return this set.

        Raises: FileNotFoundError; FeaturesDamaged when the files are damaged or belong to
            a set of another name, version or parameters. Runs no code from the files.
        """
        arrays = files.read(Path(folder), self._facts())
        try:
            self._take(arrays)
        except (KeyError, ValueError, RuntimeError) as error:
            raise FeaturesDamaged(f"the arrays of {self.name} do not fit: {error}") from error
        return self

    def _facts(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "parameters": dict(self.parameters)}

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays that `fit` made."""
        return {}

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Be as if `fit` had made these arrays. Raises: KeyError or ValueError for others."""
        if arrays:
            raise ValueError("it learns nothing")


def check_features(table: npt.NDArray[Any], dimensions: int) -> None:
    """Raise ValueError unless the table is (n, dimensions) and finite."""
    if table.ndim != 2 or table.shape[1] != dimensions:
        raise ValueError(f"features must have shape (n, {dimensions}), got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("features must be finite")
