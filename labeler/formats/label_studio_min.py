"""Label Studio's JSON-MIN and CSV exports: a row per annotation, a column per control.

The task's own data, the answers and Label Studio's bookkeeping stand side by side: `id`, then the
controls, then `annotator`, unless the columns are sorted. One answer is text, several are
{"choices": […]}. Source: Label Studio's guide "Export annotations".
"""

import json
from collections.abc import Iterator
from typing import IO, Any

from labeler.formats import text
from labeler.formats.record import NAMED, BadRow, Record

IMAGES = ("image", "img", "image_url", "url", "photo", "picture")  # what people call it
CONTROLS = ("choice", "choices", "label", "labels", "class", "category")
BOOKKEEPING = {"annotation_id", "annotator", "created_at", "id", "lead_time", "updated_at"}
SIGNS = {"annotation_id", "annotator", "lead_time"}  # by which the export is known


def path_in(data: dict[str, Any]) -> str:
    """The address of the image in a task's data, or ""."""
    named = [data[key] for key in IMAGES if isinstance(data.get(key), str)]
    return next((path for path in named if path), "")


def read_csv(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The rows of the CSV export. Raises BadFile."""
    columns: list[str] = []
    for row in text.table(file):
        if isinstance(row, BadRow):
            yield row
        elif not columns:
            columns = [name.strip() for name in row[1]]
        else:
            yield record(row[0], dict(zip(columns, row[1], strict=False)))


def record(line: int, row: dict[str, Any]) -> Record | BadRow:
    """The image of a row, with what its first control says."""
    path = path_in(row)
    if not path:
        return BadRow(line, "The row names no image.", "Call its key image.")
    given = (_names(row[key]) for key in _controls(row, path))
    labels = next((names for names in given if names is not None), None)
    split = NAMED.get(str(row.get("split", "")).casefold(), "")
    return Record(path, labels, split, line=line)


def _controls(row: dict[str, Any], path: str) -> list[str]:
    """The keys that may hold the answer, the likeliest first."""
    keys = list(row)
    if "id" in keys and "annotator" in keys:
        between = keys[keys.index("id") + 1 : keys.index("annotator")]
        if between and not BOOKKEEPING.intersection(between):
            return between
    known = [key for key in CONTROLS if key in row]
    rest = [key for key in keys if key not in BOOKKEEPING and row[key] != path and key != "split"]
    return known or rest


def _names(held: Any) -> tuple[str, ...] | None:
    if isinstance(held, str) and held.startswith(('{"choices"', '["')):
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            return (held,)
    if isinstance(held, dict):
        held = held.get("choices")
    each = [held] if isinstance(held, str) and held else held
    if not isinstance(each, list) or not all(isinstance(name, str) for name in each):
        return None
    return tuple(dict.fromkeys(each))
