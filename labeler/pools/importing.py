"""Working on an import: look at what there is, then bring it in chunk by chunk.

Every chunk moves the import's position together with its rows, in one transaction. A worker that
dies leaves a row whose lease runs out; the next one goes on at the position.
"""

import errno
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from django.db import IntegrityError, OperationalError
from django.db.models import Q
from django.utils import timezone

from labeler.pools import (
    adding,
    audit,
    names,
    noting,
    places,
    resumable,
    sources,
    staging,
    steering,
    storage,
    taking_back,
)
from labeler.pools.chunk import Chunk
from labeler.pools.manifests import further, looking
from labeler.pools.manifests.kept import Kept
from labeler.pools.manifests.telling import Teller
from labeler.pools.models import Import
from labeler.pools.refusing import ImportFailed
from labeler.pools.sources import Entry
from labeler.work import leases
from labeler.work.kinds import CHORES, KINDS
from labeler.work.messages import nudge

CHUNK_FILES, CHUNK_BYTES = 256, 32_000_000
BEAT_SECONDS = 10.0  # how often the lease is renewed within a chunk
TURN_SECONDS = 30.0  # then other work that waits has a turn
KEPT = timedelta(days=7)  # files of a failed import, for another try
FULL = (errno.ENOSPC, errno.EDQUOT)

Watcher = Callable[[Import], None]


def run(imp: Import, *, watch: Watcher = lambda imp: None, patient: bool = True) -> None:
    """Work on a claimed import until it is done, has failed, or others want a turn.

    `watch` is called after each chunk. `patient`: give the row back where other work waits.
    Raises LeaseLost where the import was cancelled or taken over.
    """
    try:
        if imp.cursor.get("take_back"):
            taking_back.run(imp, _beat(imp))
        elif _is_ready(imp) and _bring_in(imp, watch, patient):
            _finish(imp)
    except ImportFailed as error:
        leases.finish(imp, Import.State.FAILED, error=str(error))
    except (OperationalError, IntegrityError) as error:  # busy, away, or two at the same row
        leases.retry(imp, f"The database did not take it: {error}", seconds=5)
    except OSError as error:
        leases.finish(imp, Import.State.FAILED, error=_disk_error(error))


def _disk_error(error: OSError) -> str:
    where = error.filename or storage.place()
    if error.errno in FULL:
        what = f"There is no space left on the disk of {where}. Free some space"
    else:
        what = f"{error.strerror or error} ({where}). Put that right"
    return f"{what}, then press Try again. What came in is kept."


# ---- Looking ----------------------------------------------------------------------------------


def _is_ready(imp: Import) -> bool:
    """Look at what there is and settle the counts; False where it waits for somebody's word."""
    if imp.total is not None:
        return True
    if not imp.sealed:
        leases.renew(imp, sealed=True, cursor=imp.cursor | {"broken_off": True})
    if not imp.cursor.get("looked"):
        _look(imp)
    plan = imp.plan
    asked_later = imp.cursor.get("folders") == steering.LATER and plan.get("folders")
    decides = plan["format"] or plan["error"] or asked_later or imp.cursor.get("dry_run")
    if imp.asks and not imp.cursor.get("go") and decides:
        leases.rest(imp, Import.State.WAITING)
        return False
    if plan["error"]:
        raise ImportFailed(f"{plan['error']} {plan['remedy']}")
    _settle(imp)
    return True


def _look(imp: Import) -> None:
    """List the files, find the manifest and read it; nothing is stored in the pool."""
    beat = _beat(imp)
    if not places.is_listed(imp):
        _list(imp, beat)
    asked = looking.asked_of(imp)
    with leases.keeping(imp):  # one statement about a million rows takes its time
        plan = looking.look(imp, beat)
    known = places.known(imp)
    if not plan["files"] and not plan["rows"] and not plan["error"] and not known:
        raise ImportFailed(_nothing(imp))
    leases.renew(
        imp,
        plan=plan,
        format=plan["format"] or asked["format"],
        manifest=plan["manifest"][:1000] or asked["manifest"],
        cursor=imp.cursor | {"looked": True, "asked": asked, "known": known},
    )


def _settle(imp: Import) -> None:
    """From here on images are stored: fix the total and the audit rate."""
    plan = imp.plan
    pictures = plan["files"] + plan["addresses"]
    audit.fit_rate(imp.project, imp.project.images.count() + pictures)
    with leases.publishing(imp):
        notes = [(names.clean(name), looking.NOT_USED) for name in plan["others"]]
        counted = noting.write(imp, notes)
        leases.renew(
            imp,
            total=pictures + plan["missing"] + plan["bad_rows"],
            cursor=imp.cursor | {"refused": counted},
        )


def _nothing(imp: Import) -> str:
    if imp.cursor.get("broken_off"):
        return "The upload stopped before a file had arrived. Send the files again."
    return "There was no file to import. Choose images, a folder that holds some, or an archive."


def _list(imp: Import, beat: Callable[[], None]) -> None:
    try:
        places.list_files(imp, beat)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise ImportFailed(f"{imp.path} cannot be read: {error.strerror}.") from error


def _beat(imp: Import) -> Callable[[], None]:
    """A function to call often: now and then it renews the lease."""
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last > BEAT_SECONDS:
            leases.renew(imp)
            last = time.monotonic()

    return beat


# ---- Bringing in ------------------------------------------------------------------------------


def _bring_in(imp: Import, watch: Watcher, patient: bool) -> bool:
    """Add the chunks from the position on; False where the row was given back half-way."""
    started = time.monotonic()
    beat = _beat(imp)
    with looking.kept_rows(imp, beat) as rows:
        for chunk in _begun(imp, _chunks(imp, rows, beat)):
            adding.add(imp, chunk, beat=_beat(imp))
            watch(imp)
            if patient and time.monotonic() - started > TURN_SECONDS and _others_wait(imp):
                leases.yield_back(imp)
                nudge("import", imp.pk)
                return False
    return True


def _begun(imp: Import, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """The chunks; while one is stored, the pictures of the next are decoded."""
    before = None
    for chunk in chunks:
        adding.begin(imp.project, chunk)
        if before:
            yield before
        before = chunk
    if before:
        yield before


def _chunks(imp: Import, rows: Kept | None, beat: Callable[[], None]) -> Iterator[Chunk]:
    teller = Teller.of(imp, rows)
    chunk = Chunk()
    for entry in _entries(imp, rows, beat):
        chunk.take(
            entry, told=teller.told(entry), folder=teller.folder(entry), in_place=imp.in_place
        )
        beat()  # it may have come from far away
        if len(chunk) >= CHUNK_FILES or chunk.bytes >= CHUNK_BYTES:
            yield chunk
            chunk = Chunk()
    if len(chunk):
        yield chunk


def _entries(imp: Import, rows: Kept | None, beat: Callable[[], None]) -> Iterator[Entry]:
    """The files, without the manifests, and what only the manifest knows."""
    line, member = imp.cursor.get("at", (0, 0))
    aside = {tuple(position) for position in imp.plan.get("aside", [])}
    for entry in sources.entries(imp.pk, (line, member), beat=beat):
        if entry.position not in aside:
            yield entry
    if rows:
        yield from further.entries(imp, rows, (line, member))


def _others_wait(imp: Import) -> bool:
    kinds = [kind for kind in KINDS.values() if kind.queue == CHORES]
    return any(leases.due(kind.model).exists() for kind in kinds)


def _finish(imp: Import) -> None:
    stopped = imp.cursor.get("broken_off")
    note = "The upload stopped before its last file; what had arrived was imported."
    with leases.publishing(imp):
        noting.sum_up(imp)
        leases.finish(
            imp,
            # What was counted may have changed since; what was read is what counts.
            total=imp.read,
            error=note if stopped else "",
        )
    staging.clear(imp.pk)


def sweep() -> None:
    """Delete what was staged for imports that are over, or gone, and what they left half-stored."""
    storage.tidy()
    kept = staging.left_over()
    if not kept:
        return
    over = Q(state__in=(Import.State.DONE, Import.State.CANCELLED))
    old = Q(state=Import.State.FAILED, finished_at__lt=timezone.now() - KEPT)
    wanted = Import.objects.filter(pk__in=kept).exclude(over | old)
    for pk in set(kept) - set(wanted.values_list("pk", flat=True)):
        staging.clear(pk)
    resumable.sweep()
