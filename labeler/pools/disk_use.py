"""How much room a project takes, found out cheaply whatever the size of the pool.

Originals are summed up by the database. Small copies are estimated from a sample of images spread
over the pool: a million files are never looked at one by one. Arrays are few and large files.
"""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone

from labeler.pools import staging, storage
from labeler.pools.models import Image, Import
from labeler.projects.models import Project

SAMPLE = 200  # images whose small copies are looked at
LONGEST = 0.5  # seconds of looking at files of one kind
FRESH = 300  # seconds for which the figures are shown again
ARRAYS = ("embeddings", "features", "predictions", "models")


@dataclass(frozen=True)
class Size:
    """So many bytes; `about` where they are estimated, `at_least` where the look was broken off."""

    bytes: int
    about: bool = False
    at_least: bool = False


@dataclass(frozen=True)
class DiskUse:
    """What a project takes, in bytes, and how much room is left."""

    images: int
    in_place: int  # images whose originals lie elsewhere
    originals: Size
    copies: Size | None  # None: in a bucket, where nothing can be looked at cheaply
    arrays: dict[str, Size]
    staging: Size
    database: Size
    free: int  # on the disk of the data folder
    disk: int  # its whole size
    bucket: bool
    at: datetime = field(default_factory=timezone.now)

    @property
    def all(self) -> int:
        """Everything of the project that is known."""
        parts = [self.originals, self.copies, self.staging, self.database, *self.arrays.values()]
        return sum(part.bytes for part in parts if part)

    @property
    def scarce(self) -> bool:
        """Whether the disk is nearly full."""
        return self.free < self.disk / 10


def of(project: Project) -> DiskUse:
    """The figures of the project, at most five minutes old."""
    name = f"disk-use-{project.pk}"
    found: DiskUse | None = cache.get(name)
    if found is None:
        found = measured(project)
        cache.set(name, found, FRESH)
    return found


def measured(project: Project) -> DiskUse:
    """The figures of the project as they are now."""
    images = Image.objects.filter(project=project)
    sums = images.aggregate(
        n=Count("pk"), elsewhere=Count("pk", filter=Q(in_place=True)),
        bytes=Sum("bytes", filter=Q(in_place=False)),
    )  # fmt: skip
    top = Path(settings.DATA) / "projects" / str(project.pk)
    disk = shutil.disk_usage(_existing(Path(settings.DATA)))
    open_imports = Import.objects.filter(project=project).exclude(state=Import.State.DONE)
    waiting = [staging.root() / str(pk) for pk in open_imports.values_list("pk", flat=True)]
    return DiskUse(
        images=sums["n"],
        in_place=sums["elsewhere"],
        originals=Size(sums["bytes"] or 0),
        copies=_copies(project, sums["n"]),
        arrays={name: _below([top / name]) for name in ARRAYS},
        staging=_below(waiting),
        database=_database(project),
        free=disk.free,
        disk=disk.total,
        bucket=storage.is_remote(),
    )


def _copies(project: Project, images: int) -> Size | None:
    """The small copies beside the originals, by a sample of the rows."""
    if storage.is_remote():
        return None
    rows = {n * project.next_row // SAMPLE for n in range(SAMPLE)} if project.next_row else set()
    sample = Image.objects.filter(project=project, row__in=rows)
    hashes = list(sample.values_list("sha256", flat=True))
    seen = sum(_stored(project.pk, sha256) for sha256 in hashes)
    return Size(round(seen * images / max(len(hashes), 1)), about=images > len(hashes))


def _stored(project_id: int, sha256: str) -> int:
    paths = [default_storage.path(storage.name_of(project_id, sha256, s)) for s in storage.DERIVED]
    return sum(_bytes(Path(path)) for path in paths)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _below(folders: list[Path]) -> Size:
    """The files below the folders, as far as one gets in the time."""
    end, found = time.monotonic() + LONGEST, 0
    for folder in folders:
        for entry in _files(folder):
            found += _bytes(Path(entry))
            if time.monotonic() > end:
                return Size(found, at_least=True)
    return Size(found)


def _files(folder: Path) -> Iterator[str]:
    for here, _, names in os.walk(folder):
        yield from (f"{here}/{name}" for name in names)


def _database(project: Project) -> Size:
    """The project's share of the database, by its share of all images."""
    everything = Project.leaving_too.aggregate(n=Sum("next_row"))["n"] or 0
    return Size(round(_database_bytes() * project.next_row / max(everything, 1)), about=True)


def _database_bytes() -> int:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    file = Path(str(connection.settings_dict["NAME"]))
    return sum(_bytes(Path(f"{file}{end}")) for end in ("", "-wal"))


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
