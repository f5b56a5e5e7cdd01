"""The whole model as one torch module: prepared pictures in, probabilities out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from ml.features.autoencoder import Autoencoder
from ml.features.base import FeatureSet
from ml.features.derived import Derived
from ml.features.finetuned import FineTuned
from ml.features.finetuned_network import body
from ml.features.hashing import Hashed
from ml.features.hog import HogColour
from ml.features.network import Network
from ml.features.onnx_set import OnnxSet
from ml.features.pixels import Pixels
from ml.heads.base import Head
from ml.portable import NotPortable
from ml.portable.answers import module_of, sigmoid
from ml.portable.hog_network import HogNetwork


class Whole(nn.Module):
    """Features, head, temperature and merged labels: what the prediction service computes.

    places: where each of the head's columns belongs, as `ml.united.united` takes them.
    """

    def __init__(
        self, features: FeatureSet, head: Head, temperature: float, places: Sequence[int]
    ) -> None:
        """Raises: NotPortable for features or a head that cannot be written down."""
        super().__init__()
        self.features = vectors_of(features)
        self.head = module_of(head)
        self.temperature = temperature
        self.multi = head.kind == "multi"
        width = max(places, default=-1) + 1
        columns = [[i for i, at in enumerate(places) if at == place] for place in range(width)]
        self.columns = columns if width < len(places) else []
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (n, labels) float32 for what `preprocess` gave, stacked: (n, h, w[, 3]) uint8."""
        return self._united(self._calibrated(self.head(self.features(pictures.float()))))

    def _calibrated(self, proba: Tensor) -> Tensor:
        """As `ml.calibrated.apply`."""
        if self.temperature == 1:
            return proba
        if self.multi:
            return sigmoid((proba.log() - (1 - proba).log()) / self.temperature)
        return (proba.log() / self.temperature).softmax(dim=1)

    def _united(self, proba: Tensor) -> Tensor:
        if not self.columns:
            return proba
        parts = [proba[:, columns] for columns in self.columns]
        if self.multi:
            return torch.stack([part.amax(dim=1) for part in parts], dim=1)
        return torch.stack([part.sum(dim=1) for part in parts], dim=1)


def example(features: FeatureSet, n: int = 2) -> Tensor:
    """Return n prepared pictures of noise, as the module takes them."""
    drawn = np.random.default_rng(0)
    width, height = features.size
    prepared = features.preprocess(_picture(drawn.integers(0, 256, (height, width, 3))))
    return torch.from_numpy(np.ascontiguousarray(np.stack([prepared] * n)))


def _picture(values: npt.NDArray[np.int64]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


def vectors_of(features: FeatureSet) -> nn.Module:
    """Return a module from (n, h, w[, 3]) of 0..255 to the set's vectors.

    Raises: NotPortable; NotFitted; WeightsMissing.
    """
    if isinstance(features, OnnxSet):
        raise NotPortable(
            f"The features {features.name} are an ONNX file of your own. It cannot be joined to "
            "the model: use that file beside Labeler's API, or train a version on other features."
        )
    features._check_fitted()
    if isinstance(features, Pixels):
        return PixelsNetwork()
    if isinstance(features, HogColour):
        return HogNetwork(features.size[0], features.cell)
    if isinstance(features, Autoencoder):
        return CodeNetwork(features)
    if isinstance(features, FineTuned):
        return PlanesNetwork(features._network)
    if isinstance(features, Network):
        return PlanesNetwork(body(features))
    if isinstance(features, Derived):
        return DerivedNetwork(features)
    raise NotPortable(f"The features {features.name} cannot be exported. Choose other ones.")


class PixelsNetwork(nn.Module):
    """The values themselves, in [0, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) / 255


class PlanesNetwork(nn.Module):
    """A pretrained network, which takes (n, 3, h, w)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        vectors: Tensor = self.network(x.permute(0, 3, 1, 2))
        return vectors.float()


class CodeNetwork(nn.Module):
    """The first half of an autoencoder."""

    def __init__(self, features: Autoencoder) -> None:
        super().__init__()
        assert features._network is not None
        self.encoder = features._network.encoder
        self.grey, self.dimensions = features.grey, features.dimensions

    def forward(self, x: Tensor) -> Tensor:
        planes = x[:, None] if self.grey else x.permute(0, 3, 1, 2)
        code: Tensor = self.encoder(planes / 255)
        return code[:, : self.dimensions]


class DerivedNetwork(nn.Module):
    """Principal components, or the bits of a code, of another set's vectors."""

    mean: Tensor
    directions: Tensor

    def __init__(self, features: Derived) -> None:
        super().__init__()
        learned = features._learned()
        self.below = vectors_of(features.of)
        self.bits = isinstance(features, Hashed)
        directions = learned["planes" if self.bits else "directions"]
        self.register_buffer("mean", torch.from_numpy(learned["mean"]))
        self.register_buffer("directions", torch.from_numpy(directions.T.copy()))

    def forward(self, x: Tensor) -> Tensor:
        along = (self.below(x) - self.mean) @ self.directions
        return torch.where(along >= 0, 1.0, -1.0) if self.bits else along
