"""Parquet: a row per image, as Hugging Face writes it, or any flat table with paths and labels.

What we write is Hugging Face's shape: `image` with the pictures inside, else `file_name`; `label`
as the number of a class, `labels` as a list of them; beside these all that a record holds.
Source: Hugging Face hub, "Image Dataset".
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

from labeler.formats import arrow, tables
from labeler.formats.arrow import MAGIC, pictures
from labeler.formats.record import BadFile, BadRow, Record

__all__ = ["MAGIC", "pictures", "read", "write"]
OURS = b"labeler"
Picture = Callable[[Record], bytes | None]
GROUP_ROWS, GROUP_BYTES = 10_000, 32_000_000


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The rows with their labels. Raises BadFile."""
    parquet = arrow.opened(file)
    if OURS in (parquet.schema_arrow.metadata or {}):
        yield from _ours(parquet)
        return
    shown = tables.preview(file, "")
    if shown.guess is None:
        there = ", ".join(name[:40] for name in shown.columns[:20]) or "nothing"
        words = f"No column seems to name files. There is: {there}."
        raise BadFile(words, "Call it file_name, or image.")
    yield from tables.read(file, "", shown.guess)


def _ours(parquet: Any) -> Iterator[Record]:
    schema = parquet.schema_arrow
    classes = arrow.class_names(schema)
    wanted = [name for name in schema.names if name != "image"]
    number = 0
    for batch in arrow.batches(
        parquet, [*wanted, *(["image.path"] if "image" in schema.names else [])]
    ):
        for row in batch:
            number += 1
            path = row["image"]["path"] if "image" in row else row["file_name"]
            guesses = tuple(
                (each["label"], each["confidence"]) for each in row["predictions"] or ()
            )
            yield Record(
                path, _labels(row, classes), row["split"] or "", guesses,
                row["model_version"] or "", row["width"] or 0, row["height"] or 0, number,
            )  # fmt: skip


def _labels(row: dict[str, Any], classes: dict[str, list[str]]) -> tuple[str, ...] | None:
    if row["none_of_these"]:
        return ()
    key = "labels" if "labels" in row else "label"
    each = row[key] if key == "labels" or row[key] is None else [row[key]]
    return None if each is None else tuple(classes[key][number] for number in each)


def write(
    records: Iterable[Record],
    labels: Sequence[str],
    file: IO[bytes],
    *,
    multi: bool,
    picture: Picture | None = None,
) -> None:
    """Write the records into `file`, group by group. `picture`: gives an image's bytes."""
    for _ in written(records, labels, file, multi=multi, picture=picture):
        pass


def written(
    records: Iterable[Record],
    labels: Sequence[str],
    file: IO[bytes],
    *,
    multi: bool,
    picture: Picture | None = None,
) -> Iterator[None]:
    """As `write`, with a pause after each group, for whoever sends on what is there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(labels, multi=multi, has_pictures=picture is not None)
    number = {name: place for place, name in enumerate(labels)}
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in _groups(_row(record, number, multi, picture) for record in records):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            yield


def _groups(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    held = 0
    for row in rows:
        group.append(row)
        held += len((row.get("image") or {}).get("bytes") or b"")
        if len(group) >= GROUP_ROWS or held >= GROUP_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def _row(
    record: Record, number: dict[str, int], multi: bool, picture: Picture | None
) -> dict[str, Any]:
    told = None if record.labels is None else [number[name] for name in record.labels]
    named: dict[str, Any] = {"file_name": record.path}
    if picture:
        named = {"image": {"bytes": picture(record), "path": record.path}}
    return named | {
        "labels" if multi else "label": told if multi else told[0] if told else None,
        "none_of_these": record.labels == (),
        "split": record.split or None,
        "width": record.width or None,
        "height": record.height or None,
        "predictions": [{"label": name, "confidence": p} for name, p in record.guesses],
        "model_version": record.model_version or None,
    }


def _schema(labels: Sequence[str], *, multi: bool, has_pictures: bool) -> Any:
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    guess = pa.struct([("label", pa.string()), ("confidence", pa.float64())])
    fields = [
        ("image", image) if has_pictures else ("file_name", pa.string()),
        ("labels", pa.list_(pa.int64())) if multi else ("label", pa.int64()),
        ("none_of_these", pa.bool_()),
        ("split", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("predictions", pa.list_(guess)),
        ("model_version", pa.string()),
    ]
    classes: dict[str, Any] = {"names": list(labels), "_type": "ClassLabel"}
    told = {"labels": {"feature": classes, "_type": "Sequence"}} if multi else {"label": classes}
    features = told | ({"image": {"_type": "Image"}} if has_pictures else {})
    known = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return pa.schema(fields, metadata={b"huggingface": known.encode(), OURS: b"1"})
