"""Current answers as files, streamed: a million rows take no more memory than a thousand."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from labeler.labeling.models import Annotation
from labeler.projects.models import Project

AT_ONCE = 1_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SEPARATOR = "|"
NAMED = ("labels", "skip", "name", "sha256", "annotator", "answered_at", "source")
WHY = ("strategy", "score", "rank", "model_version", "audit", "suggestion_shown", "elapsed_ms")
COLUMNS = ("image", *NAMED, *WHY)


@dataclass(frozen=True)
class Format:
    """A way to write the answers."""

    key: str
    name: str
    hint: str
    type: str
    lines: Callable[[Project], Iterator[str]]

    def file_name(self, project: Project) -> str:
        """A plain name for the download."""
        return f"{slugify(project.name)[:60] or 'project'}-{project.pk}.{self.key}"


def rows(project: Project) -> Iterator[dict[str, Any]]:
    """One row per answer that stands, by image. Several people's answers are several rows."""
    for answer in _standing(project).iterator(chunk_size=AT_ONCE):
        yield {
            "image": answer.image_id,
            "labels": [label.name for label in answer.labels.all()],
            "skip": answer.skip or None,
            "name": answer.image.name,
            "sha256": answer.image.sha256,
            "annotator": answer.user.username,
            "answered_at": answer.created_at.isoformat(),
            "source": answer.source,
            "strategy": answer.strategy,
            "score": answer.score,
            "rank": None if answer.audit else answer.rank,
            "model_version": answer.version,
            "audit": answer.audit,
            "suggestion_shown": answer.suggestion_shown,
            "elapsed_ms": answer.elapsed_ms,
        }


def csv_lines(project: Project) -> Iterator[str]:
    """A header and a line per answer. Cells a spreadsheet would run as formulas get a quote."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in rows(project):
        row["labels"] = SEPARATOR.join(row["labels"])
        yield writer.writerow([_cell(row[column]) for column in COLUMNS])


def jsonl_lines(project: Project) -> Iterator[str]:
    """A JSON object per line, every text exactly as it is stored."""
    for row in rows(project):
        yield json.dumps(row, ensure_ascii=False) + "\n"


def count(project: Project) -> int:
    """How many rows an export has."""
    return _standing(project).order_by().count()


def _standing(project: Project) -> "QuerySet[Annotation]":
    answers = Annotation.objects.filter(project=project, current=True)
    answers = answers.select_related("image", "user").prefetch_related("labels")
    return answers.order_by("image_id", "pk")


class _Line:
    """Gives back what a csv writer writes to it."""

    def write(self, line: str) -> str:
        return line


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


FORMATS = {
    each.key: each
    for each in (
        Format(
            "csv",
            "CSV",
            "A table for spreadsheets and scripts. Several labels are joined by a |.",
            "text/csv; charset=utf-8",
            csv_lines,
        ),
        Format(
            "jsonl",
            "JSON Lines",
            "One JSON object per answer, every name exactly as it is.",
            "application/jsonl; charset=utf-8",
            jsonl_lines,
        ),
    )
}
