"""Where the prediction service listens, and asking it on behalf of a caller."""

import http.client
import json
import os
import secrets
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.http import HttpRequest

PASSED_ON = (
    "Authorization", "Cookie", "X-CSRFToken", "Host", "Origin", "Referer", "Accept-Language",
    "X-Request-ID",
)  # fmt: skip
SECONDS = 120.0
CLOSED = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)
Line = tuple[str, http.client.HTTPConnection]


class Away(Exception):
    """The service does not answer."""


class Answer(NamedTuple):
    """What the service said."""

    status: int
    body: bytes
    retry_after: str


def note(address: str) -> None:
    """Write down where the service of this data folder listens."""
    path = _file()
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps({"address": address}), encoding="utf-8")
    beside.rename(path)


def address() -> str:
    """http://host:port of the service. Raises: Away where none was started."""
    if settings.SERVE_URL:
        return str(settings.SERVE_URL)
    try:
        return str(json.loads(_file().read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError) as error:
        raise Away from error


def ask(request: HttpRequest, body: bytes, kind: str) -> Answer:
    """Hand the caller's request on, with her own rights: the service checks them itself.

    body and its kind, the content type, as the service shall get them. Raises: Away.
    """
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    headers["Content-Type"] = kind
    if request.is_secure():
        headers["X-Forwarded-Proto"] = "https"
    at = address()
    try:
        return _said(at, (request.method or "POST", request.get_full_path(), body, headers))
    except (OSError, http.client.HTTPException) as error:
        raise Away from error


_lines = threading.local()  # this thread's open connection, and where it leads


def _said(at: str, asked: tuple[str, str, bytes, dict[str, str]]) -> Answer:
    """Over the connection that stays open between requests, or anew where it was closed."""
    kept: Line | None = _lines.__dict__.pop("kept", None)
    if kept and kept[0] == at:
        try:
            return _over(kept, asked)
        except CLOSED:  # most likely while it was idle; and asking twice changes nothing
            pass
    elif kept:
        kept[1].close()
    way = urlsplit(at)
    kinds = {"https": http.client.HTTPSConnection}
    kind = kinds.get(way.scheme, http.client.HTTPConnection)
    return _over((at, kind(way.hostname or "", way.port, timeout=SECONDS)), asked)


def _over(line: Line, asked: tuple[str, str, bytes, dict[str, str]]) -> Answer:
    """Ask and listen; the connection is kept where the whole answer came."""
    try:
        line[1].request(*asked)
        answer = line[1].getresponse()
        said = Answer(answer.status, answer.read(), answer.headers.get("Retry-After", ""))
    except BaseException:
        line[1].close()
        raise
    _lines.kept = line
    return said


def form(files: Iterable[Any]) -> tuple[bytes, str]:
    """A form with these files under `files`, and its content type."""
    edge = secrets.token_hex(16)
    parts = []
    for file in files:
        name = quote(file.name or "", safe=" ")  # no quotes nor line ends in a header
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"'
        parts += [
            head.encode(),
            b"\r\nContent-Type: application/octet-stream\r\n\r\n",
            file.read(),
            b"\r\n",
        ]
    return b"".join([*parts, f"--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"


def _file() -> Path:
    return Path(settings.DATA) / "serve.json"
