"""Places that images are brought from more than once, and what was read there before.

A file that came in is remembered by a digest of its name and by its stamp: size and time of
change, the bucket's ETag, the server's ETag or Last-Modified. A later import that asks only for
what is new meets it again without opening it. A file that was refused is not remembered: its
reason is told each time.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2s
from itertools import islice
from typing import TYPE_CHECKING

from labeler.pools.models import Import, Origin, OriginFile
from labeler.pools.remote import addresses, reading
from labeler.pools.staging import Staged
from labeler.projects.models import Project

if TYPE_CHECKING:
    from labeler.pools.sources import Entry

KNOWN = "known"  # in Staged.refusal: read by an earlier import, and not changed since
WEB = "https"  # the one origin of all lists that were sent; nobody can go there again
AT_ONCE = 500  # files that are asked for in one query
ASKING = 8  # web servers asked at once


def of(project: Project, source: str, place: str) -> Origin | None:
    """The origin of an import's files; None for files that are sent."""
    if source == Import.Source.UPLOAD:
        return None
    address = addresses.shown(place) or WEB
    return Origin.objects.get_or_create(project=project, address=address)[0]


def digest(file: Staged) -> bytes:
    """16 bytes of the file's name within its origin; its address where it has one."""
    name = file.address or file.name
    return blake2s(name.encode("utf-8", "surrogateescape"), digest_size=16).digest()


def note(imp: Import, entries: "Iterable[Entry]") -> None:
    """Remember files that came in; call it in the transaction that brings them in."""
    if imp.origin_id is None:
        return
    found = {
        digest(entry.staged): entry.staged.stamp or getattr(entry.read, "stamp", "")
        for entry in entries
        if entry.staged
    }
    rows = [
        OriginFile(origin_id=imp.origin_id, digest=key, stamp=stamp)
        for key, stamp in found.items()
        if stamp
    ]
    OriginFile.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["origin", "digest"],
        update_fields=["stamp"],
    )


def known(origin: Origin, files: Iterable[Staged]) -> list[bool]:
    """For each of a few hundred files: whether it was read before and is as it was."""
    files = list(files)
    digests = [digest(file) for file in files]
    before = {
        bytes(key): stamp
        for key, stamp in OriginFile.objects.filter(origin=origin, digest__in=digests).values_list(
            "digest", "stamp"
        )
    }
    stamps = [before.get(key, "") for key in digests]
    now = _stamps_now(files, stamps)
    return [bool(stamp) and stamp == then for stamp, then in zip(now, stamps, strict=True)]


def _stamps_now(files: list[Staged], before: list[str]) -> list[str]:
    """The stamps of the listing; web servers, which are not listed, are asked for theirs."""
    asked = [
        n
        for n, (file, stamp) in enumerate(zip(files, before, strict=True))
        if stamp and file.address and not file.stamp
    ]
    now = [file.stamp for file in files]
    if asked:
        with ThreadPoolExecutor(ASKING) as threads:
            told = threads.map(lambda n: reading.stamp_at(files[n].address), asked)
            for n, stamp in zip(asked, told, strict=True):
                now[n] = stamp
    return now


def marked(
    imp: Import, files: Iterable[Staged], beat: Callable[[], None] = lambda: None
) -> Iterator[Staged]:
    """The files; where the import asks only for new ones, the others are marked KNOWN.

    Flat memory: a few hundred files at a time, one query each. `beat` is called for each file.
    """
    wanted = bool(imp.options.get("only_new")) and imp.origin is not None
    rest = iter(files)
    while batch := list(islice(rest, AT_ONCE)):
        old = known(imp.origin, batch) if wanted and imp.origin else [False] * len(batch)
        for file, is_known in zip(batch, old, strict=True):
            beat()
            yield file._replace(refusal=KNOWN) if is_known and not file.refusal else file
