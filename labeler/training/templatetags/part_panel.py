"""The section on the settings page that chooses the part to train on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import Count, Q

from labeler.labeling.models import Annotation
from labeler.pools import audit
from labeler.pools.models import Image, Import
from labeler.projects.models import Label, Project, User
from labeler.training import part, part_words
from labeler.training.part_words import SOURCE_WORDS, SPLIT_WORDS

register = template.Library()
MOST_LISTED = 200  # imports, people, labels: beyond, the API sets them


@dataclass(frozen=True)
class Tick:
    """A checkbox: what it sends, what it says, and how it stands."""

    value: object
    words: object
    on: bool
    label: Label | None = None
    weight: str = "1"


@register.inclusion_tag("training/part.html")
def part_panel(project: Project) -> dict[str, Any]:
    """What the section shows as the project stands."""
    return panel(project, project.training_part, {})


@register.simple_tag
def parts_told(project: Project, rows: Iterable[Mapping[str, Any]]) -> dict[int, list[str]]:
    """{version's id: what its part was, in words}, for rows that have a "version"."""
    kept = {row["version"].pk: row["version"].part for row in rows}
    names = part_words.Names.of(project, kept.values())
    return {pk: part_words.words(each, names) for pk, each in kept.items() if each}


def panel(project: Project, wish: Mapping[str, Any], problems: Mapping[str, str]) -> dict[str, Any]:
    """The section with these values, which may be wrong, and what is wrong with them."""
    weights = wish.get("weights")
    each = weights if isinstance(weights, dict) else {}
    return {
        "project": project,
        "wish": wish,
        "problems": problems,
        "counts": _counts(project),
        "splits": _splits(project, wish),
        "imports": _imports(project, wish),
        "people": _people(project, wish),
        "sources": _sources(project, wish),
        "labels": _labels(project, wish, each),
        "weighing": "each" if each else weights or "none",
    }


def _counts(project: Project) -> dict[str, int]:
    """Labeled images that may teach, and those of them in the part as it is stored."""
    answers = Annotation.objects.filter(
        audit.teaching("image__"), project=project, current=True, gold=False,
        kind=Annotation.Kind.LABELS,
    )  # fmt: skip
    stored = part.of(project)
    within = Count("image", distinct=True, filter=stored.answers() if stored.chooses else Q())
    return answers.aggregate(all=Count("image", distinct=True), within=within)


def _splits(project: Project, wish: Mapping[str, Any]) -> list[Tick]:
    known = Image.objects.filter(project=project).exclude(split="")
    if not known.exists():
        return []
    return [Tick(s, SPLIT_WORDS[s], s in _list(wish, "splits")) for s in part.SPLITS]


def _imports(project: Project, wish: Mapping[str, Any]) -> list[Tick]:
    rows = Import.objects.filter(project=project).order_by("-number")
    facts = rows.values_list("number", "title", "path")[:MOST_LISTED]
    ticks = [Tick(n, title or path, n in _list(wish, "imports")) for n, title, path in facts]
    return ticks if len(ticks) > 1 else []


def _people(project: Project, wish: Mapping[str, Any]) -> list[Tick]:
    answered = Annotation.objects.filter(project=project).order_by().values("user").distinct()
    people = User.objects.filter(pk__in=answered).order_by("username")[:MOST_LISTED]
    ticks = [Tick(each.pk, str(each), each.pk in _list(wish, "people")) for each in people]
    return ticks if len(ticks) > 1 else []


def _sources(project: Project, wish: Mapping[str, Any]) -> list[Tick]:
    met = Annotation.objects.filter(project=project).order_by().values_list("source").distinct()
    there = {source for (source,) in met} | set(_list(wish, "sources"))
    ticks = [
        Tick(s, SOURCE_WORDS.get(s, s), s in _list(wish, "sources"))
        for s in part.SOURCES
        if s in there
    ]
    return ticks if len(ticks) > 1 else []


def _labels(project: Project, wish: Mapping[str, Any], each: Mapping[Any, Any]) -> list[Tick]:
    used = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    weights = {str(pk): weight for pk, weight in each.items()}
    return [
        Tick(label.pk, label.name, label.pk in _list(wish, "without"), label,
             _plain(weights.get(str(label.pk), 1)))
        for label in used[:MOST_LISTED]
    ]  # fmt: skip


def _plain(weight: object) -> str:
    return f"{weight:g}" if isinstance(weight, int | float) else str(weight)


def _list(wish: Mapping[str, Any], name: str) -> list[Any]:
    found = wish.get(name, [])
    return found if isinstance(found, list) else []
