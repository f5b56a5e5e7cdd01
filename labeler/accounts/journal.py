"""Who may read the journal, and the address that it notes."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import localtime

from labeler.accounts import addresses
from labeler.journal import noting, words
from labeler.journal.models import Entry
from labeler.projects.models import Project

COLUMNS = ("at", "who", "way", "address", "project", "project_name", "act", "target", "changes")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def watch(get_response: Any) -> Any:
    """Middleware: see `noting.watch`; the address is the client's, also behind a proxy."""
    return noting.watch(get_response, addresses.client)


def entries(project: Project | None = None) -> "QuerySet[Entry]":
    """The lines, newest first: of one project, or all."""
    found = Entry.objects.order_by("-pk")
    return found.filter(project=project.pk) if project else found


def as_dict(entry: Entry) -> dict[str, Any]:
    """The line as a program reads it."""
    plain = {name: getattr(entry, name) for name in COLUMNS if name != "changes"}
    return {**plain, "id": entry.pk, "before": entry.before, "after": entry.after}


class _Line:
    """What the csv module writes to: it hands the line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(found: "QuerySet[Entry]") -> Iterator[str]:
    """The lines for a spreadsheet, one after the other."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for entry in found.iterator(chunk_size=500):
        told = as_dict(entry) | {
            "at": localtime(entry.at).isoformat(timespec="seconds"),
            "changes": "; ".join(words.changes(entry)),
        }
        yield writer.writerow([_plain(told[name]) for name in COLUMNS])


def _plain(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
