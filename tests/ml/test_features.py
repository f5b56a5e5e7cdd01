import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ml import features


def picture(seed, size=(50, 70)):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8))


PICTURES = [picture(seed) for seed in range(5)]


@pytest.fixture(scope="module", params=["efficientnet_lite0", "pixels", "hog"])
def chosen(request):
    return features.get(request.param)


def test_pictures_are_opened_only_a_little_ahead(chosen):
    opened = []

    def lazily():
        for number in range(200):
            opened.append(number)
            yield PICTURES[0]
            if number == 150:
                raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        chosen.embed(lazily())
    assert len(opened) == 151


def test_the_backbone_knows_what_it_was_trained_on():
    # A plain black-and-white chequered picture has one clear class among a thousand.
    import torch

    from ml.backbones import efficientnet_lite0

    board = np.kron(np.indices((12, 12)).sum(axis=0) % 2, np.ones((14, 14))) * 255
    x = torch.from_numpy(np.repeat(board[None, None], 3, axis=1)).float()
    with torch.inference_mode():
        proba = efficientnet_lite0()((x - 127) / 128).softmax(dim=1)[0]
    crossword = 918
    assert crossword in proba.topk(5).indices.tolist()


def test_preparing_pictures_does_not_import_torch():
    code = (
        "import sys; from PIL import Image; from ml import features, images;"
        "f = features.get('efficientnet_lite0'); f.preprocess(Image.new('RGB', (9, 9)));"
        "assert not {'torch', 'torchvision', 'sklearn', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_web_uses_imports_neither_torch_nor_scipy():
    code = (
        "import sys; from ml import arrays, checks, images, intervals, metrics, scores, strategies;"
        "bad = {'torch', 'torchvision', 'sklearn', 'scipy'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_feature_sets_are_refused():
    with pytest.raises(ValueError, match="no feature set"):
        features.get("tea_leaves")
    with pytest.raises(ValueError, match="no classification network"):
        features.get("torchvision:tea_leaves").embed(PICTURES)


def test_weights_that_cannot_be_fetched_say_what_to_do(monkeypatch, tmp_path):
    import torch

    from ml.backbones import WeightsMissing
    from ml.torchvision_ops import import_torchvision

    import_torchvision()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(WeightsMissing, match="Connect this machine"):
        features.get("torchvision:resnet18").embed(PICTURES)


@pytest.mark.parametrize(
    "name,dimensions", [("resnet18", 512), ("mobilenet_v3_small", 1024), ("squeezenet1_1", 512)]
)
def test_any_torchvision_network_gives_vectors(monkeypatch, name, dimensions):
    from ml.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision import models

    untrained = models.get_model(name, weights=None).state_dict()
    entry = type(models.get_model_weights(name).DEFAULT)
    monkeypatch.setattr(entry, "get_state_dict", lambda *_, **__: untrained)
    chosen = features.get(f"torchvision:{name}")
    assert chosen.embed(PICTURES[:2]).shape == (2, chosen.dimensions) == (2, dimensions)


@pytest.fixture
def untrained(monkeypatch):
    """resnet18 and mobilenet_v3_small with weights drawn at random: nothing is fetched."""
    import torch

    from ml.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision import models

    for name in ("resnet18", "mobilenet_v3_small"):
        torch.manual_seed(0)
        weights = models.get_model(name, weights=None).state_dict()
        entry = type(models.get_model_weights(name).DEFAULT)
        monkeypatch.setattr(entry, "get_state_dict", lambda *_, w=weights, **__: w)


@pytest.mark.parametrize(
    "name,dimensions",
    [
        ("resnet18@layer2", 128),
        ("resnet18@layer3+last", 256 + 512),
        ("mobilenet_v3_small@features.5,grey,96", 40),
    ],
)
def test_layers_of_a_network_are_joined_as_named(untrained, name, dimensions):
    chosen = features.get(f"torchvision:{name}")
    table = chosen.embed(PICTURES[:2])
    assert table.shape == (2, chosen.dimensions) == (2, dimensions)
    assert features.get(chosen.name).parameters == chosen.parameters
    np.testing.assert_allclose(chosen.embed(PICTURES[:1])[0], table[0], rtol=1e-3, atol=1e-4)


def test_a_layer_is_the_mean_of_what_it_gave(untrained):
    import torch

    from ml.backbones import torchvision_network
    from ml.features.network import planes

    chosen = features.get("torchvision:resnet18@layer1+last,64")
    batch = np.stack([chosen.preprocess(image) for image in PICTURES])
    network, entry = torchvision_network("resnet18")
    preset = entry.transforms()
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (preset.mean, preset.std))
    with torch.inference_mode():
        x = (planes(batch) / 255 - mean) / std
        stem = network.maxpool(network.relu(network.bn1(network.conv1(x))))
        expected = network.layer1(stem).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(chosen.embed_batch(batch)[:, :64], expected, rtol=1e-3, atol=1e-4)


def test_an_unknown_layer_is_refused_with_those_there_are(untrained):
    with pytest.raises(ValueError, match="no layer 'layer9'; it has last, conv1"):
        features.get("torchvision:resnet18@layer9").embed(PICTURES)


def test_grey_takes_the_colours_away(untrained):
    red, grey = Image.new("RGB", (40, 40), (255, 0, 0)), Image.new("RGB", (40, 40), (76, 76, 76))
    vectors = features.get("torchvision:resnet18,grey,64").embed([red, grey])
    np.testing.assert_allclose(vectors[0], vectors[1], rtol=1e-5)
    coloured = features.get("torchvision:resnet18,64").embed([red, grey])
    assert np.abs(coloured[0] - coloured[1]).max() > 1e-3


def test_stages_of_the_backbone_are_joined_as_named():
    whole = features.get("efficientnet_lite0").embed(PICTURES[:2])
    turned = features.get("efficientnet_lite0@last+stage6")
    assert turned.dimensions == 1280 + 192
    expected = np.concatenate([whole[:, 512:], whole[:, :192]], axis=1)
    np.testing.assert_allclose(turned.embed(PICTURES[:2]), expected, rtol=1e-4, atol=1e-5)
    early = features.get("efficientnet_lite0@stage6")  # stops there
    np.testing.assert_allclose(early.embed(PICTURES[:2]), whole[:, :192], rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="no layer 'stage8'; it has stage1, stage2"):
        features.get("efficientnet_lite0@stage8")


def test_grey_and_size_of_the_backbone():
    red, grey = Image.new("RGB", (40, 40), (255, 0, 0)), Image.new("RGB", (40, 40), (76, 76, 76))
    chosen = features.get("efficientnet_lite0@stage3,grey,64")
    assert chosen.size == (64, 64)
    np.testing.assert_allclose(*chosen.embed([red, grey]), rtol=1e-5)
    coloured = features.get("efficientnet_lite0@stage3,64").embed([red, grey])
    assert np.abs(coloured[0] - coloured[1]).max() > 1e-2


def test_the_names_that_projects_have_stay_as_they_are():
    lite, resnet = features.get("efficientnet_lite0"), features.get("torchvision:resnet18")
    assert lite.parameters == {"side": 160, "stages": [192, 320, 1280], "weights": "imagenet"}
    assert (lite.name, lite.version, lite.dimensions) == ("efficientnet_lite0", "1", 1792)
    assert features.get("efficientnet_lite0@stage6+stage7+last,160").name == lite.name
    assert features.get("torchvision:resnet18@last,224").name == resnet.name
