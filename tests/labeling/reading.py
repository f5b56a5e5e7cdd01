"""Run in the readers' own environment: a tool's reader opens what Labeler exported.

python reading.py READER PATH prints {"file name's stem": label or labels} as JSON. Nothing of
Labeler writes or reads here.
"""

import json
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote


def stem(path):
    return PurePosixPath(str(path)).stem


def torchvision_tree(path):
    """Every split of the folder tree, through `ImageFolder`."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from ml.torchvision_ops import import_torchvision  # importable beside any torch

    image_folder = import_torchvision().datasets.ImageFolder
    found = {}
    for split in sorted(p for p in path.iterdir() if p.is_dir()):
        folder = image_folder(split)
        for place, (file, number) in enumerate(folder.samples):
            assert folder[place][0].size == (32, 24)
            found[stem(file)] = unquote(folder.classes[number])
    return found


def datasets_folder(path):
    """The metadata beside the images, through `load_dataset("imagefolder")`."""
    from datasets import Image, load_dataset

    found = {}
    for split, rows in load_dataset("imagefolder", data_dir=str(path)).items():
        assert rows[0]["image"].size == (32, 24)
        for row in rows.cast_column("image", Image(decode=False)):
            found[stem(row["image"]["path"])] = row["label"]
        assert split in ("train", "validation", "test")
    return found


def datasets_tree(path):
    """The folder tree itself: labels are folder names."""
    from datasets import Image, load_dataset

    found = {}
    for rows in load_dataset("imagefolder", data_dir=str(path), drop_metadata=True).values():
        names = rows.features["label"].names
        for row in rows.cast_column("image", Image(decode=False)):
            found[stem(row["image"]["path"])] = unquote(names[row["label"]])
    return found


def datasets_parquet(path):
    """Images and labels from one Parquet file; `image` is decoded without being told."""
    from datasets import Image, load_dataset

    rows = load_dataset("parquet", data_files=str(path))["train"]
    assert rows[0]["image"].size == (32, 24)
    names = rows.features["label"].names
    plain = rows.cast_column("image", Image(decode=False))
    return {stem(row["image"]["path"]): names[row["label"]] for row in plain}


def pandas_parquet(path):
    """The labels are numbers, whose names the schema holds."""
    import pandas
    from pyarrow.parquet import read_schema

    told = json.loads(read_schema(path).metadata[b"huggingface"])
    names = told["info"]["features"]["label"]["names"]
    table = pandas.read_parquet(path)
    assert all(len(each["bytes"]) > 50 for each in table["image"])
    pairs = zip(table["image"], table["label"], strict=True)
    return {stem(image["path"]): names[number] for image, number in pairs}


def pandas_csv(path):
    """The spreadsheet's table: a cell that would be a formula wears a quote."""
    import pandas

    table = pandas.read_csv(path, keep_default_na=False)
    names = table["labels"].str.removeprefix("'")
    return dict(zip(table["name"].map(stem), names, strict=True))


def pandas_json_lines(path):
    import pandas

    table = pandas.read_json(path, lines=True)
    return {
        stem(name): labels[0] for name, labels in zip(table["name"], table["labels"], strict=True)
    }


def pandas_decisions(path):
    import pandas

    table = pandas.read_parquet(path)
    assert str(table["answered_at"].dtype).startswith("datetime64")
    table = table[table["current"] & (table["kind"] == "labels")]
    return {
        stem(name): labels[0] for name, labels in zip(table["name"], table["labels"], strict=True)
    }


def label_studio(path):
    """The tasks fit the labeling configuration beside them; the converter reads them."""
    from label_studio_sdk.converter import Converter
    from label_studio_sdk.label_interface import LabelInterface

    config = (path / "config.xml").read_text(encoding="utf-8")
    interface = LabelInterface(config)
    tasks = json.loads((path / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        assert interface.validate_task({"data": task["data"]})
        assert all(interface.validate_annotation(each) for each in task["annotations"])
        assert all(interface.validate_prediction(each) for each in task["predictions"])
        assert (path / task["data"]["image"]).is_file()
    given = path / "tasks"
    given.mkdir()
    (path / "tasks.json").rename(given / "tasks.json")
    for number, task in enumerate(tasks, 1):
        task["id"] = number
    (given / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    out = path / "converted"
    Converter(config, str(path)).convert_to_json_min(str(given), str(out), is_dir=True)
    (made,) = out.glob("*.json")
    return {stem(t["image"]): t["choice"] for t in json.loads(made.read_text(encoding="utf-8"))}


def fiftyone_labels(path):
    """`labels.json` and `data/`, through FiftyOne's importer."""
    from fiftyone.utils.data import FiftyOneImageClassificationDatasetImporter

    with FiftyOneImageClassificationDatasetImporter(dataset_dir=str(path)) as importer:
        return {stem(file): label.label for file, _, label in importer}


if __name__ == "__main__":
    told = globals()[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(told))
