"""The report of an import: counts, what was refused, what was here before; also as CSV and JSON."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

from django.db.models import Q, QuerySet

from labeler.pools import names, noting, steering
from labeler.pools.models import Image, Import, Refusal

TWIN = "same-as-"  # a line's code, before the number of the image that has the same bytes
KEPT_TWINS = 5_000  # that are listed; the rest is counted
CHUNK = 1_000
HEAD = ["file", "why", "what to do", "code", "equals", "equals image"]
COUNTS = ("total", "added", "duplicates", "refused", "labels_added")


@dataclass(frozen=True)
class Line:
    """A file or a row that is no new image of the pool."""

    file: str
    why: str
    what_to_do: str
    code: str
    equals: str = ""  # the name of the image with the same bytes
    image: int | None = None  # its number


# ---- Files that were here already -------------------------------------------------------------


def note_twins(imp: Import, twins: Iterable[tuple[str, int]]) -> None:
    """List files whose bytes are an image's already: (name, that image's pk)."""
    room = KEPT_TWINS - _twins(imp).count()
    why, remedy = "The same picture is here already.", "Nothing to do."
    made = [
        Refusal(of=imp, name=name, code=f"{TWIN}{pk}", reason=why, remedy=remedy)
        for name, pk in list(twins)[: max(0, room)]
    ]
    Refusal.objects.bulk_create(made)


def _twins(imp: Import) -> "QuerySet[Refusal]":
    return Refusal.objects.filter(of=imp, code__startswith=TWIN)


def twins(imp: Import, start: int = 0, count: int | None = None) -> list[Line]:
    """What was here already, with the image that each equals."""
    stop = None if count is None else start + count
    return _with_images(imp, _twins(imp).order_by("pk")[start:stop])


def _with_images(imp: Import, listed: Iterable[Refusal]) -> list[Line]:
    found = [(each, _number(each.code)) for each in listed]
    images = Image.objects.filter(project=imp.project_id)
    known = dict(images.filter(pk__in=[pk for _, pk in found]).values_list("pk", "name"))
    return [
        Line(each.name, each.reason, each.remedy, "duplicate", known[pk], pk)
        if pk in known
        else Line(each.name, each.reason, each.remedy, "duplicate")  # that image left the pool
        for each, pk in found
    ]


def _number(code: str) -> int:
    return int(code.removeprefix(TWIN))


# ---- What was refused -------------------------------------------------------------------------


def refusals(imp: Import) -> "QuerySet[Refusal]":
    """Files and rows that did not come in, in the order they were met."""
    others = Q(code__startswith=TWIN) | Q(code__in=noting.NOTES)
    return Refusal.objects.filter(of=imp).exclude(others).order_by("pk")


def some_refusals(imp: Import, most: int) -> list[Refusal]:
    """The first refusals; where they are more, the first of each kind, so that none is drowned."""
    found = refusals(imp)
    if imp.refused <= most:
        return list(found[:most])
    kinds = list(found.order_by().values_list("code", flat=True).distinct())[:most]
    some = [each for kind in kinds for each in found.filter(code=kind)[: most // len(kinds)]]
    return sorted(some, key=lambda each: each.pk)


def notes(imp: Import) -> "QuerySet[Refusal]":
    """What is to be known of pictures that came in, in the order they were met."""
    return noting.notes_of(imp).order_by("pk")


def _lines(listed: "QuerySet[Refusal]") -> Iterator[Line]:
    for each in listed.iterator(chunk_size=CHUNK):
        yield Line(each.name, each.reason, each.remedy, each.code)


def _all_twins(imp: Import) -> Iterator[Line]:
    for start in range(0, KEPT_TWINS, CHUNK):
        yield from twins(imp, start, CHUNK)


# ---- The whole --------------------------------------------------------------------------------


def summary(imp: Import) -> dict[str, Any]:
    """What the import came to, for programs."""
    return {
        "number": imp.number, "title": imp.title, "state": imp.state, "source": imp.source,
        "path": imp.path, "manifest": imp.plan.get("manifest", imp.manifest),
        "format": imp.plan.get("format", imp.format),
        **{name: getattr(imp, name) for name in COUNTS},
        "new_labels": new_labels(imp), "taken_back": steering.taken_back(imp), "error": imp.error,
        "started_at": imp.created_at.isoformat(),
        "finished_at": imp.finished_at.isoformat() if imp.finished_at else None,
    }  # fmt: skip


def met(imp: Import) -> int:
    """How many rows of the manifest had a picture that came in, or was here already."""
    return max(0, int(imp.plan.get("matched", 0)) - int(imp.cursor.get("rows_lost", 0)))


def new_labels(imp: Import) -> list[str]:
    """The names that became labels by this import, as its plan told."""
    if imp.state != Import.State.DONE:
        return []
    new = [each for each in imp.plan.get("labels", []) if each["how"] == "new"]
    return list(dict.fromkeys(each.get("called") or each["name"] for each in new))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_of_refusals(imp: Import) -> Iterator[str]:
    """A table for a spreadsheet: what was refused."""
    writer, width = csv.writer(_Echo()), len(HEAD) - 2
    yield writer.writerow(HEAD[:width])
    for line in _lines(refusals(imp)):
        yield writer.writerow(_cells(line)[:width])


def csv_lines(imp: Import) -> Iterator[str]:
    """The whole: what was refused, what is to be known, what was here already."""
    writer = csv.writer(_Echo())
    yield writer.writerow(HEAD)
    for line in chain(_lines(refusals(imp)), _lines(notes(imp)), _all_twins(imp)):
        yield writer.writerow(_cells(line))


def _cells(line: Line) -> list[str]:
    number = "" if line.image is None else str(line.image)
    texts = (line.file, line.why, line.what_to_do, line.code, line.equals)
    return [*(names.csv_cell(text) for text in texts), number]


def json_pieces(imp: Import) -> Iterator[str]:
    """One JSON object: summary, `refused_files`, `notes`, `duplicate_files`; as it is read."""
    head = json.dumps(summary(imp), ensure_ascii=False)
    yield head[:-1] + ', "refused_files": ['
    told = ("file", "why", "what_to_do", "code")
    yield from _joined(_lines(refusals(imp)), told)
    yield '], "notes": ['
    yield from _joined(_lines(notes(imp)), told)
    yield '], "duplicate_files": ['
    yield from _joined(_all_twins(imp), ("file", "equals", "image"))
    yield "]}\n"


def _joined(lines: Iterable[Line], fields: tuple[str, ...]) -> Iterator[str]:
    for number, line in enumerate(lines):
        told = {name: value for name, value in asdict(line).items() if name in fields}
        yield ("," if number else "") + "\n" + json.dumps(told, ensure_ascii=False)
