"""The guard for libraries that speak through `requests`."""

import io
from collections.abc import Mapping
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from labeler.pools.remote import fetching
from labeler.pools.remote.fetching import Failed, Wish
from labeler.pools.remote.guard import Forbidden

LONGEST_PAGE = 16 << 20  # bytes of one page of a listing


class Stopped(Exception):
    """The request came to nothing, and why; not a kind that libraries try again and again."""

    def __init__(self, error: Failed | Forbidden) -> None:
        super().__init__(str(error))
        self.refused = error.refused


class Guarded(HTTPAdapter):  # type: ignore[misc]
    """Sends every request of a session to a judged address, within time and bytes."""

    def send(self, request: Any, *_given: Any, **_more: Any) -> Any:
        """The whole answer of a prepared request; redirects come back here one by one."""
        body = io.BytesIO()
        wish = Wish(
            request.method,
            {name: _text(value) for name, value in request.headers.items()},
            request.body if isinstance(request.body, bytes) else None,
            most=max(settings.MAX_IMAGE_BYTES, LONGEST_PAGE) + 1,
            notes=True,
        )
        try:
            answer = fetching.ask(request.url, body, wish=wish)
        except (Failed, Forbidden) as error:
            raise Stopped(error) from error
        body.seek(0)
        return self.build_response(request, _raw(answer.status, answer.headers, body))


def guarded(session: requests.Session) -> requests.Session:
    """The session with the guard as its only way out; it follows no redirect by itself."""
    session.adapters.clear()
    session.mount("https://", Guarded())
    session.mount("http://", Guarded())
    session.max_redirects = 0
    session.trust_env = False
    return session


def _raw(status: int, headers: Mapping[str, str], body: io.BytesIO) -> HTTPResponse:
    kept = {name: value for name, value in headers.items() if name != "transfer-encoding"}
    return HTTPResponse(
        body, CaseInsensitiveDict(kept), status, preload_content=False, decode_content=False
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
