"""Compact codes: a few bits per image that are alike where images are alike."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ml.features.base import Embeddings, FeatureSet
from ml.features.derived import Derived, alike, checked_rows
from ml.features.pca import widest
from ml.features.sampling import sampled
from ml.threads import one_blas_thread

BITS = 64
MOST_BITS = 4096
SAMPLE = 10_000  # rows from which planes are learned
ROUNDS = 50  # of turning; the paper's number

Method = Literal["itq", "hash"]
Codes = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]


class Hashed(Derived):
    """Bits of another feature set's vectors: on which side of a plane each one lies.

    method: "hash" draws planes at random through the pool's mean (Charikar 2002,
    Similarity Estimation Techniques from Rounding Algorithms: the share of bits that
    differ estimates the angle); "itq" turns the principal axes until rounding to bits
    loses least (Gong and Lazebnik 2011, Iterative Quantization), better for few bits.
    As vectors the bits are -1 and 1; `codes` packs eight into a byte for `hamming`.
    """

    version = "1"

    def __init__(self, of: FeatureSet, bits: int = BITS, method: Method = "itq") -> None:
        if not 8 <= bits <= MOST_BITS or bits % 8:
            raise ValueError(f"a code has 8, 16, 24 ... {MOST_BITS} bits, got {bits}")
        self.bits = bits
        self.method = method
        super().__init__(of, f"{method}-{bits}:{of.name}")
        self.dimensions = bits
        self._mean: Embeddings | None = None
        self._planes = np.empty((0, 0), dtype=np.float32)

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {"bits": self.bits, "method": self.method}

    @property
    def fitted(self) -> bool:
        return self._mean is not None and self.of.fitted

    @one_blas_thread()
    def fit_rows(self, chunks: Iterable[npt.NDArray[Any]], *, seed: int = 0) -> Self:
        """Learn planes from at most 10,000 rows, drawn at random from the tables (n, d)."""
        found = sampled(alike(chunks), SAMPLE, seed)
        if found is None or len(found) < 2:
            raise ValueError("codes are learned from two images or more")
        rows = found.astype(np.float64)
        mean = rows.mean(axis=0)
        rows -= mean
        if self.method == "itq":
            planes = turned_axes(rows, self.bits, seed)
        else:
            planes = np.random.default_rng(seed).standard_normal((self.bits, rows.shape[1]))
        self._mean, self._planes = mean.astype(np.float32), planes.astype(np.float32)
        return self

    @one_blas_thread()
    def transform(self, rows: npt.ArrayLike) -> Embeddings:
        return np.where(self._sides(rows), np.float32(1), np.float32(-1))

    @one_blas_thread()
    def codes(self, rows: npt.ArrayLike) -> Codes:
        """Return the codes of the other set's vectors, (n, bits / 8) uint8; see `hamming`."""
        return np.packbits(self._sides(rows), axis=1)

    def _sides(self, rows: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        self._check_fitted()
        assert self._mean is not None
        table = checked_rows(rows, len(self._mean)).astype(np.float32, copy=False)
        return np.asarray((table - self._mean) @ self._planes.T >= 0)

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        assert self._mean is not None
        return {"mean": self._mean, "planes": self._planes}

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        mean, planes = arrays["mean"], arrays["planes"]
        if mean.ndim != 1 or planes.shape != (self.bits, len(mean)):
            raise ValueError("mean and planes disagree")
        self._mean, self._planes = mean.astype(np.float32), planes.astype(np.float32)


def turned_axes(rows: Doubles, bits: int, seed: int) -> Doubles:
    """Return planes (bits, d) by iterative quantization of centred rows (n, d).

    Raises: ValueError when the rows span fewer dimensions than there are bits.
    """
    axes, _ = widest(rows, bits)
    if len(axes) < bits:
        raise ValueError(
            f"{bits} bits need images that differ in {bits} ways; these differ in {len(axes)}. "
            "Choose fewer bits, or fit on more images."
        )
    projected = rows @ axes.T
    rng = np.random.default_rng(seed)
    turn: Doubles = np.linalg.qr(rng.standard_normal((bits, bits)))[0]
    for _ in range(ROUNDS):
        turn = better_turn(projected, turn)
    return np.asarray(turn.T @ axes)


def better_turn(projected: Doubles, turn: Doubles) -> Doubles:
    """Return the rotation that brings the rows nearest to the corners they are at now.

    One round never raises `rounding_loss`.
    """
    corners = np.where(projected @ turn >= 0, 1.0, -1.0)
    left, _, right = np.linalg.svd(projected.T @ corners)
    return np.asarray(left @ right)


def rounding_loss(projected: Doubles, turn: Doubles) -> float:
    """Return the mean squared distance between turned rows and their corners of -1 and 1."""
    turned = projected @ turn
    gap = np.where(turned >= 0, 1.0, -1.0) - turned
    return float(np.einsum("ij,ij->", gap, gap) / len(gap))
