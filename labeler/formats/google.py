"""AutoML Vision's and Vertex AI's files.

CSV without a header: `[ML_USE,]PATH[,LABEL…]`, ML_USE in upper case for AutoML and in lower case
for Vertex; either is read. JSON Lines for Vertex: `imageGcsUri`, `classificationAnnotation(s)`.
Lines of Vertex's batch predictions are read as guesses. Sources: AutoML v1 `InputConfig`; Vertex,
"Prepare image training data for classification" and "Interpret prediction results".
"""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from labeler.formats import text
from labeler.formats.record import NAMED, TEST, TRAIN, VALIDATION, BadRow, Record, share, split_of

NONE_OF_THEM = "None_of_the_above"
AUTOML = {TRAIN: "TRAIN", VALIDATION: "VALIDATION", TEST: "TEST", "": "UNASSIGNED"}
VERTEX = {TRAIN: "training", VALIDATION: "validation", TEST: "test"}
USE = "aiplatform.googleapis.com/ml_use"


def read_csv(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The rows of either CSV."""
    for row in text.table(file):
        yield row if isinstance(row, BadRow) else _record(*row)


def _record(line: int, cells: list[str]) -> Record | BadRow:
    cells = [cell.strip() for cell in cells]
    split = ""
    if cells[0].casefold() in NAMED and len(cells) > 1:
        split = split_of(cells.pop(0))
    path, labels = cells[0], [cell for cell in cells[1:] if cell]
    if not path:
        return BadRow(line, "The row names no image.", "Write the image's path before its labels.")
    return Record(path, _given(labels), split, line=line)


def _given(labels: list[str]) -> tuple[str, ...] | None:
    if labels == [NONE_OF_THEM]:
        return ()
    return tuple(dict.fromkeys(labels)) or None


def write_automl(records: Iterable[Record], labels: Iterable[str]) -> Iterator[str]:
    """`TRAIN,path,label…`; UNASSIGNED where the image is in no split."""
    writer = csv.writer(text.Echo())
    for record in records:
        yield writer.writerow([AUTOML[record.split], record.path, *_names(record)])


def write_vertex_csv(records: Iterable[Record], labels: Iterable[str]) -> Iterator[str]:
    """`training,path,label…`; the path alone where the image is in no split."""
    writer = csv.writer(text.Echo())
    for record in records:
        use = [VERTEX[record.split]] if record.split else []
        yield writer.writerow([*use, record.path, *_names(record)])


def _names(record: Record) -> list[str]:
    return [NONE_OF_THEM] if record.labels == () else list(record.labels or ())


def read_vertex(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The lines of Vertex's JSON Lines."""
    for row in text.json_lines(file):
        yield row if isinstance(row, BadRow) else _from_line(*row)


def _from_line(line: int, found: dict[str, Any]) -> Record | BadRow:
    if "instance" in found:
        return _predicted(line, found)
    path = found.get("imageGcsUri")
    if not isinstance(path, str) or not path:
        return BadRow(line, "The line has no imageGcsUri.", "Name the image there.")
    given = found.get("classificationAnnotations", found.get("classificationAnnotation"))
    each = [given] if isinstance(given, dict) else given
    if each is not None and not (isinstance(each, list) and all(map(_is_named, each))):
        return BadRow(line, "A label has no displayName.", 'Write {"displayName": "…"}.')
    resource = found.get("dataItemResourceLabels") or {}
    use = str(resource.get(USE, "")) if isinstance(resource, dict) else ""
    names = None if each is None else tuple(dict.fromkeys(one["displayName"] for one in each))
    return Record(path, names, NAMED.get(use.casefold(), ""), line=line)


def _predicted(line: int, found: dict[str, Any]) -> Record | BadRow:
    """What a batch prediction says of an image: guesses, and no answer."""
    instance, told = found["instance"], found.get("prediction")
    path = instance.get("content") if isinstance(instance, dict) else instance
    if not isinstance(path, str) or not path:
        return BadRow(line, "The instance names no image.", "Write its path as content.")
    told = told if isinstance(told, dict) else {}
    names, sure = told.get("displayNames"), told.get("confidences")
    if not isinstance(names, list) or not isinstance(sure, list) or len(names) != len(sure):
        words = "The line has no prediction with a confidence for each name."
        return BadRow(line, words, "Predict this image again.")
    if not all(isinstance(name, str) and name for name in names):
        return BadRow(line, "A displayName is no text.", "Predict this image again.")
    guesses = {name: share(p) for name, p in zip(names, sure, strict=True)}
    return Record(path, None, "", tuple(guesses.items()), line=line)


def _is_named(given: Any) -> bool:
    name = given.get("displayName") if isinstance(given, dict) else None
    return isinstance(name, str) and bool(name)


def write_vertex(records: Iterable[Record], labels: Iterable[str]) -> Iterator[str]:
    """One object per image; a list of labels unless there is exactly one."""
    for record in records:
        line: dict[str, Any] = {"imageGcsUri": record.path}
        named = [{"displayName": name} for name in record.labels or ()]
        if len(named) == 1:
            line["classificationAnnotation"] = named[0]
        elif record.labels is not None:
            line["classificationAnnotations"] = named
        if record.split:
            line["dataItemResourceLabels"] = {USE: VERTEX[record.split]}
        yield json.dumps(line, ensure_ascii=False) + "\n"
