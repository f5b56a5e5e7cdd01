"""Where the prediction service listens, and asking it on behalf of a caller."""

import http.client
import json
import os
import secrets
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
    at = urlsplit(address())
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    headers["Content-Type"] = kind
    if request.is_secure():
        headers["X-Forwarded-Proto"] = "https"
    way = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    connection = way(at.hostname or "", at.port, timeout=SECONDS)
    try:
        connection.request(request.method or "POST", request.get_full_path(), body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), answer.headers.get("Retry-After", ""))
    except (OSError, http.client.HTTPException) as error:
        raise Away from error
    finally:
        connection.close()


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
