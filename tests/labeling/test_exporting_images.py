"""Archives that bring the pictures along."""

import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest

from labeler.labeling import agreed, exporting
from labeler.labeling.selection import Selection
from labeler.pools import storage
from labeler.pools.models import Image
from labeler.projects.models import Label
from tests.conftest import picture


def opened(bench, key, **chosen):
    pieces = exporting.FORMATS[key].pieces(bench.project, Selection(**chosen), images=True)
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_a_tree_has_a_folder_per_split_and_label(pool):
    Label.objects.filter(pk=pool.labels_by_name["rust"]).update(name="a/b")
    with opened(pool, "imagefolder") as found:
        assert found.testzip() is None
        assert sorted(found.namelist()) == [
            "labels.jsonl", "test/mildew/leaf-3-3.png", "train/a%2Fb/leaf-1-1.png",
            "train/healthy/leaf-0-0.png", "unassigned/mildew/leaf-5-5.png",
            "val/a%2Fb/leaf-2-2.png",
        ]  # fmt: skip
        assert found.read("train/healthy/leaf-0-0.png") == picture(0)
        told = [json.loads(line) for line in found.read("labels.jsonl").splitlines()]
    assert {(t["name"], t["label"], t["by"]) for t in told} >= {("leaf-1.png", "a/b", "people")}


def test_guesses_that_a_tool_cannot_mark_are_marked_beside_it(pool, model):
    with opened(pool, "coco", by="all") as found:
        told = [json.loads(line) for line in found.read("labels.jsonl").splitlines()]
    assert [t["by"] for t in told].count(agreed.MODELS_OWN) == 2
    with opened(pool, "label-studio", by="all") as found:
        assert "labels.jsonl" not in found.namelist()


def test_yolo_has_train_even_without_splits(pool):
    with opened(pool, "yolo", splits=("none",)) as found:
        assert found.namelist() == ["train/mildew/leaf-5-5.png", "labels.jsonl"]


@pytest.mark.parametrize("key", [f.key for f in exporting.FORMATS.values() if f.images == "may"])
def test_every_archive_holds_pictures_and_labels_that_fit(pool, key):
    if key == "parquet":
        pieces = exporting.FORMATS[key].pieces(pool.project, images=True)
        table = pq.read_table(io.BytesIO(b"".join(pieces))).to_pylist()
        assert [row["image"]["bytes"] for row in table] == [picture(n) for n in (0, 1, 2, 3, 5)]
        assert [row["label"] for row in table] == [0, 1, 1, 2, 2]
        return
    with opened(pool, key) as found:
        assert found.testzip() is None
        names = found.namelist()
        pictures = [name for name in names if name.endswith(".png")]
        assert len(pictures) == len(set(pictures)) == 5
        assert all(not name.startswith(("/", ".")) and ".." not in name for name in names)
        text = b"".join(found.read(name) for name in names if not name.endswith(".png")).decode()
        for path in pictures:
            assert path.rpartition("/")[2].removesuffix(".png") in text


def test_a_picture_that_cannot_be_read_is_named_and_left_out(pool):
    image = Image.objects.get(project=pool.project, row=1)
    storage.default_storage.delete(storage.name_of(pool.project.pk, image.sha256))
    with opened(pool, "coco") as found:
        assert "images/leaf-1-1.png" not in found.namelist()
        assert "leaf-1.png" in found.read("missing.txt").decode()
        told = json.loads(found.read("annotations.json"))
    assert len(told["images"]) == 4


def test_a_reader_who_hangs_up_leaves_nothing_open(pool):
    pieces = exporting.FORMATS["coco"].pieces(pool.project, images=True)
    next(pieces)
    pieces.close()
