"""SageMaker Ground Truth's manifest: JSON Lines with `source-ref`.

A label attribute has a twin that ends in `-metadata`: `class-name` for one label, `class-map` for
several. What a machine labeled (`human-annotated: no`) is read as a guess.
Sources: SageMaker, "Use an Input Manifest File" and "Output Data".
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from labeler.formats import text
from labeler.formats.record import NAMED, BadRow, Record, share

ATTRIBUTE = "label"
METADATA = "-metadata"
SINGLE, MULTI = "groundtruth/image-classification", "groundtruth/image-classification-multilabel"


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The lines of a manifest; further keys are passed over, but for `split`."""
    for row in text.json_lines(file):
        yield row if isinstance(row, BadRow) else _record(*row)


def _record(line: int, found: dict[str, Any]) -> Record | BadRow:
    path = found.get("source-ref")
    if not isinstance(path, str) or not path:
        return BadRow(line, "The line has no source-ref.", "Name the image there.")
    split = NAMED.get(str(found.get("split", "")).casefold(), "")
    told = [each for key, each in found.items() if key.endswith(METADATA) and _tells(each)]
    if not told:
        return Record(path, split=split, line=line)
    names, confidences = _names(told[0])
    if str(told[0].get("human-annotated", "yes")).casefold() != "no":
        return Record(path, names, split, line=line)
    guesses = tuple(zip(names, confidences, strict=True))
    return Record(path, None, split, guesses, line=line)


def _tells(metadata: Any) -> bool:
    if not isinstance(metadata, dict):
        return False
    single, several = metadata.get("class-name"), metadata.get("class-map")
    return isinstance(single, str) or (
        isinstance(several, dict) and all(isinstance(name, str) for name in several.values())
    )


def _names(metadata: dict[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    if "class-name" in metadata:
        return (metadata["class-name"],), (share(metadata.get("confidence")),)
    sure = metadata.get("confidence-map")
    sure = sure if isinstance(sure, dict) else {}
    named = metadata["class-map"]
    return tuple(named.values()), tuple(share(sure.get(key)) for key in named)


def write(
    records: Iterable[Record], labels: Sequence[str], *, multi: bool = False
) -> Iterator[str]:
    """An object per image. `labels` in the project's order give the class numbers."""
    number = {name: place for place, name in enumerate(labels)}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    for record in records:
        line: dict[str, Any] = {"source-ref": record.path}
        if record.labels is not None:
            line |= _attribute(record.labels, number, multi, now)
        if record.split:
            line["split"] = record.split
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _attribute(
    names: tuple[str, ...], number: dict[str, int], multi: bool, now: str
) -> dict[str, Any]:
    told: dict[str, Any] = {"human-annotated": "yes", "job-name": "labeler", "creation-date": now}
    numbers = [number[name] for name in names]
    if multi:
        several = {str(place): name for place, name in zip(numbers, names, strict=True)}
        told |= {"type": MULTI, "class-map": several, "confidence-map": dict.fromkeys(several, 1)}
        return {ATTRIBUTE: numbers, ATTRIBUTE + METADATA: told}
    told |= {"type": SINGLE, "class-name": names[0], "confidence": 1}
    return {ATTRIBUTE: str(numbers[0]), ATTRIBUTE + METADATA: told}
