"""The pool as the model sorted it, as folders: accepted/LABEL/…, unknown/…, rejected/…

With several labels per image a picture lies in the folder `accepted`; `labels.jsonl` names them.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.db.models import Avg

from labeler.labeling import agreed, bundles, entry_names, manifests, selection, sorted_images
from labeler.labeling.agreed import Told
from labeler.labeling.selection import NO_SPLIT, Selection
from labeler.labeling.sorted_images import Kind, Sorted
from labeler.labeling.zip_stream import ZipStream
from labeler.pools.models import Image
from labeler.projects.models import Project

MISSING = "missing.txt"


def pieces(project: Project, chosen: Selection) -> Iterator[bytes]:
    """The archive, in pieces. Of the filters, labels, splits and confidence count."""
    archive = ZipStream()
    listed: IO[bytes] = SpooledTemporaryFile(bundles.IN_MEMORY)  # noqa: SIM115 - closed below
    missing: list[str] = []
    places = _Places(project)
    try:
        for kind, row, data in _read(_chosen(project, chosen), missing):
            path = places.of(kind, row)
            yield from archive.member(path, data)
            listed.write(json.dumps(places.line(kind, row, path), ensure_ascii=False).encode())
            listed.write(b"\n")
        yield from archive.copied(bundles.LIST, listed)
        if missing:
            yield from archive.member(MISSING, "".join(missing).encode())
        yield from archive.end()
    finally:
        archive.close()
        listed.close()


class _Places:
    """Where each image lies, and what the list says of it."""

    def __init__(self, project: Project) -> None:
        self.names = selection.label_names(project)
        self.multi = project.is_multi
        self.folders = entry_names.folders(manifests.names(project))

    def of(self, kind: Kind, row: Sorted) -> str:
        name = entry_names.picture(row.image.name, row.image.format, row.image.row)
        own = [self.names[pk] for pk in row.label_ids]
        if kind == "accepted" and not self.multi and own and own[0] in self.folders:
            return f"{kind}/{self.folders[own[0]]}/{name}"
        return f"{kind}/{name}"

    def line(self, kind: Kind, row: Sorted, path: str) -> dict[str, Any]:
        return {
            "file_name": path,
            "sorted": kind,
            "labels": [self.names[pk] for pk in row.label_ids],
            "by": agreed.ACCEPTED if kind != "unknown" else None,
            "confidence": row.confidence,
            "model_version": row.version,
            "name": row.image.name,
            "sha256": row.image.sha256,
        }


def _chosen(project: Project, chosen: Selection) -> Iterator[tuple[Kind, Sorted]]:
    for kind, row in sorted_images.each(project):
        if chosen.labels and not set(chosen.labels).intersection(row.label_ids):
            continue
        if chosen.splits and (row.image.split or NO_SPLIT) not in chosen.splits:
            continue
        if chosen.is_sure(row.confidence):
            yield kind, row


def _read(
    found: Iterable[tuple[Kind, Sorted]], missing: list[str]
) -> Iterator[tuple[Kind, Sorted, bytes]]:
    """Each image with its bytes; what cannot be read is noted."""

    def miss(each: Told, why: str) -> None:
        missing.append(f"{json.dumps(each.picture.name, ensure_ascii=False)}: {why}\n")

    found = iter(found)
    while some := list(islice(found, bundles.AT_ONCE)):
        by_image = {row.image.pk: (kind, row) for kind, row in some}
        for told, data in bundles.read((Told(row.image, None) for _, row in some), miss):
            yield *by_image[told.picture.pk], data


def count(project: Project) -> tuple[int, int]:
    """How many images the archive holds without filters, and their bytes, about."""
    n = sum(sorted_images.count(project, kind) for kind in sorted_images.kinds(project))
    mean = Image.objects.filter(project=project).aggregate(mean=Avg("bytes"))["mean"] or 0
    return n, int(n * mean)
