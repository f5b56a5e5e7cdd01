"""Every answer ever given, also those that were undone or superseded: who, when, what, and why the
image was asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import F, Q, QuerySet

from labeler.labeling import believed, selection, tables
from labeler.labeling.models import Annotation
from labeler.labeling.selection import EVERYTHING, Selection, split_is
from labeler.projects.models import Project

AT_ONCE = 900  # answers in one query
EVEN = 0.5  # what a project of several labels suggests is at least so likely
COLUMNS = (
    "answer", "image", "name", "sha256", "person", "answered_at", "kind", "labels", "skip",
    "source", "strategy", "score", "rank", "audit", "gold", "model_version", "suggestion_shown",
    "suggestion", "suggestion_confidence", "elapsed_ms", "current", "supersedes",
)  # fmt: skip
_FETCHED = (
    "pk", "image_id", "user__username", "created_at", "kind", "skip", "source",
    "strategy", "score", "rank", "audit", "gold", "version", "suggestion_shown", "elapsed_ms",
    "current", "supersedes_id", "name", "sha256", "row", "predicted", "confidence",
    "item__beliefs",
)  # fmt: skip


def rows(project: Project, chosen: Selection = EVERYTHING) -> Iterator[dict[str, Any]]:
    """One per answer, oldest first. kind: labels, skip, or undo of the answer it supersedes;
    current: it counts today."""
    names = selection.label_names(project)
    found = answers(project, chosen)
    last = 0
    while some := list(_page(found, last)):
        kept = _sure(project, chosen, some)
        labels = tables.labels_of([each.pk for each in kept], names)
        for each in kept:
            yield _row(each, labels.get(each.pk, []), names, project.is_multi)
        last = some[-1].pk


def answers(project: Project, chosen: Selection) -> "QuerySet[Annotation]":
    """The answers that the filters let through, but for how sure the model is."""
    found = Annotation.objects.filter(split_is(chosen, "image__"), project=project)
    if chosen.audit is not None:
        found = found.filter(image__audit=chosen.audit)
    if chosen.people:
        found = found.filter(user__in=chosen.people)
    if chosen.reviewed is not None:
        review = Q(source=Annotation.Source.REVIEW)
        found = found.filter(review if chosen.reviewed else ~review)
    if chosen.labels:
        through = Annotation.labels.through.objects.filter(label__in=chosen.labels)
        found = found.filter(pk__in=through.values("annotation"))
    return found


def _page(found: "QuerySet[Annotation]", last: int) -> Any:
    named = found.annotate(
        name=F("image__name"), sha256=F("image__sha256"), row=F("image__row"),
        predicted=F("item__predicted"), confidence=F("item__confidence"),
    )  # fmt: skip
    rows = named.filter(pk__gt=last).order_by("pk").values_list(*_FETCHED, named=True)
    return rows[:AT_ONCE]


def _sure(project: Project, chosen: Selection, some: list[Any]) -> list[Any]:
    """Those on images of whose label the model is as sure as is asked."""
    if chosen.low is None and chosen.high is None:
        return some
    model = believed.model(project)
    numbers = sorted({each.row for each in some})
    beliefs = model.answers(numbers, multi=project.is_multi) if model else {}
    sure = {row: each.confidence for row, each in beliefs.items()}
    return [each for each in some if chosen.is_sure(sure.get(each.row))]


def _row(each: Any, labels: list[str], names: Mapping[int, str], multi: bool) -> dict[str, Any]:
    suggestion, confidence = _suggested(each, names, multi)
    return {
        "answer": each.pk,
        "image": each.image_id,
        "name": each.name,
        "sha256": each.sha256,
        "person": each.user__username,
        "answered_at": each.created_at,
        "kind": each.kind,
        "labels": labels,
        "skip": each.skip or None,
        "source": each.source,
        "strategy": each.strategy or None,
        "score": each.score,
        "rank": each.rank,
        "audit": each.audit,
        "gold": each.gold,
        "model_version": each.version,
        "suggestion_shown": each.suggestion_shown,
        "suggestion": suggestion,
        "suggestion_confidence": confidence,
        "elapsed_ms": each.elapsed_ms,
        "current": each.current,
        "supersedes": each.supersedes_id,
    }


def _suggested(each: Any, names: Mapping[int, str], multi: bool) -> tuple[list[str], float | None]:
    """What the person saw the model believe."""
    if not each.suggestion_shown:
        return [], None
    beliefs: dict[str, float] = each.item__beliefs or {}
    if multi:
        given = [int(pk) for pk, p in beliefs.items() if p >= EVEN]
        return [names[pk] for pk in given if pk in names], None
    if each.predicted in names:
        return [names[each.predicted]], each.confidence
    likeliest = max(beliefs, key=lambda pk: beliefs[pk], default="")
    if likeliest and int(likeliest) in names:
        return [names[int(likeliest)]], beliefs[likeliest]
    return [], None


def count(project: Project, chosen: Selection = EVERYTHING) -> int:
    """How many answers the filters let through, but for how sure the model is."""
    return answers(project, chosen).count()
