"""The portable form says what features, head, temperature and merged labels say together."""

import numpy as np
import pytest
from PIL import Image

from ml import calibrated, features, heads
from ml.portable import NotPortable, onnx_graph
from ml.portable.network import Whole, example, vectors_of
from ml.portable.pictures import preparation
from ml.united import united

PLACES = [0, 1, 0]  # the third label was merged into the first


def pictures(n=24):
    rng = np.random.default_rng(1)
    made = rng.integers(0, 256, (n, 12, 12, 3)).astype(np.uint8)
    return [Image.fromarray(each).resize((90, 70), Image.Resampling.BICUBIC) for each in made]


def difference(name, head, kind, path):
    found, images = features.get(name), pictures()
    found.fit(images)
    x = found.embed(images)
    first = np.arange(len(images)) % 3
    answers = first if kind == "single" else np.stack([first == 0, first == 1, x[:, 0] > 0], 1)
    fitted = heads.get(head).fit(x, answers, n_labels=3)
    said = calibrated.apply(fitted.predict_proba(x), 1.3, kind)
    wanted = united(said, PLACES, multi=kind == "multi")
    onnx_graph.write(Whole(found, fitted, 1.3, PLACES), example(found), path, {"a": "b"})
    batch = np.stack([found.preprocess(image) for image in images])
    whole, one = onnx_graph.run(path, batch), onnx_graph.run(path, batch[:1])
    return max(np.abs(whole - wanted).max(), np.abs(one - wanted[:1]).max())


@pytest.mark.parametrize("kind", ["single", "multi"])
@pytest.mark.parametrize("head", list(heads.HEADS))
def test_every_head_says_the_same(head, kind, tmp_path):
    assert difference("pixels", head, kind, tmp_path / "m.onnx") < 1e-5


@pytest.mark.parametrize("name", ["hog", "pixels_colour", "pca-4:hog", "itq-8:hog"])
def test_every_feature_set_says_the_same(name, tmp_path):
    assert difference(name, "logistic", "single", tmp_path / "m.onnx") < 1e-5


def test_a_file_of_ones_own_is_refused(tmp_path, monkeypatch):
    from ml.features import onnx_file
    from tests.ml.onnx_files import tiny

    monkeypatch.setattr(onnx_file._Allowed, "folders", None)
    own = features.get(f"onnx:{tiny(tmp_path / 'own.onnx')},32")
    with pytest.raises(NotPortable, match="cannot be joined"):
        vectors_of(own)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pixels", ("L", False, "bilinear", 3.0)),
        ("hog", ("RGB", False, "bilinear", 2.0)),
        ("pca:efficientnet_lite0,grey", ("RGB", True, "bicubic", 2.0)),
    ],
)
def test_how_pictures_are_prepared_is_told(name, told):
    how = preparation(features.get(name))
    assert (how["mode"], how["grey"], how["resample"], how["reducing_gap"]) == told
