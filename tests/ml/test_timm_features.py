import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ml import features
from ml.features.packages import PackageMissing
from ml.features.timm_set import TimmNetwork


def picture(seed, size=(50, 70)):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8))


PICTURES = [picture(seed) for seed in range(3)]


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty cache of weights, and no internet: what the hub's own switch for that says."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def timm():
    from ml.timm_network import _timm

    return _timm()


def placed(hub, name, network, left_out=()):
    """Put the network's weights where the hub's cache would have them."""
    from safetensors.torch import save_file

    folder = hub / f"models--timm--{name}" / "snapshots" / "0"
    folder.mkdir(parents=True)
    (hub / f"models--timm--{name}" / "refs").mkdir()
    (hub / f"models--timm--{name}" / "refs" / "main").write_text("0")
    weights = {key: value for key, value in network.state_dict().items() if key not in left_out}
    save_file(weights, folder / "model.safetensors")


@pytest.mark.parametrize(
    "network,layers,side,width",
    [
        ("test_resnet", ("last",), (160, 160), 96),
        ("test_resnet", ("layer1", "layer3"), (160, 160), 32 + 192),
        ("test_vit", ("blocks.3", "last"), (160, 160), 128),
        ("test_convnext", ("stages.1",), (160, 160), 32),
    ],
)
def test_layers_are_joined_at_the_size_that_timm_tells(network, layers, side, width):
    chosen = TimmNetwork(network, layers=layers, untrained=True)
    assert chosen.size == side
    assert chosen.embed(PICTURES).shape == (3, chosen.dimensions) == (3, width)


def test_pictures_are_scaled_as_timm_tells():
    import torch

    chosen = TimmNetwork("test_resnet", layers=("layer1", "last"), untrained=True)
    assert (chosen._preset.mean, chosen._preset.std) == ((0.5,) * 3, (0.5,) * 3)
    network = chosen._loaded[0].network
    batch = np.stack([chosen.preprocess(image) for image in PICTURES])
    x = torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        last = network(x)
        first = network.layer1(network.maxpool(network.act1(network.bn1(network.conv1(x)))))
    expected = torch.cat([first.mean(dim=(2, 3)), last], dim=1).numpy()
    np.testing.assert_allclose(chosen.embed_batch(batch), expected, rtol=1e-3, atol=1e-4)


def test_a_network_made_for_one_size_is_built_for_another():
    assert TimmNetwork("test_vit", 96, untrained=True).embed(PICTURES).shape == (3, 64)


def test_maps_with_channels_last_are_averaged_over_the_picture():
    import torch

    from ml.features.taps import pooled

    maps = torch.rand(2, 7, 7, 5)
    torch.testing.assert_close(pooled(maps), maps.mean(dim=(1, 2)))
    torch.testing.assert_close(pooled(maps.permute(0, 3, 1, 2)), maps.mean(dim=(1, 2)))
    even = torch.rand(2, 4, 4, 4)
    torch.testing.assert_close(pooled(even), even.mean(dim=(2, 3)))
    torch.testing.assert_close(pooled(even, channels_last=True), even.mean(dim=(1, 2)))


def test_weights_that_cannot_be_fetched_say_what_to_do(hub):
    from ml.backbones import WeightsMissing

    with pytest.raises(WeightsMissing, match="Connect this machine"):
        features.get("timm:test_resnet").embed(PICTURES)


def test_weights_in_the_cache_are_used(hub):
    import torch

    torch.manual_seed(7)
    network = timm().create_model("test_resnet", pretrained=False).eval()
    placed(hub, "test_resnet.r160_in1k", network)
    chosen = features.get("timm:test_resnet.r160_in1k,64")
    batch = np.stack([chosen.preprocess(image) for image in PICTURES])
    x = torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        expected = network.forward_head(network.forward_features(x), pre_logits=True).numpy()
    np.testing.assert_allclose(chosen.embed_batch(batch), expected, rtol=1e-3, atol=1e-4)
    assert chosen.parameters["weights"] == "r160_in1k"


def test_a_file_that_lacks_a_weight_is_refused(hub):
    network = timm().create_model("test_resnet", pretrained=False)
    placed(hub, "test_resnet.r160_in1k", network, left_out=["layer1.0.conv1.weight"])
    with pytest.raises(RuntimeError, match=r"layer1\.0\.conv1"):
        features.get("timm:test_resnet").embed(PICTURES)


@pytest.mark.parametrize(
    "name,words",
    [
        ("tea_leaves", "no network called"),
        ("hf-hub:timm/test_resnet.r160_in1k", "no network called"),
        ("local-dir:/etc", "no network called"),
        ("test_resnet.tea", "no weights called"),
        ("botnet50ts_256", "no weights for"),
    ],
)
def test_networks_that_there_are_not(hub, name, words):
    with pytest.raises(ValueError, match=words):
        features.get(f"timm:{name}").embed(PICTURES)


def test_no_name_asks_for_untrained_weights():
    for told in ("test_resnet,untrained", "test_resnet,untrained=True"):
        with pytest.raises(ValueError, match="neither grey"):
            features.get(f"timm:{told}")
    assert features.get("timm:test_resnet").parameters["weights"] == "r160_in1k"
    told = TimmNetwork("test_resnet", untrained=True).parameters
    assert told["weights"] == "untrained"


def test_timm_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(PackageMissing, match="pip install timm"):
        features.get("timm:test_resnet").embed(PICTURES)


def test_a_name_with_pixels_needs_no_timm_to_prepare_pictures():
    code = (
        "import sys; from PIL import Image; from ml import features;"
        "f = features.get('pca-8:timm:test_resnet,64'); f.preprocess(Image.new('RGB', (9, 9)));"
        "assert not {'torch', 'timm', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
