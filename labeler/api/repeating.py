"""`Idempotency-Key`: the same POST sent again does nothing and gets the first answer again.

Answers, comments and reviews carry a UUID of their own and need none. Refusals are not kept: what
was refused did nothing, and may be sent again with the same key.
"""

import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja.utils import check_csrf

from labeler.api.auth import caller
from labeler.http import refusal
from labeler.projects import repeats
from labeler.projects.models import User

Run = Callable[..., HttpResponseBase]
HEADER = "Idempotency-Key"
SECRETS = ("token", "link", "secret")  # are shown once: the answer kept has null instead
# Repeatable by nature or by a UUID of their own, or no work of a moment.
WITHOUT = frozenset({
    "claim", "claim_grid", "keep_items", "release_items", "annotate", "undo", "confirm_grid",
    "undo_grid", "post_review", "predict", "add_comment", "create_upload", "upload_state",
})  # fmt: skip


def takes_key(method: str, name: str) -> bool:
    """Whether an operation heeds the header."""
    return method == "POST" and name not in WITHOUT


def repeatable(run: Run, name: str) -> Run:
    """Let a POST with an Idempotency-Key be answered once."""

    def once(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None or not takes_key(request.method or "", name):
            return run(request, **kwargs)
        if not 0 < len(key) <= repeats.LONGEST_KEY or not key.isprintable():
            words = _("Send an Idempotency-Key of 1 to 255 characters.")
            return refusal(request, 400, "bad_key", words)
        user = caller(request)
        if not isinstance(user, User) or _is_forged(request):
            return run(request, **kwargs)  # which refuses it
        return _answered(request, user, key, lambda: run(request, **kwargs))

    return once


def _is_forged(request: HttpRequest) -> bool:
    return "Authorization" not in request.headers and check_csrf(request) is not None


def _answered(
    request: HttpRequest, user: User, key: str, run: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    sent = _sent(request)  # read first: while it comes in, nobody has to wait
    token = getattr(user, "token", None)
    whose = repeats.digest_of(key, request.path, token.pk if token else None)
    try:
        with transaction.atomic():
            found = repeats.begin(user, whose, sent)
            if isinstance(found, repeats.Answered):
                return _again(found)
            response = run()
            if response.status_code >= 400 or response.streaming:
                transaction.set_rollback(response.status_code >= 400)
            else:
                assert isinstance(response, HttpResponse)
                repeats.keep(found, response.status_code, _without_secrets(response))
            return response
    except repeats.OtherRequest:
        words = _("This Idempotency-Key was sent with another request. Use a fresh one.")
        return refusal(request, 422, "key_reused", words)
    except repeats.UnderWay:
        words = _("The same request is being answered. Ask again in a moment.")
        told = refusal(request, 409, "under_way", words)
        told["Retry-After"] = "1"
        return told


def _sent(request: HttpRequest) -> str:
    """A digest of the query and the body; of a form, also what its files hold."""
    query = request.META.get("QUERY_STRING", "")
    if not (request.content_type or "").startswith("multipart/"):
        return repeats.digest_of(query, request.body)
    fields = sorted((name, values) for name, values in request.POST.lists())
    files = [(name, _digest(file)) for name, all in request.FILES.lists() for file in all]
    return repeats.digest_of(query, fields, files)


def _digest(file: "UploadedFile[bytes]") -> tuple[str, str]:
    digests = [repeats.digest_of(chunk) for chunk in file.chunks()]
    file.seek(0)
    return file.name or "", repeats.digest_of(digests)


def _again(found: repeats.Answered) -> HttpResponse:
    response = HttpResponse(found.body, status=found.status, content_type="application/json")
    response["Idempotency-Replayed"] = "true"
    return response


def _without_secrets(response: HttpResponse) -> str:
    body = response.content.decode()
    if not any(f'"{name}"' in body for name in SECRETS):
        return body
    told = json.loads(body)
    return json.dumps({**told, **{name: None for name in SECRETS if name in told}})
