"""Tables of file names and labels: Hugging Face's metadata files and doccano's lines.

Sources: Hugging Face hub, "Image Dataset"; doccano's example for image classification.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from labeler.formats import text
from labeler.formats.record import NAMED, BadRow, Record

NO_NAME = "The row names no file."


def read_csv(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """Hugging Face's metadata.csv: `file_name`, `label`, perhaps `split`."""
    columns: list[str] = []
    for row in text.table(file):
        if isinstance(row, BadRow):
            yield row
        elif not columns:
            columns = [name.strip() for name in row[1]]
        else:
            found: dict[str, Any] = dict(zip(columns, row[1], strict=False))
            found["label"] = found.get("label") or None
            yield _record(row[0], found, "file_name", "label")


def read_lines(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """Hugging Face's metadata.jsonl: `label` or `labels` is a name or number, or a list of them."""
    for row in text.json_lines(file):
        if isinstance(row, BadRow):
            yield row
            continue
        line, found = row
        told = found.get("label", found.get("labels"))
        each = told if isinstance(told, list) else [told]
        numbers = [str(one) if type(one) is int else one for one in each]
        found["label"] = numbers if isinstance(told, list) else numbers[0]
        yield _record(line, found, "file_name", "label")


def read_doccano(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """doccano's lines: `filename`, `label` as a list."""
    for row in text.json_lines(file):
        yield row if isinstance(row, BadRow) else _record(*row, "filename", "label")


def _record(line: int, found: dict[str, Any], path: str, label: str) -> Record | BadRow:
    name, given = found.get(path), found.get(label)
    if not isinstance(name, str) or not name.strip():
        return BadRow(line, NO_NAME, f"Write it under {path}.")
    each = given if isinstance(given, list) else [given]
    if given is not None and not all(isinstance(one, str) and one.strip() for one in each):
        return BadRow(line, "The label is no name.", "Write the label's name, or a list of names.")
    labels = None if given is None else tuple(dict.fromkeys(str(one).strip() for one in each))
    split = NAMED.get(str(found.get("split", "")).casefold(), "")
    return Record(name.strip(), labels, split, line=line)


def write_csv(records: Iterable[Record], labels: Sequence[str]) -> Iterator[str]:
    """metadata.csv, for one label per image; an image without an answer has an empty cell."""
    writer = csv.writer(text.Echo())
    yield writer.writerow(["file_name", "label"])
    for record in records:
        yield writer.writerow([record.path, record.labels[0] if record.labels else ""])


def write_lines(
    records: Iterable[Record], labels: Sequence[str], *, multi: bool = False
) -> Iterator[str]:
    """metadata.jsonl; in projects of several labels the label is a list."""
    for record in records:
        given = record.labels
        label = given if given is None or multi else (given[0] if given else None)
        line = {"file_name": record.path, "label": label}
        yield json.dumps(line, ensure_ascii=False) + "\n"


def write_doccano(records: Iterable[Record], labels: Sequence[str]) -> Iterator[str]:
    """doccano's lines; an image without an answer has an empty list."""
    for record in records:
        line = {"filename": record.path, "label": list(record.labels or ())}
        yield json.dumps(line, ensure_ascii=False) + "\n"
