"""A large file on its way in, in pieces: begin, take, finish. It goes on where it stopped.

The bytes lie beside the import's other staged files, as UUID.part until all of them are there.
`Upload.received` counts those that are safe on disk, and only moves forward; what a crash left
beyond it is written again. One sender at a time, by a lock that ends with its process.
"""

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http.request import UnreadablePostError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from labeler.pools import imports, names, staging, uploads, whole_files
from labeler.pools.models import Import, Upload
from labeler.pools.refusing import ImportRefused
from labeler.pools.staging import BLOCK, Staged

SYNC_BYTES, SYNC_SECONDS = 64 << 20, 2.0  # at the latest, what came is made safe


def begin(imp: Import, *, name: str, size: int, fingerprint: str = "") -> Upload:
    """The upload of a file of `size` bytes: the one under way or finished already, or a new one.

    fingerprint: what its sender knows this version of the file by, at most 200 characters. The
    same name and fingerprint with another size is another file, which takes the old one's place.
    Raises ImportRefused.
    """
    _check(name, size, fingerprint)
    uploads.await_more(imp)
    name, fingerprint = names.clean(name), names.clean(fingerprint) if fingerprint else ""
    with transaction.atomic():
        Import.objects.select_for_update(no_key=True).get(pk=imp.pk)  # two tabs make one upload
        known = imp.uploads.filter(name=name, fingerprint=fingerprint)
        known = known if fingerprint else known.none()
        upload = known.filter(size=size).first()
        if upload is None:
            _check_room(size)
            for old in known.filter(finished_at=None):
                drop(old)
            upload = Upload.objects.create(
                of=imp, uuid=uuid.uuid4(), name=name, size=size, fingerprint=fingerprint
            )
    settle(upload)
    return upload


def _check(name: str, size: int, fingerprint: str) -> None:
    if not name or len(name) > imports.NAME_BYTES:
        raise ImportRefused("bad_name", _("Give the file a name, and not an endless one."))
    if len(fingerprint) > 200:
        raise ImportRefused("bad_fingerprint", _("A fingerprint has at most 200 characters."))
    if size > settings.MAX_ARCHIVE_BYTES:
        most = filesizeformat(settings.MAX_ARCHIVE_BYTES)
        words = _("The file is larger than %(most)s. Split it, or import it from a folder.")
        raise ImportRefused("too_large", words % {"most": most})


def _check_room(size: int) -> None:
    """Say now, not after hours, that the disk cannot hold it."""
    free = shutil.disk_usage(whole_files.folder(staging.root())).free
    if size > free:
        words = _("The file has %(size)s, the server's disk %(free)s left. Free some space.")
        told = words % {"size": filesizeformat(size), "free": filesizeformat(free)}
        raise ImportRefused("disk_full", told)


def take(upload: Upload, offset: int, stream: IO[bytes]) -> int:
    """Add the stream's bytes, which begin at `offset`; return how many of the file are safe.

    Bytes beyond the file's size are left unread. Raises ImportRefused, having kept what came.
    """
    with _alone(upload):
        _check_offset(upload, offset)
        if offset < upload.size:
            with _opened(upload) as part:
                _check_offset(upload, offset)  # again: fewer may be on the disk
                _receive(upload, part, stream)
        _finish(upload)
    return upload.received


def settle(upload: Upload) -> None:
    """Stage a file that is whole but was not staged, as after a crash. Raises ImportRefused."""
    if upload.received == upload.size and not upload.finished_at:
        with _alone(upload):
            _finish(upload)


def drop(upload: Upload) -> None:
    """Forget an upload that is not finished. Raises ImportRefused."""
    with _alone(upload):
        if upload.finished_at:
            words = _("It has arrived whole. Cancel the import to be rid of it.")
            raise ImportRefused("upload_finished", words)
        _part(upload).unlink(missing_ok=True)
        upload.delete()


def check_whole(imp: Import) -> None:
    """Raises ImportRefused where a file is here only in part."""
    if imp.sealed:
        return
    if upload := unfinished(imp).first():
        words = _("%(name)s is not here as a whole: %(received)s of %(size)s bytes.")
        told = {"name": upload.name, "received": upload.received, "size": upload.size}
        raise ImportRefused("unfinished", words % told)


def unfinished(imp: Import) -> "QuerySet[Upload]":
    """What is still on its way."""
    return imp.uploads.filter(finished_at=None).order_by("pk")


def arrived(imp: Import) -> Iterator[dict[str, Any]]:
    """Every file that is here, then every one that is here in part: name, stamp, received, size."""
    for _number, file in staging.listed(imp.pk):
        yield {"name": names.clean(file.name), "fingerprint": file.stamp}
    for upload in unfinished(imp).iterator():
        known = {"name": upload.name, "fingerprint": upload.fingerprint, "size": upload.size}
        yield known | {"received": upload.received, "uuid": str(upload.uuid)}


def sweep() -> None:
    """Delete the parts of files that nobody can go on with: their import is sealed, or over."""
    stale = Upload.objects.filter(finished_at=None).exclude(
        of__sealed=False, of__state=Import.State.DUE
    )
    for upload in stale.iterator():
        with contextlib.suppress(ImportRefused):  # its sender learns by itself that it is over
            drop(upload)


# ---- The bytes --------------------------------------------------------------------------------


def _part(upload: Upload) -> Path:
    return _whole(upload).with_suffix(".part")


def _whole(upload: Upload) -> Path:
    return staging.root() / str(upload.of_id) / upload.uuid.hex


@contextlib.contextmanager
def _alone(upload: Upload) -> Iterator[None]:
    """Nobody else writes to the upload, which is as fresh as the database has it."""
    staging.folder(upload.of_id)
    try:
        with _whole(upload).with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            upload.refresh_from_db()
            yield
    except BlockingIOError:
        words = _("This file is being sent already, by another tab or program.")
        raise ImportRefused("being_sent", words) from None
    except Upload.DoesNotExist:
        raise ImportRefused("upload_gone", _("This upload was given up.")) from None
    except OSError as error:
        raise uploads.trouble(error) from error


def _check_offset(upload: Upload, offset: int) -> None:
    if offset != upload.received:
        words = _("%(n)s bytes are here. Go on from there.") % {"n": upload.received}
        raise ImportRefused("wrong_offset", words)


@contextlib.contextmanager
def _opened(upload: Upload) -> Iterator[IO[bytes]]:
    """The part, cut to the bytes that are known to be safe, ready for the next."""
    handle = os.open(_part(upload), os.O_RDWR | os.O_CREAT, whole_files.FILE_MODE)
    with os.fdopen(handle, "r+b", buffering=0) as part:
        on_disk = part.seek(0, os.SEEK_END)
        if on_disk < upload.received:  # somebody deleted it: then it starts again
            upload.received = on_disk
            upload.save(update_fields=["received"])
        part.truncate(upload.received)
        part.seek(upload.received)
        yield part


def _receive(upload: Upload, part: IO[bytes], stream: IO[bytes]) -> None:
    synced, at = time.monotonic(), upload.received
    try:
        while block := _next(stream, upload.size - at):
            at += _write(part, block)
            if at - upload.received >= SYNC_BYTES or time.monotonic() - synced > SYNC_SECONDS:
                _keep(upload, part, at)
                synced = time.monotonic()
    except OSError:
        with contextlib.suppress(OSError):  # what was said first is what is wrong
            _keep(upload, part, part.tell())
        raise
    _keep(upload, part, at)


def _next(stream: IO[bytes], wanted: int) -> bytes:
    """The next block; nothing where the stream ends, is cut off or falls silent."""
    try:
        return stream.read(min(BLOCK, wanted)) if wanted else b""
    except (UnreadablePostError, TimeoutError, ConnectionError):
        return b""


def _write(part: IO[bytes], block: bytes) -> int:
    left = memoryview(block)
    while left:
        left = left[part.write(left) :]
    return len(block)


def _keep(upload: Upload, part: IO[bytes], at: int) -> None:
    """Everything before `at` is safe on disk: say so in the row."""
    if at == upload.received:
        return
    os.fdatasync(part.fileno())
    uploads.await_more(upload.of)
    Upload.objects.filter(pk=upload.pk, received__lt=at).update(received=at)
    upload.received = at


def _finish(upload: Upload) -> None:
    """A whole file becomes one line of the index, once, however often this is interrupted."""
    if upload.received < upload.size or upload.finished_at:
        return
    part, whole = _part(upload), _whole(upload)
    if upload.size == 0:
        part.touch(whole_files.FILE_MODE)
    if renamed := not part.exists():
        noted = any(file.path == whole for _n, file in staging.listed(upload.of_id))
    else:
        part.replace(whole)
    if not (renamed and noted) and not names.is_junk(upload.name):
        staging.note(upload.of_id, Staged(upload.name, whole, stamp=upload.fingerprint))
    upload.finished_at = Now()
    upload.save(update_fields=["finished_at"])
    upload.refresh_from_db(fields=["finished_at"])
