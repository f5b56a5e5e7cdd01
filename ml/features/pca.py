"""Principal components: fewer numbers that keep most of what tells a pool's images apart."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ml.features.base import Embeddings, FeatureSet
from ml.features.derived import Derived, checked_rows
from ml.threads import one_blas_thread

SHARE = 0.95
MOST = 512  # components among which a share of variance is sought
SPARE = 32  # kept beyond the wanted ones while learning, so that the last are right too
NEGLIGIBLE = 1e-12  # of the largest variance

Doubles = npt.NDArray[np.float64]


class Pca(Derived):
    """The principal components of another feature set.

    components: how many; or, if left out, as few as keep `share` of the variance, at
    most 512. `kept` says what share they do keep and `shares` what each one adds.
    """

    version = "1"

    def __init__(self, of: FeatureSet, components: int | None = None, share: float = SHARE) -> None:
        if components is not None and components < 1:
            raise ValueError("a PCA needs at least one component")
        if not 0 < share <= 1:
            raise ValueError(f"the share of variance lies above 0 and up to 1, got {share}")
        self.components = components
        self.share = share
        super().__init__(of, f"pca-{components or format(share, 'g')}:{of.name}")
        self._mean: Embeddings | None = None
        self._directions = np.empty((0, 0), dtype=np.float32)
        self.shares = np.empty(0, dtype=np.float64)

    @property
    def parameters(self) -> Mapping[str, Any]:
        wanted = {"share": self.share} if self.components is None else {}
        return {"components": self.components, **wanted}

    @property
    def fitted(self) -> bool:
        return self._mean is not None and self.of.fitted

    @property
    def dimensions(self) -> int:  # type: ignore[override]
        """How many components there are; known once fitted."""
        self._check_fitted()
        return len(self._directions)

    @property
    def kept(self) -> float:
        """The share of the pool's variance that the components keep, in [0, 1]."""
        self._check_fitted()
        return float(self.shares.sum())

    @one_blas_thread()
    def fit_rows(self, chunks: Iterable[npt.NDArray[Any]], *, seed: int = 0) -> Self:
        """Learn from tables (n, d); nothing here is random: `seed` is unused."""
        most = MOST if self.components is None else self.components
        seen = RunningAxes(most + SPARE)
        for chunk in chunks:
            seen.add(chunk)
        if seen.rows < 2:
            raise ValueError(f"a PCA learns from two images or more, got {seen.rows}")
        shares = seen.variances / seen.total if seen.total > 0 else seen.variances * 0
        count = min(most, len(shares))
        if self.components is None:
            enough = np.searchsorted(shares.cumsum(), self.share - 1e-9) + 1
            count = min(count, int(enough))
        self._mean = seen.mean.astype(np.float32)
        self._directions = np.ascontiguousarray(seen.directions[:count], dtype=np.float32)
        self.shares = shares[:count]
        return self

    @one_blas_thread()
    def transform(self, rows: npt.ArrayLike) -> Embeddings:
        self._check_fitted()
        assert self._mean is not None
        table = checked_rows(rows, len(self._mean)).astype(np.float32, copy=False)
        return np.asarray((table - self._mean) @ self._directions.T)

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        assert self._mean is not None
        return {"mean": self._mean, "directions": self._directions, "shares": self.shares}

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        mean, directions, shares = (arrays[name] for name in ("mean", "directions", "shares"))
        if directions.ndim != 2 or mean.shape != (directions.shape[1],) or not len(directions):
            raise ValueError("mean and directions disagree")
        if shares.shape != (len(directions),):
            raise ValueError("shares and directions disagree")
        self._mean = mean.astype(np.float32)
        self._directions = directions.astype(np.float32)
        self.shares = shares.astype(np.float64)


class RunningAxes:
    """The principal axes of the rows seen so far, at most `most`, chunk by chunk.

    rows, mean: how many rows, and their mean (d,). total: their squared distances from it,
    summed exactly. directions: (k, d) orthonormal, widest first. variances: (k,) the part
    of `total` along each. Exact while the rows span no more than `most` dimensions;
    beyond, the narrowest axes are dropped after each chunk.
    Memory: (most + chunk) rows. Source: Ross, Lim, Lin and Yang (2008), Incremental Learning
    for Robust Visual Tracking, section 3.1.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.rows = 0
        self.total = 0.0
        self.mean: Doubles = np.empty(0)
        self.directions: Doubles = np.empty((0, 0))
        self.variances: Doubles = np.empty(0)

    def add(self, chunk: npt.ArrayLike) -> None:
        """Take in further rows (n, d). Raises ValueError unless finite and of one width."""
        rows = checked_rows(chunk, len(self.mean) if self.rows else None).astype(np.float64)
        if not len(rows):
            return
        if not self.rows:
            self.mean = np.zeros(rows.shape[1])
            self.directions = np.empty((0, rows.shape[1]))
        both = self.rows + len(rows)
        centre = rows.mean(axis=0)
        rows -= centre
        # One more row stands for the distance between the old mean and the new rows' mean.
        bridge = np.sqrt(self.rows * len(rows) / both) * (centre - self.mean)
        self.total += float(np.einsum("ij,ij->", rows, rows) + bridge @ bridge)
        known = self.directions * np.sqrt(self.variances)[:, None]
        self.directions, self.variances = widest(np.vstack([known, rows, bridge]), self.most)
        self.mean += (centre - self.mean) * (len(rows) / both)
        self.rows = both


def widest(table: Doubles, most: int) -> tuple[Doubles, Doubles]:
    """Return the right singular vectors (k <= most, d) and squared singular values (k,).

    Through the products of the shorter side; values below 1e-12 of the largest are dropped
    (but for one). The largest entry of each vector is positive, so that signs do not
    depend on the library.
    """
    tall = len(table) > table.shape[1]
    values, vectors = np.linalg.eigh(table.T @ table if tall else table @ table.T)
    keep = np.flatnonzero(values > NEGLIGIBLE * max(values[-1], 0))[::-1][:most]
    if not len(keep):  # all rows are alike: any direction is as good
        return np.eye(1, table.shape[1]), np.zeros(1)
    axes = vectors[:, keep].T
    if not tall:
        axes = axes @ table / np.sqrt(values[keep])[:, None]
    sign = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return axes * sign[:, None], values[keep]
