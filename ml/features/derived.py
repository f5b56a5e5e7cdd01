"""Feature sets computed from the vectors of another one."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features.base import CHUNK, Embeddings, FeatureSet, Prepared, Progress, Report

BASE = "of"  # the folder of the set below, where that one has learned something too


class Derived(FeatureSet):
    """A function of another set's vectors, learned from them.

    `fit_rows` and `transform` also work on vectors that are stored already, so that no
    picture need be opened again.
    """

    learns: ClassVar[bool] = True

    def __init__(self, of: FeatureSet, name: str) -> None:
        self.of = of
        self.name = name

    @property
    def size(self) -> tuple[int, int]:  # type: ignore[override]
        return self.of.size  # not before somebody asks: a network may have to be loaded for it

    def preprocess(self, image: Image.Image) -> Prepared:
        return self.of.preprocess(image)

    def _vectors(self, batch: Prepared) -> npt.NDArray[Any]:
        return self.transform(self.of.embed_batch(batch))

    def fit(
        self, images: Iterable[Image.Image], *, seed: int = 0, report: Report | None = None
    ) -> Self:
        if self.of.learns and not self.of.fitted:
            if iter(images) is images:
                raise ValueError(
                    f"{self.name} and {self.of.name} both learn from the pool: give a list, or "
                    "something else that can be walked twice"
                )
            self.of.fit(images, seed=seed, report=report)
        vectors = self.of.embed_chunks(images, chunk=CHUNK)
        return self.fit_rows(_counted(vectors, report), seed=seed)

    @abstractmethod
    def fit_rows(self, chunks: Iterable[npt.NDArray[Any]], *, seed: int = 0) -> Self:
        """Learn from the other set's vectors, tables (n, d) one after the other.

        Raises: ValueError for values that are not finite, other widths, or too few rows.
        """

    @abstractmethod
    def transform(self, rows: npt.ArrayLike) -> Embeddings:
        """Return the vectors (n, dimensions) that belong to the other set's vectors (n, d).

        Raises: NotFitted; ValueError for values that are not finite or another width.
        """

    def save(self, folder: Path | str) -> dict[str, str]:
        written = super().save(folder)
        if self.of.learns:
            below = self.of.save(Path(folder) / BASE)
            written |= {f"{BASE}/{name}": digest for name, digest in below.items()}
        return written

    def restore(self, folder: Path | str) -> Self:
        super().restore(folder)
        if self.of.learns:
            self.of.restore(Path(folder) / BASE)
        return self

    def _facts(self) -> dict[str, Any]:
        below: Mapping[str, Any] = self.of._facts()
        return super()._facts() | {"of": below}


def checked_rows(
    rows: npt.ArrayLike, dimensions: int | None = None
) -> npt.NDArray[np.floating[Any]]:
    """Return vectors as a finite float table (n, d), or raise ValueError."""
    table = np.asarray(rows)
    if table.dtype.kind not in "biuf" or table.ndim != 2:
        raise ValueError(f"vectors must be a table of numbers (n, d), got shape {table.shape}")
    if dimensions is not None and table.shape[1] != dimensions:
        raise ValueError(f"vectors must have {dimensions} values, got {table.shape[1]}")
    if table.dtype != np.float64:
        table = table.astype(np.float32, copy=False)
    if not np.isfinite(table).all():
        raise ValueError("vectors must be finite; leave out images without an embedding")
    return table


def alike(chunks: Iterable[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.floating[Any]]]:
    """Yield the tables, checked, all as wide as the first; raises ValueError otherwise."""
    width = None
    for chunk in chunks:
        table = checked_rows(chunk, width)
        width = table.shape[1]
        yield table


def _counted(chunks: Iterable[Embeddings], report: Report | None) -> Iterator[Embeddings]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        if report:
            report(Progress("reading", done))
        yield chunk
