"""The formats by key, and which of them a file looks like."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from labeler.formats import (
    coco,
    columns,
    cvat,
    fiftyone,
    fitting,
    google,
    grids,
    label_studio,
    label_studio_min,
    named_files,
    parquet,
    sagemaker,
    text,
    workbook,
)
from labeler.formats.columns import is_path
from labeler.formats.fitting import Read
from labeler.formats.record import NAMED, Record

Write = Callable[[Iterable[Record], Sequence[str], bool], Iterator[str]]
Simple = Callable[[Iterable[Record], Sequence[str]], Iterator[str]]
HEAD = 65_536  # bytes of a file that tell its format


@dataclass(frozen=True)
class Readable:
    """A way to write down images and their labels, as far as it is read."""

    key: str
    title: str
    suffix: str
    media_type: str
    read: Read  # raises BadFile; gives no record that cannot be stored

    def __post_init__(self) -> None:
        object.__setattr__(self, "read", fitting.checked(self.read))


@dataclass(frozen=True)
class Format(Readable):
    """A way that is written too. `write` takes (records, labels, multi)."""

    write: Write
    multi: bool = True  # whether it holds several labels of an image


def _simple(write: Simple) -> Write:
    return lambda records, labels, multi: write(records, labels)


WRITTEN = {
    each.key: each
    for each in (
        Format(
            "automl", "AutoML Vision CSV",
            ".csv", "text/csv", google.read_csv, _simple(google.write_automl),
        ),
        Format(
            "vertex-csv", "Vertex AI CSV",
            ".csv", "text/csv", google.read_csv, _simple(google.write_vertex_csv),
        ),
        Format(
            "vertex", "Vertex AI JSON Lines",
            ".jsonl", "application/jsonl", google.read_vertex, _simple(google.write_vertex),
        ),
        Format(
            "label-studio", "Label Studio JSON",
            ".json", "application/json", label_studio.read, _simple(label_studio.write),
        ),
        Format(
            "sagemaker", "SageMaker manifest",
            ".manifest", "application/jsonl", sagemaker.read,
            lambda records, labels, multi: sagemaker.write(records, labels, multi=multi),
        ),
        Format(
            "coco", "COCO",
            ".json", "application/json", coco.read, _simple(coco.write),
        ),
        Format(
            "cvat", "CVAT for images 1.1",
            ".xml", "application/xml", cvat.read, _simple(cvat.write),
        ),
        Format(
            "fiftyone", "FiftyOne labels.json",
            ".json", "application/json", fiftyone.read,
            lambda records, labels, multi: fiftyone.write(records, labels, multi=multi),
        ),
        Format(
            "huggingface-csv", "Hugging Face metadata.csv",
            ".csv", "text/csv", named_files.read_csv, _simple(named_files.write_csv), multi=False,
        ),
        Format(
            "huggingface", "Hugging Face metadata.jsonl",
            ".jsonl", "application/jsonl", named_files.read_lines,
            lambda records, labels, multi: named_files.write_lines(records, labels, multi=multi),
        ),
        Format(
            "doccano", "doccano JSON Lines",
            ".jsonl", "application/jsonl", named_files.read_doccano,
            _simple(named_files.write_doccano),
        ),
    )
}  # fmt: skip


READ_ONLY = (
    Readable("parquet", "Parquet", ".parquet", "application/vnd.apache.parquet", parquet.read),
    Readable(
        "label-studio-csv", "Label Studio CSV", ".csv", "text/csv", label_studio_min.read_csv
    ),
    Readable(
        "cvat-manifest", "CVAT dataset manifest",
        ".jsonl", "application/jsonl", cvat.read_manifest,
    ),
)  # fmt: skip
# Every format that is read. `WRITTEN` has those that are written as text.
FORMATS: dict[str, Readable] = {**WRITTEN, **{each.key: each for each in READ_ONLY}}
TABLES = (".csv", ".tsv", ".tab", ".xlsx")


def recognise(head: bytes, name: str = "") -> str | None:
    """The key of the format whose beginning this is, "table" for any table of files, or None.

    `head`: the first HEAD bytes. `name` is a hint: what is called .csv is a table, if a broken one.
    """
    suffix = PurePosixPath(name.casefold()).suffix
    return _known(head) or _other(head, suffix)


def _known(head: bytes) -> str | None:
    if head.startswith(parquet.MAGIC):
        return "parquet"
    start = text.decoded(head).lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return "cvat" if "<annotations" in start else None
    if start.startswith("["):
        return "label-studio" if _is_tasks(start) else None
    if start.startswith("{"):
        return _line(start.splitlines()[0]) or _document(start)
    return _table(start) if start and grids.delimiter_of(head) == "," else None


def _other(head: bytes, suffix: str) -> str | None:
    """ "table", or None."""
    if head.startswith(workbook.MAGIC):
        return "table" if suffix in TABLES or b"[Content_Types].xml" in head else None
    if suffix in TABLES:
        return "table"
    return "table" if grids.looks_like_one(head) else None


def _has(start: str, *keys: str) -> bool:
    return all(re.search(rf'"{key}"\s*:', start) for key in keys)


def _is_tasks(start: str) -> bool:
    """Whether it begins as an array of Label Studio's tasks, or of JSON-MIN's rows."""
    told = _has(start, "annotations") or _has(start, "predictions")
    return (told and _has(start, "data")) or _has(start, *label_studio_min.SIGNS)


def _document(start: str) -> str | None:
    if _has(start, "data") and (_has(start, "annotations") or _has(start, "predictions")):
        return "label-studio"
    if _has(start, "result", "task", "data"):
        return "label-studio"
    if _has(start, "categories") or _has(start, "file_name"):
        return "coco"
    return "fiftyone" if _has(start, "classes") or re.match(r'\{\s*"labels"', start) else None


LINES = (
    ({"imageGcsUri"}, "vertex"),
    ({"instance", "prediction"}, "vertex"),
    ({"source-ref"}, "sagemaker"),
    ({"file_name"}, "huggingface"),
    ({"filename", "label"}, "doccano"),
    ({"data", "annotations"}, "label-studio"),
    ({"data", "predictions"}, "label-studio"),
    ({"result", "task"}, "label-studio"),
)


def _line(first: str) -> str | None:
    """The format whose lines look like the first one."""
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if set(found) == {"version"}:
        return "cvat-manifest"
    return next((key for wanted, key in LINES if wanted <= set(found)), None)


def _table(start: str) -> str | None:
    rows = grids.parsed(start, ",")
    cells = [cell.strip() for cell in rows[0]] if rows else [""]
    if {"file_name", "label"} <= set(cells):
        return "huggingface-csv"
    if set(cells) >= label_studio_min.SIGNS:
        return "label-studio-csv"
    if cells[0].casefold() in NAMED and len(cells) > 1:
        return "automl"
    starts = is_path(cells[0]) and columns.names_files(rows)
    return "automl" if starts and all(map(_is_automl, rows)) else None


def _is_automl(row: list[str]) -> bool:
    """Whether what follows the path may be labels: no split, number or list."""
    return not any(
        cell.strip().casefold() in NAMED or cell.strip().startswith("[") or _is_number(cell)
        for cell in row[1:]
    )


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"\s*[01]?\.\d+\s*", cell) is not None
