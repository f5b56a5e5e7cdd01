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


@pytest.fixture(scope="module", params=list(features.FEATURES))
def chosen(request):
    return features.get(request.param)


def test_every_feature_set_keeps_its_contract(chosen):
    table = chosen.embed(PICTURES)
    assert table.shape == (5, chosen.dimensions)
    assert table.dtype == np.float32
    features.check_features(table, chosen.dimensions)
    assert np.abs(table).max() < 65504
    assert chosen.name in features.FEATURES
    assert chosen.version
    assert chosen.parameters


def test_the_same_picture_gives_the_same_vector_in_any_batch(chosen):
    together = chosen.embed(PICTURES * 14)
    alone = chosen.embed(PICTURES[:1])
    scale = np.abs(alone).max()
    np.testing.assert_allclose(together[0], alone[0], atol=1e-4 * scale)
    np.testing.assert_allclose(together[65], alone[0], atol=1e-4 * scale)
    np.testing.assert_array_equal(alone, chosen.embed(PICTURES[:1]))


def test_different_pictures_differ(chosen):
    table = chosen.embed(PICTURES)
    assert np.abs(table[0] - table[1]).max() > 1e-3


def test_constant_and_extreme_pictures_give_finite_vectors(chosen):
    odd = [
        Image.new("RGB", size, colour)
        for size in ((1, 1), (1, 3000))
        for colour in ("black", "white")
    ]
    assert np.isfinite(chosen.embed(odd)).all()


def test_no_pictures_give_no_rows(chosen):
    assert chosen.embed([]).shape == (0, chosen.dimensions)


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
