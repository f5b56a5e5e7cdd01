"""What the images of a project truly show, for a simulated annotator: from a file, or hidden."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from django.db.models import QuerySet

from labeler.pools.models import Image, ImageName, Truth
from labeler.projects.models import Label, Project

Truths = dict[int, frozenset[int]]  # row → label numbers, in the order of the labels


class NoTruth(Exception):
    """The truth cannot be used; the message says why and what to do."""


def hidden(project: Project) -> Truths:
    """The labels the images came with and that nobody sees. Raises NoTruth if there are none."""
    number = {pk: i for i, pk in enumerate(_labels(project).values_list("pk", flat=True))}
    found: dict[int, set[int]] = {}
    for row, label in Truth.objects.filter(image__project=project).values_list(
        "image__row", "label"
    ):
        if label in number:
            found.setdefault(row, set()).add(number[label])
    if not found:
        raise NoTruth(
            "This project keeps no hidden truth. Import its folders with --folders truth, or "
            "give a file with --truth FILE: CSV or JSON Lines with the columns name and label."
        )
    return {row: frozenset(labels) for row, labels in found.items()}


def from_file(project: Project, path: Path) -> Truths:
    """name,label from a CSV with a header, or one JSON object a line.

    name: the image's name, or its last part where that is unique. label: a label of the project
    in any case; several are separated by "|", or a JSON list. Raises NoTruth.
    """
    names = {name.casefold(): i for i, name in enumerate(_names(project))}
    rows = _rows(project)
    found: dict[int, frozenset[int]] = {}
    for line, (name, labels) in enumerate(_pairs(path), 1):
        unknown = [label for label in labels if label.casefold() not in names]
        if unknown:
            raise NoTruth(
                f"{path.name}, entry {line}: the project has no label {unknown[0]!r}. "
                f"Its labels are {', '.join(_names(project))}."
            )
        row = rows.get(name, rows.get(PurePosixPath(name).name))
        if row is not None:
            found[row] = frozenset(names[label.casefold()] for label in labels)
    if not found:
        raise NoTruth(f"No name in {path.name} is the name of an image in this project.")
    return found


def _labels(project: Project) -> "QuerySet[Label]":
    return Label.objects.filter(project=project, retired=False).order_by("place")


def _names(project: Project) -> list[str]:
    return list(_labels(project).values_list("name", flat=True))


def _rows(project: Project) -> dict[str, int]:
    """Row by name and by the name's last part; a part that several share is left out."""
    named = list(Image.objects.filter(project=project).values_list("name", "row"))
    named += ImageName.objects.filter(image__project=project).values_list("name", "image__row")
    last: dict[str, set[int]] = {}
    for name, row in named:
        last.setdefault(PurePosixPath(name).name, set()).add(row)
    unique = {name: rows.pop() for name, rows in last.items() if len(rows) == 1}
    return {**unique, **dict(named)}


def _pairs(path: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
                entries = [json.loads(line) for line in file if line.strip()]
            else:
                entries = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise NoTruth(f"{path} cannot be read: {error}") from error
    for entry in entries:
        if not isinstance(entry, dict) or not {"name", "label"} <= entry.keys():
            raise NoTruth(f"{path.name} needs the columns name and label.")
        given = entry["label"]
        labels = given if isinstance(given, list) else str(given or "").split("|")
        yield str(entry["name"]), [label for raw in labels if (label := Label.clean_name(str(raw)))]
