"""What a person or a program sends as an answer, checked before anything is stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeler.labeling.models import Annotation
from labeler.projects.models import Label, Project
from labeler.projects.statements import statement

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
LARGEST_ID = 2**63 - 1
LONGEST_MS = 2**31 - 1
FIELDS = {"uuid", "item", "labels", "skip", "elapsed_ms", "suggestion_shown", "batch"}


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
    batch: UUID | None = None  # answers of one page of the grid, undone together

    def body(self) -> dict[str, Any]:
        """What must be equal when the same UUID comes again."""
        said = {
            "item": self.item,
            "labels": None if self.labels is None else list(self.labels),
            "skip": self.skip,
            "elapsed_ms": self.elapsed_ms,
        }
        return said | ({"batch": str(self.batch)} if self.batch else {})


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
        batch=read_uuid(raw["batch"]) if raw.get("batch") else None,
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


class Chosen(NamedTuple):
    """A label as an answer names it."""

    pk: int
    name: str
    retired: bool
    merged_into: int | None = None


@statement
def _labels_of(project: int) -> "QuerySet[Label, tuple[int, str, bool, int | None]]":
    rows = Label.objects.filter(project=project).order_by()
    return rows.values_list("pk", "name", "retired", "merged_into_id")


class LabelSet:
    """The labels of a project, looked up once, by id and by name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._by_id = {row[0]: Chosen(*row) for row in _labels_of(project.pk)}

    @cached_property
    def _by_name(self) -> "dict[str, Chosen]":
        return {label.name.casefold(): label for label in self._by_id.values()}

    def find(self, wanted: tuple[int | str, ...]) -> "list[Chosen]":
        """The labels of an answer; a merged one is what it was merged into.

        Raises Refused: unknown, retired, doubled, too many, none.
        """
        if len(wanted) > len(self._by_id):
            raise Refused("too_many_labels", f"This project has {len(self._by_id)} labels.")
        named = [self._named(value) for value in wanted]
        if len(set(named)) < len(named):
            raise Refused("doubled_label", "The same label is named twice; name it once.")
        found = list(dict.fromkeys(self._in_use(label) for label in named))
        if not self.project.is_multi and len(found) != 1:
            raise Refused("one_label", _("This project takes exactly one label per image."))
        return found

    def _named(self, value: int | str) -> "Chosen":
        if isinstance(value, int):
            label = self._by_id.get(value)
        else:
            label = self._by_name.get(Label.clean_name(value[:200]).casefold())
        if label is None:
            words = _("This project has no label %(name)s.") % {"name": repr(str(value)[:60])}
            raise Refused("unknown_label", words)
        return label

    def _in_use(self, label: "Chosen") -> "Chosen":
        if label.merged_into is not None:
            label = self._by_id[label.merged_into]
        if label.retired:
            raise retired(label)
        return label


def retired(label: Chosen) -> Refused:
    """The refusal of an answer that names a retired label."""
    words = _("The label %(name)s is retired; choose another.")
    return Refused("retired_label", words % {"name": label.name})
