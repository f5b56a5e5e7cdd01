"""What other tools hand over: their files as they write them, with pictures beside."""

import io
import json
from collections.abc import Callable

from openpyxl import Workbook

from labeler.formats import parquet
from labeler.formats.record import Record
from tests.conftest import picture
from tests.pools.conftest import File, zipped

Told = tuple[tuple[str, ...] | None, str]  # labels, split


def images(*names: str) -> list[File]:
    """A small picture for each name, all different."""
    return [(name, picture(n)) for n, name in enumerate(names)]


def text(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def automl() -> tuple[list[File], dict[str, Told]]:
    rows = text(
        "TRAIN,gs://leaves/2024/0.png,rust",
        "VALIDATION,gs://leaves/2024/1.png,mildew",
        "TEST,gs://leaves/2024/2.png,rust",
        "UNASSIGNED,gs://leaves/2024/3.png",
    )
    return [("all_data.csv", rows), *images("0.png", "1.png", "2.png", "3.png")], {
        "0.png": (("rust",), "train"),
        "1.png": (("mildew",), "validation"),
        "2.png": (("rust",), "test"),
        "3.png": (None, ""),
    }


def vertex_csv() -> tuple[list[File], dict[str, Told]]:
    rows = text(
        "training,gs://leaves/a/0.png,rust",
        "gs://leaves/b/0.png,mildew",
        "test,gs://leaves/c/0.png,healthy",
    )
    return [("vertex.csv", rows), *images("a/0.png", "b/0.png", "c/0.png")], {
        "a/0.png": (("rust",), "train"),
        "b/0.png": (("mildew",), ""),
        "c/0.png": (("healthy",), "test"),
    }


def vertex() -> tuple[list[File], dict[str, Told]]:
    rows = text(
        '{"imageGcsUri": "gs://leaves/0.png", "classificationAnnotation": {"displayName": "rust"}, '
        '"dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "test"}}',
        '{"imageGcsUri": "gs://leaves/1.png", "classificationAnnotations": '
        '[{"displayName": "mildew"}]}',
    )
    return [("vertex.jsonl", rows), *images("0.png", "1.png")], {
        "0.png": (("rust",), "test"),
        "1.png": (("mildew",), ""),
    }


def label_studio() -> tuple[list[File], dict[str, Told]]:
    def chosen(name: str) -> dict:
        control = {"from_name": "choice", "to_name": "image", "type": "choices"}
        return {"result": [control | {"value": {"choices": [name]}}], "was_cancelled": False}

    tasks = [
        {"id": 1, "data": {"image": "/data/upload/3/1b2c3d4e-0.png"}, "predictions": [],
         "annotations": [chosen("rust")]},
        {"id": 2, "data": {"image": "/data/local-files/?d=leaves/1.png"}, "annotations": [],
         "predictions": [chosen("mildew") | {"score": 0.83, "model_version": "resnet-7"}]},
    ]  # fmt: skip
    files = images("0.png", "leaves/1.png")
    return [("project-1-at-2024-05-01.json", json.dumps(tasks).encode()), *files], {
        "0.png": (("rust",), ""),
        "leaves/1.png": (None, ""),
    }


def sagemaker() -> tuple[list[File], dict[str, Told]]:
    def told(name: str, human: str) -> dict:
        return {"class-name": name, "confidence": 0.7, "human-annotated": human,
                "type": "groundtruth/image-classification"}  # fmt: skip

    rows = [
        {"source-ref": "s3://leaves/0.png", "kind": 1, "kind-metadata": told("rust", "yes")},
        {"source-ref": "s3://leaves/1.png", "kind": 0, "kind-metadata": told("mildew", "no")},
    ]
    return [("output.manifest", text(*map(json.dumps, rows))), *images("0.png", "1.png")], {
        "0.png": (("rust",), ""),
        "1.png": (None, ""),
    }


def coco() -> tuple[list[File], dict[str, Told]]:
    told = {
        "info": {"year": 2024},
        "images": [{"id": n, "file_name": f"{n}.png", "width": 32, "height": 24} for n in (0, 1)],
        "annotations": [{"id": 7, "image_id": 1, "category_id": 3}],
        "categories": [{"id": 3, "name": "rust", "supercategory": "leaf"}],
    }
    files = images("images/0.png", "images/1.png")
    return [("annotations/labels.json", json.dumps(told).encode()), *files], {
        "images/0.png": (None, ""),
        "images/1.png": (("rust",), ""),
    }


def cvat() -> tuple[list[File], dict[str, Told]]:
    xml = text(
        '<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "<version>1.1</version>",
        '<image id="0" name="0.png" subset="Train" width="32" height="24">',
        '<tag label="rust" source="manual"></tag></image>',
        '<image id="1" name="1.png" subset="Test" width="32" height="24"></image>',
        "</annotations>",
    )  # fmt: skip
    packed = zipped([("annotations.xml", xml), *images("images/0.png", "images/1.png")])
    return [("task.zip", packed)], {
        "images/0.png": (("rust",), "train"),
        "images/1.png": (None, "test"),
    }


def fiftyone() -> tuple[list[File], dict[str, Told]]:
    told = {"classes": ["mildew", "rust"], "labels": {"a.b": 1, "c": 0, "d": None}}
    files = images("data/a.b.png", "data/c.png", "data/d.png")
    return [("labels.json", json.dumps(told).encode()), *files], {
        "data/a.b.png": (("rust",), ""),
        "data/c.png": (("mildew",), ""),
        "data/d.png": (None, ""),
    }


def huggingface_csv() -> tuple[list[File], dict[str, Told]]:
    train, test = text("file_name,label", "0.png,rust"), text("file_name,label", "0.png,mildew")
    files = images("train/0.png", "test/0.png")
    return [("train/metadata.csv", train), ("test/metadata.csv", test), *files], {
        "train/0.png": (("rust",), "train"),
        "test/0.png": (("mildew",), "test"),
    }


def huggingface() -> tuple[list[File], dict[str, Told]]:
    rows = text('{"file_name": "0.png", "label": "rust"}', '{"file_name": "x/1.png"}')
    packed = zipped([("set/metadata.jsonl", rows), *images("set/0.png", "set/x/1.png")])
    return [("set.zip", packed)], {"set/0.png": (("rust",), ""), "set/x/1.png": (None, "")}


def doccano() -> tuple[list[File], dict[str, Told]]:
    rows = text('{"id": 1, "filename": "0.png", "label": ["rust"], "Comments": []}')
    return [("all.jsonl", rows), *images("0.png")], {"0.png": (("rust",), "")}


def table() -> tuple[list[File], dict[str, Told]]:
    rows = "\ufeffPicture;Class;Split\r\nC:\\leaves\\0.png;Rust ;train\r\n.\\1.png;mildew;dev\r\n"
    return [("leaves.csv", rows.encode()), *images("0.png", "1.png")], {
        "0.png": (("rust",), "train"),
        "1.png": (("mildew",), "validation"),
    }


def workbook() -> tuple[list[File], dict[str, Told]]:
    book, out = Workbook(), io.BytesIO()
    for row in (["file", "label"], ["0.png", "rust"], ["1.png", None]):
        book.active.append(row)
    book.save(out)
    return [("leaves.xlsx", out.getvalue()), *images("0.png", "1.png")], {
        "0.png": (("rust",), ""),
        "1.png": (None, ""),
    }


def parquet_with_pictures() -> tuple[list[File], dict[str, Told]]:
    """Two shards of one split and one of another, the same names in each."""
    files, told = [], {}
    for n, (shard, split) in enumerate(
        [("train-00000-of-00002", "train"), ("train-00001-of-00002", "train"),
         ("test-00000-of-00001", "test")]
    ):  # fmt: skip
        out, data = io.BytesIO(), picture(n)
        parquet.write(
            [Record("0.png", ("rust",) if n else None)], ["healthy", "rust"], out, multi=False,
            picture=lambda record, data=data: data,
        )  # fmt: skip
        name = f"data/{shard}.parquet"
        files.append((name, out.getvalue()))
        told[f"{name}/0.png"] = (("rust",) if n else None, split)
    return files, told


def tree() -> tuple[list[File], dict[str, Told]]:
    names = ["set/train/rust/0.png", "set/val/mildew/0.png", "set/test/rust/1.png"]
    splits = ["train", "validation", "test"]
    labels = ["rust", "mildew", "rust"]
    each = zip(names, labels, splits, strict=True)
    return images(*names), {name: ((label,), split) for name, label, split in each}


DELIVERIES: dict[str, Callable[[], tuple[list[File], dict[str, Told]]]] = {
    "automl": automl,
    "vertex-csv": vertex_csv,
    "vertex": vertex,
    "label-studio": label_studio,
    "sagemaker": sagemaker,
    "coco": coco,
    "cvat": cvat,
    "fiftyone": fiftyone,
    "huggingface-csv": huggingface_csv,
    "huggingface": huggingface,
    "doccano": doccano,
    "table": table,
    "xlsx": workbook,
    "parquet": parquet_with_pictures,
    "tree": tree,
}
