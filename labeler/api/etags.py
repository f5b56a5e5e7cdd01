"""Tags of what was read: an unchanged answer is a 304, a change of something changed is refused.

A tag is a digest of the very answer that this caller would get, worked out anew for each request:
it can never stand for somebody else's. What is costly in an answer (figures, the document) is
remembered by its stamps where it is made, so a tag costs a digest of some kilobytes.
"""

import json
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from labeler.api.errors import Refused

Run = Callable[..., HttpResponseBase]


def digest(content: bytes) -> str:
    """A short digest of some bytes."""
    return blake2b(content, digest_size=12).hexdigest()


def tag(changeable: Any, rest: Any = None) -> str:
    """The tag of a thing: what people change of it, and what changes by itself, apart."""
    parts = [changeable] if rest is None else [changeable, rest]
    found = [digest(json.dumps(p, cls=DjangoJSONEncoder, sort_keys=True).encode()) for p in parts]
    return f'"{".".join(found)}"'


def check(request: HttpRequest, current: str) -> None:
    """Let a change pass unless `If-Match` names another state of what people change. Raises 412."""
    sent = request.headers.get("If-Match")
    if sent is None or sent.strip() == "*":
        return
    if _changeable(current) not in {_changeable(each) for each in parse_etags(sent)}:
        words = _("It was changed meanwhile. Read it again, then send your change with its ETag.")
        raise Refused(412, "changed_meanwhile", words)


def _changeable(tag: str) -> str:
    return tag.strip('"').partition(".")[0]


def tagged(run: Run) -> Run:
    """Give answers to GET their tag; answer 304 to whoever has this one already."""

    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response = run(request, **kwargs)
        if request.method == "GET" and response.status_code == 200 and not response.streaming:
            return conditional(request, response)
        return response

    return answered


def conditional(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The response with its tag, or a 304. Pictures carry tags and ages of their own."""
    kind = response.headers.get("Content-Type", "")
    if not isinstance(response, HttpResponse) or not kind.startswith("application/json"):
        return response
    response.headers.setdefault("ETag", f'"{digest(response.content)}"')
    response.headers.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, ["Authorization", "Cookie", "Accept-Language"])
    etag = response.headers["ETag"]
    return get_conditional_response(request, etag=etag, response=response) or response
