"""Uploaded files that go straight to the disk on which they are staged."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from labeler.pools import staging, storage

BROKEN = "labeler.upload_error"  # in request.META: why an upload could not be kept


class Incoming(TemporaryUploadedFile):
    """A temporary file beside the staging folders, so that staging it moves nothing."""

    def __init__(self, name: str, content_type: str, charset: str | None) -> None:
        place = storage.folder(staging.root() / "incoming")
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
