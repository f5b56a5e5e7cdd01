"""Answers as rows of a table, and tables as CSV and JSON Lines."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from labeler.formats.text import Echo
from labeler.labeling import agreed, believed, selection
from labeler.labeling.models import Annotation
from labeler.labeling.selection import EVERYTHING, MODEL, PEOPLE, Selection
from labeler.pools.models import Image
from labeler.projects.models import Project

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SEPARATOR = "|"
COLUMNS = (
    "image", "labels", "skip", "name", "sha256", "annotator", "answered_at", "source",
    "strategy", "score", "rank", "model_version", "audit", "suggestion_shown", "elapsed_ms",
    "split", "confidence",
)  # fmt: skip
MODELS = "model"  # the source of an answer that is the model's own
ACCEPTED = "accepted"  # … that somebody accepted at a tolerated error
_PICTURE = ("name", "sha256", "split")
_FETCHED = (
    "pk", "image_id", "user__username", "created_at", "skip", "source", "strategy", "score",
    "rank", "version", "audit", "suggestion_shown", "elapsed_ms",
)  # fmt: skip


def rows(project: Project, chosen: Selection = EVERYTHING) -> Iterator[dict[str, Any]]:
    """One row per answer that stands, by image. Several people's answers are several rows; the
    model's own, where they are asked for, follow with the source "model"."""
    if chosen.by != MODEL:
        names = selection.label_names(project)
        model = believed.model(project) if chosen.asks_model else None
        found = _images(project, chosen)
        for pictures in selection.pages(found, *_PICTURE):
            numbers = [each.row for each in pictures]
            beliefs = model.answers(numbers, multi=project.is_multi) if model else {}
            sure = {row: belief.confidence for row, belief in beliefs.items()}
            kept = {p.pk: (p, sure.get(p.row)) for p in pictures if chosen.is_sure(sure.get(p.row))}
            yield from _of_images(kept, chosen, names)
    if chosen.by != PEOPLE:
        yield from _of_model(project, chosen)


def _of_images(
    kept: dict[int, tuple[Any, float | None]], chosen: Selection, names: dict[int, str]
) -> Iterator[dict[str, Any]]:
    answers = Annotation.objects.filter(_standing(chosen), image__in=list(kept))
    # Asked to order them, SQLite would walk through all answers there are.
    plain = answers.order_by().values_list(*_FETCHED, named=True)
    found = sorted(plain, key=attrgetter("image_id", "pk"))
    labels = labels_of([each.pk for each in found], names)
    wanted = {names[pk] for pk in chosen.labels}
    for each in found:
        given = labels.get(each.pk, [])
        if not wanted or wanted.intersection(given):
            picture, sure = kept[each.image_id]
            yield _row(each, given, picture, sure)


def _row(each: Any, labels: list[str], picture: Any, sure: float | None) -> dict[str, Any]:
    return {
        "image": each.image_id,
        "labels": labels,
        "skip": each.skip or None,
        "name": picture.name,
        "sha256": picture.sha256,
        "annotator": each.user__username,
        "answered_at": each.created_at,
        "source": each.source,
        "strategy": each.strategy,
        "score": each.score,
        "rank": None if each.audit else each.rank,
        "model_version": each.version,
        "audit": each.audit,
        "suggestion_shown": each.suggestion_shown,
        "elapsed_ms": each.elapsed_ms,
        "split": picture.split,
        "confidence": sure,
    }


def _of_model(project: Project, chosen: Selection) -> Iterator[dict[str, Any]]:
    blank = dict.fromkeys(COLUMNS)
    for each in agreed.told(project, chosen):
        if each.answers:
            continue
        picture = each.picture
        yield blank | {
            "image": picture.pk, "labels": list(each.labels or ()), "name": picture.name,
            "sha256": picture.sha256, "model_version": each.version,
            "source": MODELS if each.accepted is None else ACCEPTED,
            "audit": picture.audit, "split": picture.split, "confidence": each.confidence,
        }  # fmt: skip


def count(project: Project, chosen: Selection = EVERYTHING) -> int:
    """How many of people's answers stand, whatever the model is sure of."""
    images = Q(image__audit=chosen.audit) if chosen.audit is not None else Q()
    found = Annotation.objects.filter(
        _standing(chosen), images, selection.split_is(chosen, "image__"), project=project
    )
    if chosen.labels:
        through = Annotation.labels.through.objects.filter(label__in=chosen.labels)
        found = found.filter(pk__in=through.values("annotation"))
    return found.count()


def _images(project: Project, chosen: Selection) -> "QuerySet[Image]":
    """Images with answers that stand, skips too."""
    answers = Annotation.objects.filter(_standing(chosen), image=OuterRef("pk"))
    found = Image.objects.filter(selection.split_is(chosen), Exists(answers), project=project)
    return found if chosen.audit is None else found.filter(audit=chosen.audit)


def _standing(chosen: Selection) -> Q:
    which = Q(current=True, gold=False) & ~Q(kind=Annotation.Kind.UNDO)
    if chosen.people:
        which &= Q(user__in=chosen.people)
    if chosen.reviewed is not None:
        review = Q(source=Annotation.Source.REVIEW)
        which &= review if chosen.reviewed else ~review
    return which


def labels_of(answers: Sequence[int], names: Mapping[int, str]) -> dict[int, list[str]]:
    """{answer: the names of its labels}, in the order in which they were given."""
    given = Annotation.labels.through.objects.filter(annotation__in=answers)
    found: dict[int, dict[str, None]] = {}
    for _, answer, label in sorted(given.order_by().values_list("pk", "annotation_id", "label_id")):
        found.setdefault(answer, {})[names[label]] = None
    return {answer: list(labels) for answer, labels in found.items()}


def csv_lines(found: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """A header and a line per row. Cells a spreadsheet would run as formulas get a quote."""
    writer = csv.writer(Echo())
    yield writer.writerow(columns)
    for row in found:
        yield writer.writerow([cell(row[column]) for column in columns])


def json_lines(found: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A JSON object per row and line, every text exactly as it is stored."""
    for row in found:
        yield json.dumps(row, ensure_ascii=False, default=datetime.isoformat) + "\n"


def cell(value: Any) -> Any:
    """The value for a spreadsheet: text that it would run as a formula gets a quote."""
    if type(value) is str:
        return f"'{value}" if value.startswith(FORMULA) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return cell(SEPARATOR.join(value))
    return value.isoformat() if isinstance(value, datetime) else value
