"""The points of a map and what colours them, as one run of bytes for the browser.

The bytes: the length of the header, uint32; the header, JSON, filled with spaces so that what
follows begins at a multiple of 8; then an array for each name in ARRAYS, one after the other.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.exploring import clustered, columns, maps
from labeler.exploring.columns import Columns
from labeler.exploring.models import Survey
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User
from labeler.training import answers_by_row, versions

ARRAYS = {  # little-endian, in this order: those of wide numbers first
    "ids": "<f8",  # image ids; exact up to 2^53
    "places": "<f4",  # x, y of each
    "label": "|u1",  # place in the header's list, as people say; NONE and OTHER as below
    "predicted": "|u1",
    "cluster": "|u1",
    "person": "|u1",
    "confidence": "|u1",  # of the likeliest label, 0 … 254; NONE where not scored
    "flags": "|u1",  # bits: OPEN, DIFFER
}
NONE, OTHER = 255, 254
OPEN, DIFFER = 1, 2
EVEN = 0.5  # from here up a label counts as given where several may be

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coloured:
    """What tells points apart: (n,) arrays of places in lists of names."""

    label: Bytes
    predicted: Bytes
    confidence: Bytes
    cluster: Bytes
    person: Bytes
    flags: Bytes


def rows(project: Project, row: Survey) -> Ints:
    """The rows that have a place and still an image: the points, in their order. Raises
    FileNotFoundError, ValueError."""
    places, known = maps.places(row), columns.of(project)
    size = min(len(places), len(known))
    return np.flatnonzero((known.ids[:size] > 0) & ~np.isnan(places[:size, 0]))


def packed(project: Project, row: Survey) -> bytes:
    """The whole map. Raises FileNotFoundError, ValueError."""
    known, labels = columns.of(project), _labels(project)
    here = rows(project, row)
    people = np.unique(known.answers[:, 2])
    groups = clustered.newest(project)
    colours = _coloured(project, known, here, labels, people, groups)
    head = _head(row, here, labels, people, groups)
    body = {"ids": known.ids[here], "places": maps.places(row)[here], **vars(colours)}
    parts = [np.ascontiguousarray(body[name], dtype=kind) for name, kind in ARRAYS.items()]
    return _header(head) + b"".join(part.tobytes() for part in parts)


def _header(head: dict[str, Any]) -> bytes:
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 4) % 8)
    return struct.pack("<I", len(text)) + text


def _head(
    row: Survey, here: Ints, labels: list[Label], people: Ints, groups: Any
) -> dict[str, Any]:
    names = {user.pk: str(user) for user in User.objects.filter(pk__in=people.tolist())}
    return {
        "survey": row.pk,
        "n": len(here),
        "labels": [{"id": la.pk, "name": la.name, "mark": la.mark} for la in labels],
        "people": [names.get(pk, "?") for pk in people.tolist()],
        "clusters": len(groups) if groups else 0,
    }


def _labels(project: Project) -> list[Label]:
    return list(Label.objects.filter(project=project).order_by("position", "place"))


def _coloured(
    project: Project, known: Columns, here: Ints, labels: list[Label], people: Ints, groups: Any
) -> Coloured:
    places = {label.pk: min(at, OTHER) for at, label in enumerate(labels)}
    said, person = _said(known, places, people)
    predicted, confidence = _believed(project, known, places)
    flags = known.open.astype(np.uint8) * OPEN
    flags |= _differ(project, known, said, predicted, confidence, places) * np.uint8(DIFFER)
    cluster = np.full(len(known), NONE, dtype=np.uint8)
    if groups:
        member = groups.members_of(np.arange(len(known)))
        cluster = np.where(member < 0, NONE, np.minimum(member, OTHER)).astype(np.uint8)
    every = (said, predicted, confidence, cluster, person, flags)
    return Coloured(*(array[here] for array in every))


def _said(known: Columns, places: dict[int, int], people: Ints) -> tuple[Bytes, Bytes]:
    """The label people gave each row, the first in the project's order, and who gave it."""
    said = np.full(len(known), NONE, dtype=np.uint8)
    person = np.full(len(known), NONE, dtype=np.uint8)
    at, label, who, _alone = known.answers.T
    place = np.array([places.get(pk, NONE) for pk in label.tolist()], dtype=np.uint8)
    np.minimum.at(said, at, place)
    person[at] = np.minimum(np.searchsorted(people, who), OTHER)
    return said, person


def _believed(project: Project, known: Columns, places: dict[int, int]) -> tuple[Bytes, Bytes]:
    """The model's likeliest label and its probability; nothing of images asked blind."""
    predicted = np.full(len(known), NONE, dtype=np.uint8)
    confidence = np.full(len(known), NONE, dtype=np.uint8)
    version = versions.serving(project)
    if version is None:
        return predicted, confidence
    found = answers_by_row.of(version)
    size = min(len(known), len(found.label))
    there = np.flatnonzero(found.scored[:size] & ~known.blind[:size])
    column = np.array([places.get(pk, NONE) for pk in version.label_ids], dtype=np.uint8)
    predicted[there] = column[found.label[there]]
    confidence[there] = np.rint(found.confidence[there].astype(np.float32) * OTHER)
    return predicted, confidence


def _differ(
    project: Project,
    known: Columns,
    said: Bytes,
    predicted: Bytes,
    confidence: Bytes,
    places: dict[int, int],
) -> npt.NDArray[np.bool_]:
    """Where the model's likeliest label is none of those that people gave."""
    both = (said != NONE) & (predicted != NONE)
    if project.is_multi:
        both &= confidence >= EVEN * OTHER
    at, label, _who, _alone = known.answers.T
    place = np.array([places.get(pk, NONE) for pk in label.tolist()], dtype=np.uint8)
    agrees = np.zeros(len(known), dtype=bool)
    agrees[at[predicted[at] == place]] = True
    return np.asarray(both & ~agrees, dtype=np.bool_)


def names(project: Project, ids: list[int]) -> dict[int, str]:
    """{image id: file name} of the project's own."""
    found = Image.objects.filter(project=project, pk__in=ids)
    return dict(found.values_list("pk", "name"))


def label_counts(project: Project) -> dict[int, int]:
    """{label id: images that people gave it; 0: those nobody has labeled} of the whole pool."""
    known = columns.of(project)
    pairs = np.unique(known.answers[:, :2], axis=0)
    ids, counts = np.unique(pairs[:, 1], return_counts=True)
    found = dict(zip(ids.tolist(), counts.tolist(), strict=True))
    return {**found, 0: int((known.open & (known.ids > 0)).sum())}


def among(here: Ints, wanted: npt.NDArray[np.integer]) -> Bytes:
    """Which of the points' rows are among the wanted ones: (n,) of 0 and 1."""
    size = int(max(here.max(initial=-1), wanted.max(initial=-1))) + 1
    marked = np.zeros(size, dtype=np.uint8)
    marked[wanted] = 1
    return np.asarray(marked[here], dtype=np.uint8)
