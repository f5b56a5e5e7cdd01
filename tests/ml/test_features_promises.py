"""What every feature set promises, kept by each of them that needs no download."""

import json
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from ml import features
from ml.features import onnx_file
from ml.features.asked import Asked
from ml.features.autoencoder import Autoencoder
from ml.features.base import FeatureSet
from ml.features.finetuned import FineTuned
from ml.features.hog import HogColour
from ml.features.pca import Pca
from ml.features.pixels import Pixels
from ml.features.timm_set import TimmNetwork
from tests.ml.onnx_files import tiny

NAMES = [
    *features.FEATURES,
    "pca:pixels",
    "pca-6:hog",
    "pca-0.5:efficientnet_lite0",
    "itq-16:pixels_colour",
    "hash-24:hog",
    "pca-3:autoencoder",
    "finetuned:efficientnet_lite0@stage3+stage1,grey,64",
    "finetuned-all:efficientnet_lite0,64",
]
# Their weights, or their file, are made here.
NETWORKS = [
    "efficientnet_lite0@stage3+stage1,grey,64",
    "torchvision:resnet18@layer2+last,64",
    "timm:test_resnet@layer3+last",
    "timm:test_vit@blocks.2+last,grey,96",
    "onnx:tiny",
    "pca-3:onnx:tiny",
]


def picture(seed, size=(50, 70)):
    """Soft shapes: noise alone would leave nothing to learn."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (5, 7, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


POOL = [picture(seed) for seed in range(40)]
PICTURES = POOL[:6]


def quick(name) -> FeatureSet:
    """The set of this name; one that trains a network does so for two passes only."""
    if name.startswith("timm:"):
        asked = Asked.read(name.removeprefix("timm:"))
        return TimmNetwork(
            asked.network, asked.side, layers=asked.layers, grey=asked.grey, untrained=True
        )
    if name.startswith("finetuned"):
        how, _, below = name.partition(":")
        return FineTuned(features.get(below), every=how.endswith("all"), epochs=2)
    if "autoencoder" not in name:
        return features.get(name)
    if name.startswith("pca"):
        return Pca(quick("autoencoder"), components=3)
    return Autoencoder(variational=name.startswith("variational"), epochs=2, width=4)


def fitted(chosen, pool=POOL, **options) -> FeatureSet:
    """The set, fitted; with labels, every other picture's, where it learns from them."""
    if chosen.learns_from_labels:
        return chosen.fit_labeled(pool, np.arange(len(pool)) % 2, n_labels=2, **options)
    return chosen.fit(pool, **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Weights of a torchvision network drawn at random, and the place of a small ONNX file."""
    import torch

    from ml.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision import models

    torch.manual_seed(0)
    weights = models.get_model("resnet18", weights=None).state_dict()
    entry = type(models.get_model_weights("resnet18").DEFAULT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry, "get_state_dict", lambda *_, **__: weights)
        patch.setattr(onnx_file._Allowed, "folders", None)
        yield str(tiny(tmp_path_factory.mktemp("models") / "tiny.onnx"))


@pytest.fixture(scope="module", params=[*NAMES, *NETWORKS])
def chosen(request, made):
    return fitted(quick(request.param.replace("onnx:tiny", f"onnx:{made},64")))


def test_vectors_have_their_shape_and_type(chosen):
    table = chosen.embed(PICTURES)
    assert table.shape == (6, chosen.dimensions)
    assert table.dtype == np.float32
    features.check_features(table, chosen.dimensions)
    assert np.abs(table).max() < 65504
    assert chosen.version
    json.dumps(dict(chosen.parameters))


def test_the_name_gives_the_set_again(chosen):
    again = features.get(chosen.name)
    assert (again.name, again.version) == (chosen.name, chosen.version)
    assert type(again) is type(chosen)


def test_a_prepared_picture_has_the_size_that_is_told(chosen):
    prepared = chosen.preprocess(PICTURES[0])
    assert prepared.dtype == np.uint8
    assert prepared.shape[:2] == chosen.size[::-1]


def test_the_same_pictures_give_the_same_rows(chosen):
    np.testing.assert_array_equal(chosen.embed(PICTURES), chosen.embed(PICTURES))


def test_order_and_company_of_pictures_do_not_matter(chosen):
    table = chosen.embed(PICTURES)
    scale = np.abs(table).max()
    turned = chosen.embed(PICTURES[::-1])
    np.testing.assert_allclose(turned[::-1], table, atol=1e-4 * scale)
    many = chosen.embed(PICTURES * 11)
    np.testing.assert_allclose(many[60:], table, atol=1e-4 * scale)
    alone = chosen.embed(PICTURES[3:4])
    np.testing.assert_allclose(alone[0], table[3], atol=1e-4 * scale)


@pytest.mark.parametrize("chunk", [1, 5, 64])
def test_chunks_hold_the_same_rows(chosen, chunk):
    chunks = list(chosen.embed_chunks(POOL, chunk=chunk))
    assert max(map(len, chunks)) <= chunk
    table = chosen.embed(POOL)
    np.testing.assert_allclose(np.concatenate(chunks), table, atol=1e-4 * np.abs(table).max())


def test_different_pictures_differ(chosen):
    table = chosen.embed(PICTURES)
    assert np.abs(table[0] - table[1]).max() > 1e-3


def test_odd_pictures_give_finite_vectors(chosen):
    odd = [
        Image.new("RGB", size, colour)
        for size in ((1, 1), (1, 3000))
        for colour in ("black", "white")
    ]
    assert np.isfinite(chosen.embed(odd)).all()


def test_no_pictures_give_no_rows(chosen):
    assert chosen.embed([]).shape == (0, chosen.dimensions)
    assert list(chosen.embed_chunks([])) == []


def test_what_preprocess_did_not_make_is_refused(chosen):
    batch = np.stack([chosen.preprocess(image) for image in PICTURES])
    not_a_number = batch.astype(np.float32)
    not_a_number[0] = np.nan
    for wrong in (not_a_number, batch[:, 1:], batch[0]):
        with pytest.raises(ValueError, match="uint8 pictures"):
            chosen.embed_batch(wrong)


def test_saving_and_loading_keep_every_number(chosen, tmp_path):
    written = chosen.save(tmp_path)
    assert {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*")} == set(written)
    again = quick(chosen.name.replace("pca-3:autoencoder", "pca:autoencoder")).restore(tmp_path)
    np.testing.assert_array_equal(again.embed(PICTURES), chosen.embed(PICTURES))
    assert again.fingerprint == chosen.fingerprint
    assert again.dimensions == chosen.dimensions


def test_a_damaged_folder_says_so(chosen, tmp_path):
    chosen.save(tmp_path)
    (tmp_path / "features.npz").write_bytes(b"PK and no more")
    with pytest.raises(features.FeaturesDamaged):
        quick(chosen.name).restore(tmp_path)
    (tmp_path / "features.json").write_text("[]")
    with pytest.raises(features.FeaturesDamaged):
        features.load(tmp_path)


LEARNING = [name for name in NAMES if quick(name).learns]


@pytest.mark.parametrize("name", LEARNING)
class TestLearning:
    def test_an_unfitted_set_embeds_nothing(self, name, tmp_path):
        empty = quick(name)
        assert not empty.fitted
        with pytest.raises(features.NotFitted, match="call fit"):
            empty.embed(PICTURES)
        with pytest.raises(features.NotFitted):
            empty.save(tmp_path)

    def test_too_few_pictures_are_refused(self, name):
        for few in ([], POOL[:1]):
            with pytest.raises(ValueError, match=r"(two|20 labeled) images or more"):
                fitted(quick(name), few)

    def test_the_same_pool_and_seed_give_the_same_set(self, name):
        first, second = (fitted(quick(name), seed=3) for _ in range(2))
        assert first.fingerprint == second.fingerprint
        np.testing.assert_array_equal(first.embed(PICTURES), second.embed(PICTURES))

    def test_learning_leaves_random_numbers_of_others_alone(self, name):
        import torch

        torch.manual_seed(5)
        np.random.seed(5)
        expected = torch.rand(3), np.random.random(3)
        torch.manual_seed(5)
        np.random.seed(5)
        fitted(quick(name))
        assert torch.equal(torch.rand(3), expected[0])
        np.testing.assert_array_equal(np.random.random(3), expected[1])

    def test_progress_is_told(self, name):
        told = []
        fitted(quick(name), report=told.append)
        read = [step.done for step in told if step.stage == "reading"]
        assert max(read) == (32 if quick(name).learns_from_labels else len(POOL))
        learning = [step for step in told if step.stage == "learning"]
        if "autoencoder" in name or quick(name).learns_from_labels:
            assert [(step.done, step.total) for step in learning] == [(1, 2), (2, 2)]
            assert all(step.losses["held_out"] > 0 for step in learning)


def test_a_set_of_other_parameters_is_not_read(tmp_path):
    Pixels(side=32).save(tmp_path)
    with pytest.raises(features.FeaturesDamaged, match="parameters"):
        features.load(tmp_path)
    assert Pixels(side=32).restore(tmp_path).dimensions == 1024


def test_what_was_learned_below_is_part_of_the_set(tmp_path):
    pca = Pca(quick("autoencoder"), components=3).fit(POOL)
    pca.save(tmp_path)
    (tmp_path / "of" / "features.npz").unlink()
    with pytest.raises(FileNotFoundError):
        Pca(quick("autoencoder"), components=3).restore(tmp_path)


def test_a_pool_that_can_be_walked_once_is_not_enough_for_two_that_learn():
    with pytest.raises(ValueError, match="walked twice"):
        Pca(quick("autoencoder"), components=3).fit(iter(POOL))


class Lazily:
    """A pool that makes its pictures when they are asked for."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return (picture(seed % 40) for seed in range(self.count))


def peak(work):
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("name", ["pixels_colour", "hog"])
def test_memory_of_embedding_is_that_of_a_chunk(name):
    def walk(count):
        for _ in features.get(name).embed_chunks(Lazily(count), chunk=32):
            pass

    walk(64)
    assert peak(lambda: walk(512)) < 1.3 * peak(lambda: walk(128))


@pytest.mark.parametrize("pool", [1024, 4096])
def test_memory_of_learning_is_that_of_a_chunk(pool):
    rows = np.random.default_rng(0).standard_normal((512, 300)).astype(np.float32)
    few = peak(lambda: Pca(Pixels(), components=20).fit_rows([rows] * 2))
    many = peak(lambda: Pca(Pixels(), components=20).fit_rows([rows] * (pool // 512)))
    assert many < 1.1 * few


@pytest.mark.parametrize("name", ["", "pca:", "pca:tea", "pca-0:hog", "pca-1.5:hog", "itq-7:hog",
                                  "hash-8.5:hog", "pca-x:hog", "hog ", "torchvision:resnet18,9",
                                  "torchvision:resnet18,blue", "torchvision:resnet18@",
                                  "torchvision:resnet18@layer1+layer1", "timm:", "timm:resnet18,,",
                                  "timm:resnet18,64,96", "efficientnet_lite0@stage8",
                                  "efficientnet_lite0,8",
                                  "efficientnet_lite0,grey,grey"])  # fmt: skip
def test_names_that_cannot_be_are_refused(name):
    with pytest.raises(ValueError):
        features.get(name)


def test_settings_that_cannot_be_are_refused():
    for build in (
        lambda: HogColour(60, 8),
        lambda: HogColour(8, 8),
        lambda: Autoencoder(side=50),
        lambda: Autoencoder(dimensions=0),
    ):
        with pytest.raises(ValueError):
            build()
