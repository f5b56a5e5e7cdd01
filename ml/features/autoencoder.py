"""A network that learns from the pool itself, without labels or anybody's weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml.features.base import Embeddings, FeatureSet, Prepared, Progress, Report
from ml.features.sampling import sampled

if TYPE_CHECKING:
    from torch import Tensor

    from ml.features.autoencoder_network import Network

SAMPLE = 10_000  # pictures it learns from; 120 MB at 64 x 64 in colour


class Autoencoder(FeatureSet):
    """The code of a convolutional autoencoder: about 200 numbers from which the picture can be
    drawn again.

    Learns from at most 10,000 pictures drawn at random, until a held-out tenth gets no
    better. The variational form also keeps codes near a normal distribution.
    Source: Masci et al. (2011), Stacked Convolutional Auto-Encoders; Kingma and Welling
    (2014), Auto-Encoding Variational Bayes.
    """

    version = "1"
    learns: ClassVar[bool] = True

    def __init__(
        self, *, dimensions: int = 200, side: int = 64, grey: bool = False, width: int = 16,
        variational: bool = False, epochs: int = 40, patience: int = 5,
    ) -> None:  # fmt: skip
        if side % 16 or side < 16 or min(dimensions, width, epochs, patience) < 1:
            raise ValueError("the side is a multiple of 16, all other numbers are at least 1")
        self.name = "variational_autoencoder" if variational else "autoencoder"
        self.dimensions = dimensions
        self.size = (side, side)
        self.grey = grey
        self.width = width
        self.variational = variational
        self.epochs = epochs
        self.patience = patience
        self.best_epoch = 0
        self._network: Network | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "dimensions": self.dimensions,
            "side": self.size[0],
            "grey": self.grey,
            "width": self.width,
            "variational": self.variational,
            "epochs": self.epochs,
            "patience": self.patience,
        }

    @property
    def fitted(self) -> bool:
        return self._network is not None

    def preprocess(self, image: Image.Image) -> Prepared:
        wanted = image.convert("L" if self.grey else "RGB")
        return np.asarray(wanted.resize(self.size, Image.Resampling.BILINEAR, reducing_gap=3.0))

    def fit(
        self, images: Iterable[Image.Image], *, seed: int = 0, report: Report | None = None
    ) -> Self:
        import torch

        from ml.features import autoencoder_network

        pictures = sampled(self._read(images, report), SAMPLE, seed)
        if pictures is None or len(pictures) < 2:
            raise ValueError("an autoencoder learns from two images or more")
        network = self._new(seed)
        plan = autoencoder_network.Training(self.epochs, self.patience, seed)
        with torch.enable_grad():
            self.best_epoch = autoencoder_network.learned(network, _bytes(pictures), plan, report)
        self._network = network.eval().requires_grad_(False)
        return self

    def _read(self, images: Iterable[Image.Image], report: Report | None) -> Iterable[Prepared]:
        done = 0
        for batch in self.prepared(images):
            done += len(batch)
            if report:
                report(Progress("reading", done))
            yield batch

    def _new(self, seed: int) -> Network:
        import torch

        from ml.features.autoencoder_network import Network

        with torch.random.fork_rng(devices=[]):  # leaves the caller's random numbers alone
            torch.manual_seed(seed)
            return Network(
                self.size[0], 1 if self.grey else 3, self.dimensions, self.width,
                variational=self.variational,
            )  # fmt: skip

    def _vectors(self, batch: Prepared) -> Embeddings:
        import torch

        assert self._network is not None
        with torch.inference_mode():
            return np.asarray(self._network.code(_bytes(batch).float().div_(255)).numpy())

    def decode(self, vectors: npt.ArrayLike) -> Prepared:
        """Return the pictures that vectors (n, dimensions) stand for, uint8 as `preprocess` gives.

        `decode(embed_batch(batch))` are the reconstructions to show beside a batch.
        Raises: NotFitted; ValueError for vectors that do not fit.
        """
        import torch

        from ml.features.base import check_features

        self._check_fitted()
        assert self._network is not None
        table = np.asarray(vectors, dtype=np.float32)
        check_features(table, self.dimensions)
        with torch.inference_mode():
            values = self._network.decode(torch.from_numpy(table)).clamp_(0, 1).mul_(255).round_()
            pictures = values.to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        return np.asarray(pictures[..., 0] if self.grey else pictures)

    def _learned(self) -> dict[str, npt.NDArray[Any]]:
        assert self._network is not None
        return {name: value.numpy() for name, value in self._network.state_dict().items()}

    def _take(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        import torch

        network = self._new(0)
        network.load_state_dict(
            {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
        )
        self._network = network.eval().requires_grad_(False)


def variational_autoencoder() -> Autoencoder:
    """Return the variational form."""
    return Autoencoder(variational=True)


def _bytes(batch: Prepared) -> Tensor:
    """Return pictures (n, h, w) or (n, h, w, 3) as a uint8 tensor (n, channels, h, w)."""
    import torch

    planes = batch[:, None] if batch.ndim == 3 else np.moveaxis(batch, 3, 1)
    return torch.from_numpy(np.ascontiguousarray(planes))
