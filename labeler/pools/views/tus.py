"""The tus protocol, 1.0.0, with creation, termination and expiration: headers in, headers out.

https://tus.io/protocols/resumable-upload. The doorways (pages, API) have found the import; what
happens to the file is in resumable.
"""

import base64
import binascii
import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from labeler.pools import resumable
from labeler.pools.models import Import, Upload
from labeler.pools.refusing import ImportRefused

VERSION = "1.0.0"
SILENCE = 60.0  # seconds without a byte, then a connection is taken for dead
LARGEST = 2**63 - 1
STATUS = {
    "disk_full": 507, "cannot_store": 507, "import_closed": 409, "wrong_offset": 409,
    "being_sent": 423, "too_large": 413, "too_many_bytes": 413, "upload_gone": 404,
    "upload_finished": 409, "unfinished": 409, "wrong_version": 412, "wrong_type": 415,
}  # fmt: skip
Address = Callable[[uuid.UUID], str]


def uploads_of(request: HttpRequest, imp: Import, address: Address) -> HttpResponseBase:
    """The uploads of an import: OPTIONS what we speak, GET what is here, POST one more."""
    if request.method == "OPTIONS":
        return _about()
    if request.method == "GET":
        return _listing(imp, address)
    if request.method == "POST":
        return _answered(request, lambda: _begin(request, imp, address))
    return _dressed(HttpResponseNotAllowed(["OPTIONS", "GET", "POST"]))


def upload_of(request: HttpRequest, imp: Import, key: uuid.UUID) -> HttpResponseBase:
    """One upload: HEAD how far it is, PATCH the next bytes, DELETE it."""
    does = {"HEAD": _tell, "PATCH": _take, "DELETE": _drop}.get(_method(request))
    if request.method == "OPTIONS":
        return _about()
    if does is None:
        return _dressed(HttpResponseNotAllowed(["OPTIONS", "HEAD", "PATCH", "DELETE"]))
    upload = imp.uploads.filter(uuid=key).first()
    if upload is None:
        raise Http404
    upload.of = imp
    return _answered(request, lambda: does(request, upload))


def _method(request: HttpRequest) -> str:
    """The method, or the one that a client behind an old proxy puts into a header of its POST."""
    given = request.method or ""
    return request.headers.get("X-HTTP-Method-Override", given) if given == "POST" else given


def _answered(request: HttpRequest, does: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        spoken = request.headers.get("Tus-Resumable")
        if spoken != VERSION:
            code = "wrong_version" if spoken else "no_version"
            raise ImportRefused(code, f"Send the header Tus-Resumable: {VERSION}.")
        return _dressed(does())
    except ImportRefused as refused:
        body = {"detail": refused.message, "code": refused.code}
        return _dressed(JsonResponse(body, status=STATUS.get(refused.code, 400)))


def _dressed(response: HttpResponse) -> HttpResponse:
    response["Tus-Resumable"] = response["Tus-Version"] = VERSION
    response["Cache-Control"] = "no-store"
    return response


def _about() -> HttpResponse:
    response = _dressed(HttpResponse(status=204))
    response["Tus-Extension"] = "creation,termination,expiration"
    response["Tus-Max-Size"] = str(settings.MAX_ARCHIVE_BYTES)
    return response


def _listing(imp: Import, address: Address) -> StreamingHttpResponse:
    """A line of JSON for each file that is here, whole or in part; those in part have an address.

    Whoever sends the same files again sends only what is missing.
    """

    def lines() -> Iterator[bytes]:
        for file in resumable.arrived(imp):
            key = file.pop("uuid", None)
            told = file | ({"address": address(uuid.UUID(key))} if key else {})
            yield json.dumps(told).encode("ascii") + b"\n"

    response = StreamingHttpResponse(lines(), content_type="application/jsonl")
    response["Cache-Control"] = "private, no-store"
    return response


def _begin(request: HttpRequest, imp: Import, address: Address) -> HttpResponse:
    about = _metadata(request.headers.get("Upload-Metadata", ""))
    upload = resumable.begin(
        imp,
        name=about.get("relativePath") or about.get("filename", ""),
        size=_number(request, "Upload-Length"),
        fingerprint=about.get("fingerprint", ""),
    )
    response = _expires(HttpResponse(status=201), imp)
    response["Location"] = address(upload.uuid)
    response["Upload-Offset"] = str(upload.received)
    return response


def _metadata(header: str) -> dict[str, str]:
    """`key base64, key base64` as a dictionary. Raises ImportRefused."""
    found = {}
    try:
        for pair in filter(None, (part.strip() for part in header.split(","))):
            key, _, value = pair.partition(" ")
            found[key] = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        words = "Upload-Metadata must be pairs of a key and a text in base64, with commas between."
        raise ImportRefused("bad_metadata", words) from error
    return found


def _number(request: HttpRequest, header: str) -> int:
    given = request.headers.get(header, "")
    if not given.isascii() or not given.isdecimal() or len(given) > 19 or int(given) > LARGEST:
        raise ImportRefused("bad_number", f"{header} must be a number of bytes.")
    return int(given)


def _tell(request: HttpRequest, upload: Upload) -> HttpResponse:
    resumable.settle(upload)
    response = _expires(HttpResponse(status=200), upload.of)
    response["Upload-Offset"] = str(upload.received)
    response["Upload-Length"] = str(upload.size)
    return response


def _take(request: HttpRequest, upload: Upload) -> HttpResponse:
    if request.content_type != "application/offset+octet-stream":
        words = "Send bytes with Content-Type: application/offset+octet-stream."
        raise ImportRefused("wrong_type", words)
    offset, length = _number(request, "Upload-Offset"), _number(request, "Content-Length")
    if offset + length > upload.size:
        raise ImportRefused("too_many_bytes", f"The file has only {upload.size} bytes.")
    with _mortal(request):
        received = resumable.take(upload, offset, request)  # type: ignore[arg-type]
    response = _expires(HttpResponse(status=204), upload.of)
    response["Upload-Offset"] = str(received)
    return response


@contextlib.contextmanager
def _mortal(request: HttpRequest) -> Iterator[None]:
    """A sender whose network went away does not hold the file, and a thread, for ever."""
    connection: Any = request.META.get("gunicorn.socket")
    before = connection.gettimeout() if connection else None
    try:
        if connection:
            connection.settimeout(SILENCE)
        yield
    finally:
        if connection:
            with contextlib.suppress(OSError):
                connection.settimeout(before)


def _drop(request: HttpRequest, upload: Upload) -> HttpResponse:
    resumable.drop(upload)
    return HttpResponse(status=204)


def _expires(response: HttpResponse, imp: Import) -> HttpResponse:
    """Until when the sender may stay away."""
    imp.refresh_from_db(fields=["not_before"])
    if imp.not_before:
        response["Upload-Expires"] = http_date(imp.not_before.timestamp())
    return response
