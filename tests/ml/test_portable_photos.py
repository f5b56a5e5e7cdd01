"""Real photos through every family of features: the ONNX graph and the torch program say the same.

Networks whose weights would be fetched are the real ones with weights drawn at random.
"""

import functools
import tarfile
from pathlib import PurePath

import numpy as np
import pytest
import torch

from ml import backbones, calibrated, features, heads
from ml.features.autoencoder import Autoencoder
from ml.features.finetuned import FineTuned
from ml.features.timm_set import TimmNetwork
from ml.images import open_image
from ml.portable import onnx_graph, program
from ml.portable.network import Whole, example
from ml.torchvision_ops import import_torchvision
from tests.conftest import pack

pytestmark = pytest.mark.slow  # two exports of each network
WRITERS = {"onnx": (onnx_graph, "m.onnx"), "torch": (program, "m.pt2")}
N = 21
TEMPERATURE = 1.3
ANSWERS = np.arange(N) % 3


@pytest.fixture(scope="module")
def photos():
    """Of three labels, by turns."""
    found = {}
    with tarfile.open(pack("photos")) as archive:
        for member in archive:
            some = found.setdefault(PurePath(member.name).parent.name, [])
            if member.name.endswith(".jpg") and len(some) < N // 3:
                some.append(open_image(archive.extractfile(member).read()))
    labels = [some for _, some in sorted(found.items()) if len(some) == N // 3][:3]
    return [picture for each in zip(*labels, strict=True) for picture in each]


@functools.cache
def drawn(name):
    """A network of torchvision; no weights are fetched."""
    import_torchvision()
    from torchvision import models

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = models.get_model(name, weights=None)
    return backbones.frozen(backbones._without_last_layer(network))


@pytest.fixture(autouse=True)
def _no_fetching(monkeypatch):
    def network(name):
        found = drawn(name)
        from torchvision import models

        return found, models.get_model_weights(name).DEFAULT

    monkeypatch.setattr(backbones, "torchvision_network", network)


def timm(name, **more):
    pytest.importorskip("timm")
    return TimmNetwork(name, untrained=True, **more)


SETS = {
    "efficientnet_lite0": lambda: features.get("efficientnet_lite0"),
    "efficientnet_lite0, other stages, grey": lambda: features.get(
        "efficientnet_lite0@stage3+stage5,grey,96"
    ),
    "torchvision resnet": lambda: features.get("torchvision:resnet18@layer2+last,64"),
    "torchvision mobilenet": lambda: features.get("torchvision:mobilenet_v3_small,64"),
    "timm resnet": lambda: timm("test_resnet", layers=("layer1", "last")),
    "timm vision transformer": lambda: timm("test_vit"),
    "timm convnext": lambda: timm("test_convnext", grey=True),
    "autoencoder": lambda: Autoencoder(dimensions=8, side=32, epochs=2),
    "finetuned lite0": lambda: FineTuned(features.get("efficientnet_lite0,64"), epochs=1),
    "finetuned torchvision": lambda: FineTuned(
        features.get("torchvision:mobilenet_v3_small,64"), every=True, epochs=1
    ),
    "finetuned timm": lambda: FineTuned(timm("test_resnet", side=64), epochs=1),
    "hog": lambda: features.get("hog"),
    "pixels": lambda: features.get("pixels"),
    "components of hog": lambda: features.get("pca-4:hog"),
}


@pytest.mark.parametrize("which", list(SETS))
def test_both_files_say_what_the_features_and_the_head_say(which, photos, tmp_path):
    found = SETS[which]()
    if found.learns_from_labels:
        found.fit_labeled(photos, ANSWERS, n_labels=3)
    else:
        found.fit(photos)
    batch = np.stack([found.preprocess(photo) for photo in photos])
    vectors = found.embed_batch(batch)
    head = heads.get("logistic").fit(vectors, ANSWERS, n_labels=3)
    said = calibrated.apply(head.predict_proba(vectors), TEMPERATURE, "single")
    network = Whole(found, head, TEMPERATURE, [0, 1, 2])
    for writer, name in WRITERS.values():
        writer.write(network, example(found), tmp_path / name, {"labeler": "{}"})
        for start, end in ((0, N), (0, 1)):
            told = writer.run(tmp_path / name, batch[start:end])
            assert np.abs(told - said[start:end]).max() < 1e-4, name
