"""Working on an import: count its files, then bring them in chunk by chunk.

Every chunk moves the import's position together with its rows, in one transaction. A worker that
dies leaves a row whose lease runs out; the next one goes on at the position.
"""

import errno
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.db import IntegrityError, OperationalError
from django.db.models import Q
from django.utils import timezone

from labeler.pools import adding, audit, folder_labels, rows, sources, staging, storage
from labeler.pools.chunk import Chunk
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
        if imp.total is None:
            _count(imp)
        if _bring_in(imp, watch, patient):
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


# ---- Counting ---------------------------------------------------------------------------------


def _count(imp: Import) -> None:
    """List and count the files, settle the labels and the audit rate."""
    if not imp.sealed:
        leases.renew(imp, sealed=True, cursor=imp.cursor | {"broken_off": True})
    if imp.source == Import.Source.FOLDER and not staging.is_listed(imp.pk):
        _list(imp)
    beat = _beat(imp)
    total, labels = 0, set()
    for entry in sources.entries(imp.pk):
        total += 1
        if imp.folders != Import.Folders.IGNORE and not entry.refused:
            labels.add(folder_labels.folder_name(entry.name))
        beat()
    if not total:
        raise ImportFailed(_nothing(imp))
    folder_labels.check(imp.project, labels - {""})
    audit.fit_rate(imp.project, imp.project.images.count() + total)
    leases.renew(imp, total=total)


def _nothing(imp: Import) -> str:
    if imp.cursor.get("broken_off"):
        return "The upload stopped before a file had arrived. Send the files again."
    return "There was no file to import. Choose images, a folder that holds some, or an archive."


def _list(imp: Import) -> None:
    path = Path(imp.path)
    try:
        if path.resolve(strict=True) != path:
            raise ImportFailed(f"{path} is a link now. Import the folder that it leads to.")
        sources.list_server_path(imp.pk, path)
    except OSError as error:
        if error.errno in FULL:
            raise
        raise ImportFailed(f"{path} cannot be read: {error.strerror}.") from error


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
    line, member = imp.cursor.get("at", (0, 0))
    for chunk in _chunks(sources.entries(imp.pk, (line, member)), imp):
        adding.add(imp, chunk, beat=_beat(imp))
        watch(imp)
        if patient and time.monotonic() - started > TURN_SECONDS and _others_wait(imp):
            leases.yield_back(imp)
            nudge("import", imp.pk)
            return False
    return True


def _chunks(entries: Iterator[Entry], imp: Import) -> Iterator[Chunk]:
    with_label = imp.folders != Import.Folders.IGNORE
    chunk = Chunk()
    for entry in entries:
        chunk.take(entry, with_label=with_label)
        if len(chunk) >= CHUNK_FILES or chunk.bytes >= CHUNK_BYTES:
            yield chunk
            chunk = Chunk()
    if len(chunk):
        yield chunk


def _others_wait(imp: Import) -> bool:
    kinds = [kind for kind in KINDS.values() if kind.queue == CHORES]
    return any(leases.due(kind.model).exists() for kind in kinds)


def _finish(imp: Import) -> None:
    stopped = imp.cursor.get("broken_off")
    note = "The upload stopped before its last file; what had arrived was imported."
    with leases.publishing(imp):
        rows.sum_up_refusals(imp)
        leases.finish(
            imp,
            # What was counted may have changed since; what was read is what counts.
            total=imp.read,
            error=note if stopped else "",
        )
    staging.clear(imp.pk)


def sweep() -> None:
    """Delete what was staged for imports that are over, or gone."""
    kept = staging.left_over()
    if not kept:
        return
    over = Q(state__in=(Import.State.DONE, Import.State.CANCELLED))
    old = Q(state=Import.State.FAILED, finished_at__lt=timezone.now() - KEPT)
    wanted = Import.objects.filter(pk__in=kept).exclude(over | old)
    for pk in set(kept) - set(wanted.values_list("pk", flat=True)):
        staging.clear(pk)
