import os
import sys

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from ml import features
from ml.features import onnx_file
from ml.features.onnx_file import OnnxRefused
from ml.features.packages import PackageMissing
from tests.ml.onnx_files import convolved, tiny


def picture(seed, size=(40, 30)):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))


PICTURES = [picture(seed) for seed in range(3)]
IMAGENET = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], dtype=np.float32)


@pytest.fixture(autouse=True)
def any_file(monkeypatch):
    monkeypatch.setattr(onnx_file._Allowed, "folders", None)


def prepared(chosen):
    return np.stack([chosen.preprocess(image) for image in PICTURES])


def by_hand(file, chosen, mean, std):
    x = (prepared(chosen).astype(np.float32) / 255 - mean) / std
    return -convolved(file, np.moveaxis(x, 3, 1))


def close(vectors, expected):
    np.testing.assert_allclose(vectors, expected, rtol=1e-3, atol=1e-4)


class TestWhatTheFileTakes:
    @pytest.mark.parametrize("last", [False, True])
    def test_colours_first_or_last(self, tmp_path, last):
        file = tiny(tmp_path / "a.onnx", last=last)
        chosen = features.get(f"onnx:{file},32")
        assert chosen.size == (32, 32)
        close(chosen.embed(PICTURES), by_hand(file, chosen, *IMAGENET))

    @pytest.mark.parametrize("last", [False, True])
    def test_bytes_go_in_as_they_are(self, tmp_path, last):
        file = tiny(tmp_path / "a.onnx", last=last, kind=TensorProto.UINT8)
        chosen = features.get(f"onnx:{file},32")
        close(chosen.embed(PICTURES), by_hand(file, chosen, 0, 1 / 255))

    def test_half_floats(self, tmp_path):
        file = tiny(tmp_path / "a.onnx", kind=TensorProto.FLOAT16)
        chosen = features.get(f"onnx:{file},32")
        np.testing.assert_allclose(
            chosen.embed(PICTURES), by_hand(file, chosen, *IMAGENET), rtol=1e-2, atol=1e-2
        )

    def test_one_channel_sees_grey(self, tmp_path):
        chosen = features.get(f"onnx:{tiny(tmp_path / 'a.onnx', channels=1)},unit,32")
        assert prepared(chosen).shape == (3, 32, 32)
        grey = [image.convert("L").convert("RGB") for image in PICTURES]
        np.testing.assert_array_equal(chosen.embed(PICTURES), chosen.embed(grey))

    def test_its_own_size(self, tmp_path):
        file = tiny(tmp_path / "a.onnx", side=48)
        assert features.get(f"onnx:{file}").size == (48, 48)
        with pytest.raises(OnnxRefused, match="takes 48 x 48 pixels and no others"):
            _ = features.get(f"onnx:{file},64").size
        assert features.get(f"onnx:{tiny(tmp_path / 'b.onnx')}").size == (224, 224)


class TestWhatTheNumbersAre:
    @pytest.mark.parametrize(
        "words,mean,std",
        [
            (",raw", 0, 1 / 255),
            (",unit", 0, 1),
            (",signed", 0.5, 0.5),
            (",mean=0.1/0.2/0.3,std=0.5", np.float32([0.1, 0.2, 0.3]), 0.5),
        ],
    )
    def test_the_name_says(self, tmp_path, words, mean, std):
        file = tiny(tmp_path / "a.onnx", metadata={"mean": "9", "std": "9"})
        chosen = features.get(f"onnx:{file},32{words}")
        close(chosen.embed(PICTURES), by_hand(file, chosen, mean, std))

    @pytest.mark.parametrize(
        "metadata,mean,std",
        [
            ({"mean": "0.1/0.2/0.3", "std": "0.5"}, np.float32([0.1, 0.2, 0.3]), 0.5),
            ({"Image.NominalPixelRange": "NominalRange_0_255"}, 0, 1 / 255),
            ({"Image.NominalPixelRange": "Normalized_1_1"}, 0.5, 0.5),
        ],
    )
    def test_else_the_file_says(self, tmp_path, metadata, mean, std):
        file = tiny(tmp_path / "a.onnx", metadata=metadata)
        chosen = features.get(f"onnx:{file},32")
        close(chosen.embed(PICTURES), by_hand(file, chosen, mean, std))

    @pytest.mark.parametrize("kind", [TensorProto.FLOAT, TensorProto.UINT8])
    def test_blue_may_come_first(self, tmp_path, kind):
        swapped = [Image.fromarray(np.asarray(image)[..., ::-1]) for image in PICTURES]
        file = tiny(tmp_path / "a.onnx", kind=kind)
        told = tiny(tmp_path / "b.onnx", kind=kind, metadata={"Image.BitmapPixelFormat": "Bgr8"})
        expected = features.get(f"onnx:{file},32,unit").embed(swapped)
        close(features.get(f"onnx:{file},32,unit,bgr").embed(PICTURES), expected)
        close(features.get(f"onnx:{told},32,unit").embed(PICTURES), expected)
        assert np.abs(features.get(f"onnx:{told},32,unit,rgb").embed(PICTURES) - expected).max() > 0

    @pytest.mark.parametrize(
        "words",
        ["raw,unit", "rgb,bgr", "raw,mean=1", "mean=a", "mean=1/2", "std=0", "rawish", "blue",
         "32,64", "raw,raw", "sha-123"],
    )  # fmt: skip
    def test_words_that_say_nothing_are_refused(self, tmp_path, words):
        file = tiny(tmp_path / "a.onnx")
        with pytest.raises(ValueError):
            features.get(f"onnx:{file},{words}")


class TestWhatComesOut:
    def test_the_first_vector_even_after_a_map(self, tmp_path):
        vector = features.get(f"onnx:{tiny(tmp_path / 'a.onnx')},32")
        maps = features.get(f"onnx:{tiny(tmp_path / 'b.onnx', vector=False)},32")
        close(maps.embed(PICTURES), -vector.embed(PICTURES))

    def test_outputs_are_joined_as_named(self, tmp_path):
        file = tiny(tmp_path / "a.onnx")
        both = features.get(f"onnx:{file}@vector+maps,32")
        assert both.dimensions == 10
        table = both.embed(PICTURES)
        close(table[:, 5:], -table[:, :5])
        with pytest.raises(OnnxRefused, match="no output 'tea'; it has maps, vector"):
            features.get(f"onnx:{file}@tea,32").embed(PICTURES)


class TestBadFiles:
    @pytest.mark.parametrize("data", [b"", b"tea leaves", None])
    def test_a_damaged_file(self, tmp_path, data):
        file = tiny(tmp_path / "a.onnx")
        file.write_bytes(file.read_bytes()[:-20] if data is None else data)
        with pytest.raises(OnnxRefused, match="damaged"):
            features.get(f"onnx:{file}").embed(PICTURES)

    @pytest.mark.parametrize(
        "made,words",
        [
            ({"batch": 1}, "dynamic first dimension"),
            ({"channels": 4}, "neither the second nor the last"),
            ({"kind": TensorProto.INT64}, "float or uint8"),
        ],
    )
    def test_no_network_of_pictures(self, tmp_path, made, words):
        with pytest.raises(OnnxRefused, match=words):
            features.get(f"onnx:{tiny(tmp_path / 'a.onnx', **made)}").embed(PICTURES)

    def test_weights_in_another_file_are_not_read(self, tmp_path, monkeypatch):
        file = tiny(tmp_path / "a.onnx", external="weights.bin")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(OnnxRefused, match="its weights inside"):
            features.get(f"onnx:{file}").embed(PICTURES)

    def test_a_changed_file_is_another_set(self, tmp_path):
        file = tiny(tmp_path / "a.onnx")
        before = features.get(f"onnx:{file},32")
        tiny(file, seed=1)
        os.utime(file, ns=(1, 1))
        after = features.get(f"onnx:{file},32")
        assert before.name != after.name
        assert before.version != after.version
        assert before.digest in before.name
        with pytest.raises(OnnxRefused, match="no longer the file"):
            before.embed(PICTURES)
        with pytest.raises(OnnxRefused, match="no longer the file"):
            features.get(before.name).embed(PICTURES)

    def test_onnxruntime_missing(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        chosen = features.get(f"onnx:{tiny(tmp_path / 'a.onnx')}")
        with pytest.raises(PackageMissing, match="pip install onnxruntime"):
            chosen.embed(PICTURES)


class TestWhichFilesMayBeRead:
    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        folder = tmp_path / "models"
        (folder / "birds").mkdir(parents=True)
        tiny(folder / "birds" / "a.onnx")
        tiny(tmp_path / "secret.onnx")
        (folder / "link.onnx").symlink_to(tmp_path / "secret.onnx")
        onnx_file.only_from([folder])
        return folder

    def test_those_in_the_folder_by_their_path_in_it(self, folder):
        chosen = features.get("onnx:birds/a.onnx,32")
        assert chosen.embed(PICTURES).shape == (3, 5)
        assert chosen.name.startswith("onnx:birds/a.onnx,32,sha-")

    @pytest.mark.parametrize(
        "told",
        ["../secret.onnx", "birds/../../secret.onnx", "link.onnx", "{secret}", "nothing.onnx",
         "birds", "birds/../birds/a.onnx", "/etc/passwd", "birds/a.onnx\0"],
    )  # fmt: skip
    def test_no_others(self, folder, told):
        told = told.format(secret=folder.parent / "secret.onnx")
        with pytest.raises(OnnxRefused):
            features.get(f"onnx:{told}")
        with pytest.raises(OnnxRefused):
            features.get(f"onnx:{told},sha-0123456789ab").embed(PICTURES)

    def test_none_where_the_operator_names_no_folder(self, folder):
        onnx_file.only_from([])
        with pytest.raises(OnnxRefused, match="set LABELER_MODELS"):
            features.get("onnx:birds/a.onnx")


def test_labeler_allows_only_what_its_setting_says(monkeypatch, tmp_path, settings):
    from django.apps import apps

    from labeler.work import kinds

    monkeypatch.setattr(kinds, "KINDS", {})  # getting ready registers, and twice is a mistake
    settings.MODELS = [tmp_path]
    apps.get_app_config("roof").ready()
    assert onnx_file._Allowed.folders == [tmp_path.resolve()]
