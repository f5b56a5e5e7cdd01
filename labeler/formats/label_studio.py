"""Label Studio's JSON: tasks with annotations and predictions of a `choices` control.

An array of tasks, a single task as cloud storage holds it, an annotation with its task as target
storage holds it, or an object per line. JSON-MIN and the CSV export are in `label_studio_min`.
Sources: Label Studio's guides "Import data" and "Export annotations".
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from labeler.formats import label_studio_min, text
from labeler.formats.entries import entries, pairs
from labeler.formats.label_studio_min import path_in
from labeler.formats.record import NAMED, BadRow, Record, share

FROM, TO = "choice", "image"


def read(file: IO[bytes]) -> Iterator[Record | BadRow]:
    """The tasks. Raises BadFile. A cancelled annotation, Label Studio's skip, does not count."""
    file.seek(0)
    head = file.read(65_536)
    if not text.decoded(head).lstrip("\ufeff \t\r\n").startswith("{"):
        for number, task in enumerate(entries(file, "item"), 1):
            yield _record(number, task)
    elif _is_line(head):
        for row in text.json_lines(file):
            yield row if isinstance(row, BadRow) else _record(*row)
    else:
        yield _record(1, dict(pairs(file, "")))


def _is_line(head: bytes) -> bool:
    """Whether the first line is a whole object, and more than the first key of a long one."""
    try:
        json.loads(text.decoded(head).lstrip("\ufeff \t\r\n").splitlines()[0])
    except (ValueError, RecursionError):
        return False
    return True


def _record(number: int, task: Any) -> Record | BadRow:
    if isinstance(task, dict) and isinstance(task.get("task"), dict) and "result" in task:
        task = task["task"] | {"annotations": [task]}  # target storage: the annotation is outside
    if not isinstance(task, dict):
        return BadRow(number, "The task is no JSON object.", "Export the tasks as JSON.")
    data = task.get("data")
    if not isinstance(data, dict):
        return label_studio_min.record(number, task)
    path = path_in(data)
    if not path:
        return BadRow(number, "The task's data names no image.", "Call its key image.")
    guesses = _guesses(_list(task.get("predictions")))
    version = next((str(p.get("model_version") or "") for p in _list(task.get("predictions"))), "")
    split = NAMED.get(str(data.get("split", "")).casefold(), "")
    return Record(path, _answer_in(task), split, guesses, version, line=number)


def _answer_in(task: dict[str, Any]) -> tuple[str, ...] | None:
    """What the last annotation says, or the last one that is marked as the ground truth."""
    given = [each for each in _list(task.get("annotations")) if not each.get("was_cancelled")]
    true = [each for each in given if each.get("ground_truth") is True]
    found = [names for names in map(_choices, true or given) if names is not None]
    return found[-1] if found else None


def _list(found: Any) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _choices(answer: dict[str, Any]) -> tuple[str, ...] | None:
    """The names chosen in all `choices` controls; None where there is no such control."""
    names: dict[str, None] = {}
    chosen = [each for each in _list(answer.get("result")) if each.get("type") == "choices"]
    for each in chosen:
        value = each.get("value")
        told = value.get("choices") if isinstance(value, dict) else None
        told = told if isinstance(told, list) else []
        names |= dict.fromkeys(name for name in told if isinstance(name, str) and name)
    return tuple(names) if chosen or answer.get("result") == [] else None


def _guesses(predictions: list[dict[str, Any]]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for prediction in predictions:
        for name in _choices(prediction) or ():
            found[name] = share(prediction.get("score"))
    return tuple(found.items())


def write(records: Iterable[Record], labels: Sequence[str]) -> Iterator[str]:
    """A JSON array of tasks. Each guess is a prediction of its own, so that it has its score."""
    yield "["
    for number, record in enumerate(records):
        data = {"image": record.path} | ({"split": record.split} if record.split else {})
        task = {
            "data": data,
            "annotations": [_answer(record.labels)] if record.labels is not None else [],
            "predictions": [
                {"model_version": record.model_version, "score": p} | {"result": _result([name])}
                for name, p in record.guesses
            ],
        }
        yield (",\n" if number else "\n") + json.dumps(task, ensure_ascii=False)
    yield "\n]\n"


def _answer(names: Sequence[str]) -> dict[str, Any]:
    return {"result": _result(names), "was_cancelled": False, "ground_truth": False}


def _result(names: Sequence[str]) -> list[dict[str, Any]]:
    if not names:
        return []
    value = {"choices": list(names)}
    return [{"from_name": FROM, "to_name": TO, "type": "choices", "value": value}]


def config(labels: Sequence[str], *, multi: bool) -> str:
    """The labeling configuration that these tasks fit."""
    choice = "multiple" if multi else "single"
    each = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in labels)
    return (
        f'<View>\n  <Image name="{TO}" value="$image"/>\n'
        f'  <Choices name="{FROM}" toName="{TO}" choice="{choice}">\n{each}\n'
        "  </Choices>\n</View>\n"
    )
