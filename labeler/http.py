"""What every answer carries, and what no request may do."""

from collections.abc import Callable
from urllib.parse import urlsplit

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponseBase]

CSP = "Content-Security-Policy"
NOTHING = "default-src 'none'; frame-ancestors 'none'"  # what data may load
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def same_site(get_response: Handler) -> Handler:
    """Refuse to be driven by a page of another site, even where no cookie is sent along.

    A page in the user's browser can post to localhost; the browser names it in `Origin`.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in UNSAFE and not _origin_is_ours(request):
            words = _("This was sent by a page of another site. Open Labeler itself and try again.")
            return refusal(request, 403, "foreign_origin", words)
        return get_response(request)

    return middleware


def _origin_is_ours(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return urlsplit(origin).netloc == request.get_host()


def headers(get_response: Handler) -> Handler:
    """Headers that django's and csp's middleware do not set."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        elif kind.startswith("application/json"):
            response.headers.setdefault(CSP, NOTHING)
        return response

    return middleware


class ContentSecurityPolicy(CSPMiddleware):  # type: ignore[misc]
    """django-csp's, which words the policy of a page for every answer, also where one is set."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The answer with the policy of pages, unless it has its own."""
        if CSP in response.headers:
            return response
        worded: HttpResponseBase = super().process_response(request, response)
        return worded


def parts(get_response: Handler) -> Handler:
    """A part of a page that needs a sign-in sends the whole page there, not the part."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        where = response.headers.get("Location", "")
        asked_by_htmx = request.headers.get("HX-Request") == "true"
        if asked_by_htmx and where.startswith(resolve_url(settings.LOGIN_URL) + "?"):
            shown = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/"
            target = f"{resolve_url(settings.LOGIN_URL)}?next={shown}"
            return HttpResponse(status=401, headers={"HX-Redirect": target})
        return response

    return middleware


def api_errors(get_response: Handler) -> Handler:
    """Whatever goes wrong under /api/ is answered as JSON, also what Django itself refuses."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        plain = not response.headers.get("Content-Type", "").startswith("application/json")
        if wants_json(request) and response.status_code >= 400 and plain:
            code, words = PLAIN_ERRORS.get(response.status_code, ("error", "That did not work."))
            told = refusal(request, response.status_code, code, words)
            for name in ("Allow", "Retry-After"):
                if name in response.headers:
                    told[name] = response.headers[name]
            return told
        return response

    return middleware


PLAIN_ERRORS = {
    400: ("bad_request", "This request cannot be read."),
    403: ("forbidden", "This is not allowed. A session also needs the X-CSRFToken header."),
    404: ("not_found", "There is nothing here, or not for you."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is too large."),
    415: ("wrong_type", "Send JSON, with Content-Type: application/json."),
    429: ("too_many", "Too many requests. Wait a little, then go on more slowly."),
    500: ("error", "Something broke on the server. It is in its log."),
    503: ("unavailable", "The database does not answer. Try again in a few seconds."),
}


def wants_json(request: HttpRequest) -> bool:
    """Everything under /api/ but its documentation page speaks JSON, whatever `Accept` says."""
    return request.path.startswith("/api/")


def refusal(request: HttpRequest, status: int, code: str, words: str) -> HttpResponse:
    """An error in the form of the API, or as plain text."""
    if wants_json(request):
        return JsonResponse({"detail": words, "code": code}, status=status)
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
