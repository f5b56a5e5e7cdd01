"""Files of a form: straight to the disk on which they are staged, a batch at once."""

import errno
import tempfile
from collections.abc import Sequence
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.pools import imports, names, staging, whole_files
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BROKEN = "labeler.upload_error"  # in request.META: why an upload could not be kept


def keep(imp: Import, files: Sequence[tuple[str, IO[bytes], str]]) -> None:
    """Stage a batch of (name, bytes, stamp): all of it, or nothing. Raises ImportRefused."""
    await_more(imp)
    if any(len(name) > imports.NAME_BYTES for name, _file, _stamp in files):
        raise ImportRefused("bad_name", _("A file's name is far too long."))
    wanted = [file for file in files if not names.is_junk(file[0])]
    try:
        staging.take_all(imp.pk, wanted)
    except OSError as error:
        raise trouble(error) from error


def await_more(imp: Import) -> None:
    """The sender is there: the import waits for it once more. Raises ImportRefused if closed."""
    waiting = Import.objects.filter(pk=imp.pk, sealed=False, state=Import.State.DUE)
    if not waiting.update(not_before=Now() + imports.PATIENCE):
        words = _("This import takes no more files. Start a new one.")
        raise ImportRefused("import_closed", words)


def trouble(error: OSError) -> ImportRefused:
    """What the disk said, and what to do."""
    if error.errno in FULL:
        words = _("There is no space left on the disk of %(place)s. Free some space.")
        return ImportRefused("disk_full", words % {"place": staging.root()})
    return ImportRefused("cannot_store", f"{staging.root()}: {error.strerror or error}.")


class Incoming(TemporaryUploadedFile):
    """A temporary file beside the staging folders, so that staging it moves nothing."""

    def __init__(self, name: str, content_type: str, charset: str | None) -> None:
        place = whole_files.folder(staging.root() / "incoming")
        file = tempfile.NamedTemporaryFile(prefix="upload-", dir=place)  # noqa: SIM115
        UploadedFile.__init__(self, file, name, content_type, 0, charset)


class OnThisDisk(FileUploadHandler):
    """Takes what is too large for memory. A full disk is noted, not raised: the view says so."""

    incoming: Incoming | None = None  # not `file`: Django closes that without looking

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        with self._watching():
            self.incoming = Incoming(self.file_name or "", self.content_type or "", self.charset)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.MAX_ARCHIVE_BYTES:
            raise RequestDataTooBig("A file is larger than LABELER_MAX_ARCHIVE_BYTES.")
        with self._watching():
            assert self.incoming is not None
            self.incoming.write(raw_data)

    def file_complete(self, file_size: int) -> Incoming | None:
        if self.incoming is None:
            return None
        with self._watching():
            self.incoming.seek(0)
            self.incoming.size = file_size
        return self.incoming

    def upload_interrupted(self) -> None:
        if self.incoming:
            self.incoming.close()

    def _watching(self) -> "_Watching":
        return _Watching(self)


class _Watching:
    """Turns an error of the disk into a skipped file and a note on the request."""

    def __init__(self, handler: OnThisDisk) -> None:
        self.handler = handler

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            assert self.handler.request is not None
            words = f"{staging.root()}: {error.strerror}. Free some space and send it again."
            self.handler.request.META[BROKEN] = words
            self.handler.upload_interrupted()
            raise SkipFile from error
