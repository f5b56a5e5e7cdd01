"""FiftyOne's classification dataset: `data/` and `labels.json`.

Keys are file names without their ending; targets are numbers in `classes`, names, or lists of
them. Source: FiftyOne, "Importing datasets", `FiftyOneImageClassificationDataset`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from labeler.formats.entries import entries, pairs
from labeler.formats.record import BadRow, Record, share


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The labels; `path` is the key, which has no ending. Raises BadFile.

    A target with a confidence is a model's guess.
    """
    classes = [str(name) for name in entries(file, "classes.item")]
    for number, (key, target) in enumerate(pairs(file, "labels"), 1):
        try:
            yield _record(number, key, target, classes)
        except (IndexError, TypeError):
            words = f"{key[:80]} has a target that is no label."
            yield BadRow(number, words, "Write its number in classes, or its name.")


def _record(number: int, key: str, target: Any, classes: list[str]) -> Record:
    if target is None:
        return Record(key, line=number)
    labels: dict[str, None] = {}
    guesses: dict[str, float] = {}
    for each in target if isinstance(target, list) else [target]:
        sure = each.get("confidence") if isinstance(each, dict) else None
        if sure is None:
            labels[_name(each, classes)] = None
        else:
            guesses[_name(each, classes)] = share(sure)
    answer = tuple(labels) if labels or not guesses else None
    return Record(key, answer, guesses=tuple(guesses.items()), line=number)


def _name(target: Any, classes: list[str]) -> str:
    if isinstance(target, dict):
        target = target.get("label")
    if isinstance(target, str) and target:
        return target
    if type(target) is not int or target < 0:
        raise TypeError
    return classes[target]


def write(
    records: Iterable[Record], labels: Sequence[str], *, multi: bool = False
) -> Iterator[str]:
    """{classes, labels}; the key is the file's name without its ending."""
    number = {name: place for place, name in enumerate(labels)}
    yield '{"classes": ' + json.dumps(list(labels), ensure_ascii=False) + ',\n"labels": {'
    for place, record in enumerate(records):
        key = json.dumps(PurePosixPath(record.path).stem, ensure_ascii=False)
        numbers = None if record.labels is None else [number[name] for name in record.labels]
        target = numbers if multi or numbers is None else numbers[0]
        yield ("," if place else "") + f"\n{key}: {json.dumps(target)}"
    yield "\n}}\n"
