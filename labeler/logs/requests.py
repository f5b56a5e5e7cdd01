"""An id for each request: on its lines, in its answer, handed on to the prediction service."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bound_contextvars

from labeler.logs import spans

log = logging.getLogger(__name__)

NAME = "X-Request-ID"
FORM = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
SLOW = 5.0  # seconds: such a request gets a line of its own in any case

Handler = Callable[[HttpRequest], HttpResponseBase]


def numbered(get_response: Handler) -> Handler:
    """Middleware: what is said while the request is answered carries its id.

    One that came in `X-Request-ID` is kept if it has 8 to 64 letters, digits, dots, dashes or
    underscores; anything else is replaced. The answer tells it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        number = given if FORM.fullmatch(given) else uuid.uuid4().hex
        request.META["HTTP_X_REQUEST_ID"] = number
        began = time.monotonic()
        spans.tell(request=number)
        with bound_contextvars(request=number):
            response = get_response(request)
            _tell(request, response.status_code, time.monotonic() - began)
        response.headers[NAME] = number
        return response

    return middleware


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    if not (settings.LOG_REQUESTS or seconds > SLOW):
        return
    person = getattr(request, "_cached_user", None)  # looking for one would cost a query
    found = request.resolver_match
    facts = {
        "method": request.method, "path": request.path_info, "status": status,
        "ms": round(seconds * 1000, 1), "user": getattr(person, "pk", None),
        "route": found.route if found else None,
    }  # fmt: skip
    log.log(logging.INFO if seconds <= SLOW else logging.WARNING, "answered", extra=facts)
