"""What a person or a program sends as an answer, checked before anything is stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LARGEST_ID = 2**63 - 1
LONGEST_MS = 2**31 - 1
FIELDS = {"uuid", "item", "labels", "skip", "elapsed_ms", "suggestion_shown"}


class Refused(Exception):
    """The answer cannot be taken. `code` is for programs, the text for people."""

    def __init__(self, code: str, detail: str, status: int = 422) -> None:
        super().__init__(detail)
        self.code, self.detail, self.status = code, detail, status


@dataclass(frozen=True)
class Answer:
    """One answer as it was sent; the labels are ids or names, not yet looked up."""

    uuid: UUID
    item: int
    labels: tuple[int | str, ...] | None = None
    skip: str = ""
    elapsed_ms: int | None = None
    suggestion_shown: bool | None = None

    def body(self) -> dict[str, Any]:
        """What must be equal when the same UUID comes again."""
        return {
            "item": self.item,
            "labels": None if self.labels is None else list(self.labels),
            "skip": self.skip,
            "elapsed_ms": self.elapsed_ms,
        }


def read(raw: Any) -> Answer:
    """An answer from parsed JSON or a form. Raises Refused with what is wrong and what to do."""
    if not isinstance(raw, Mapping):
        raise Refused("not_an_answer", "An answer is an object with uuid, item and labels or skip.")
    if unknown := set(raw) - FIELDS:
        raise Refused("unknown_field", f"An answer has no field {min(map(str, unknown))!r}.")
    labels, skip = _labels(raw.get("labels")), _skip(raw.get("skip"))
    if (labels is None) == (not skip):
        raise Refused("labels_or_skip", "Send either labels or skip: one of them, not both.")
    return Answer(
        uuid=read_uuid(raw.get("uuid")),
        item=_item(raw.get("item")),
        labels=labels,
        skip=skip,
        elapsed_ms=_elapsed(raw.get("elapsed_ms")),
        suggestion_shown=_shown(raw.get("suggestion_shown")),
    )


def read_uuid(value: Any) -> UUID:
    """A UUID in its usual form, in either case; not the nil one."""
    if isinstance(value, UUID):
        found = value
    elif isinstance(value, str) and CANONICAL_UUID.fullmatch(value):
        found = UUID(value)
    else:
        raise Refused(
            "bad_uuid", "uuid is a fresh UUID such as 123e4567-e89b-42d3-a456-426614174000."
        )
    if not found.int:
        raise Refused("bad_uuid", "The nil UUID names no answer; make a fresh one for each.")
    return found


def _item(value: Any) -> int:
    if type(value) is not int or not 0 < value <= LARGEST_ID:
        raise Refused("bad_item", "item is the number of a queue item, as claim gave it.")
    return value


def _labels(value: Any) -> tuple[int | str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or any(type(v) not in (int, str) for v in value):
        raise Refused("bad_labels", "labels is a list of label ids or label names.")
    return tuple(value)


def _skip(value: Any) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or value not in Annotation.Skip.values:
        raise Refused("bad_skip", f"skip is one of {', '.join(Annotation.Skip.values)}.")
    return value


def _elapsed(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= LONGEST_MS:
        raise Refused("bad_elapsed", "elapsed_ms is a whole number of milliseconds, 0 or more.")
    return value


def _shown(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise Refused("bad_suggestion_shown", "suggestion_shown is true or false.")


class LabelSet:
    """The labels of a project, looked up once, by id and by name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.labels = list(Label.objects.filter(project=project))
        self._by_id = {label.pk: label for label in self.labels}
        self._by_name = {label.name.casefold(): label for label in self.labels}

    def find(self, wanted: tuple[int | str, ...]) -> list[Label]:
        """The labels of an answer. Raises Refused: unknown, retired, doubled, too many, none."""
        if len(wanted) > len(self.labels):
            raise Refused("too_many_labels", f"This project has {len(self.labels)} labels.")
        found = [self._one(value) for value in wanted]
        if len(set(found)) < len(found):
            raise Refused("doubled_label", "The same label is named twice; name it once.")
        if not self.project.is_multi and len(found) != 1:
            raise Refused("one_label", "This project takes exactly one label per image.")
        return found

    def _one(self, value: int | str) -> Label:
        if isinstance(value, int):
            label = self._by_id.get(value)
        else:
            label = self._by_name.get(Label.clean_name(value[:200]).casefold())
        if label is None:
            raise Refused("unknown_label", f"This project has no label {str(value)[:60]!r}.")
        if label.retired:
            raise Refused("retired_label", f"The label {label.name} is retired; choose another.")
        return label
