"""Every error of the API is {"detail", "code", "errors"?}, in words that contain the remedy."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from labeler.api.auth import ReadOnly
from labeler.api.limits import TooFast
from labeler.api.parsing import NOT_JSON
from labeler.labeling.answers import Refused as NotTaken
from labeler.pools.refusing import ImportRefused
from labeler.projects.access import Inactive
from labeler.projects.archiving import Archived
from labeler.projects.creation import SettingsRefused
from labeler.projects.labels import LabelsRefused
from labeler.webhooks.hooks import WebhookRefused


class FieldError(Schema):
    """One field and what is wrong with it."""

    field: str
    message: str


class Error(Schema):
    """What went wrong and what to do."""

    detail: str
    code: str
    errors: list[FieldError] | None = None
    results: list[dict[str, Any]] | None = None  # of a list of answers, none of which was stored


class Refused(Exception):
    """An endpoint says no."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(detail)


ERRORS: dict[frozenset[int], Any] = {
    frozenset({400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429}): Error
}
CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    412: "changed_meanwhile",
    413: "too_large",
    415: "wrong_type",
    422: "invalid",
    429: "too_many",
}
MOST_ERRORS = 50


def answer(status: int, code: str, detail: str, errors: list[Any] | None = None) -> HttpResponse:
    """The error as a response."""
    body: dict[str, Any] = {"detail": detail, "code": code}
    if errors is not None:
        body["errors"] = errors[:MOST_ERRORS]
    return JsonResponse(body, status=status)


def install(api: NinjaAPI) -> None:
    """Give the API its handlers."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _not_found(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(404, "not_found", "There is nothing here, or not for you.")


def _forbidden(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(403, "forbidden", str(error) or "Your role does not allow this.")


def _inactive(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(404, "inactive", str(error))


def _archived(request: HttpRequest, error: Any) -> HttpResponse:
    return answer(409, "archived", str(error))


def _not_signed_in(request: HttpRequest, error: Any) -> HttpResponse:
    told = answer(401, "not_signed_in", "Sign in, or send a working token.")
    told["WWW-Authenticate"] = "Bearer"
    return told


def _too_fast(request: HttpRequest, error: TooFast) -> HttpResponse:
    told = answer(429, "too_many", str(error))
    told["Retry-After"] = str(error.seconds)
    return told


def _read_only(request: HttpRequest, error: ReadOnly) -> HttpResponse:
    return answer(403, "read_only_token", str(error))


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    words = str(error)
    if words == "Cannot parse request body" and request.content_type != "application/json":
        return answer(415, "wrong_type", NOT_JSON)
    if words == "Cannot parse request body":
        words = "The body is not JSON. Check it and send it again."
    return answer(error.status_code, CODES.get(error.status_code, "error"), words)


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    found = [
        {"field": ".".join(str(part) for part in one["loc"]), "message": one["msg"]}
        for one in error.errors
    ]
    return answer(422, "invalid", "Some values are missing or wrong; see errors.", found)


def _settings_refused(request: HttpRequest, error: SettingsRefused) -> HttpResponse:
    found = [{"field": field, "message": words} for field, words in error.problems.items()]
    return answer(422, "invalid", "Some settings are wrong; see errors.", found)


def _labels_refused(request: HttpRequest, error: LabelsRefused) -> HttpResponse:
    found = [
        {"field": "labels" if place is None else f"labels.{place}", "message": words}
        for place, words in error.problems
    ]
    return answer(422, "invalid_labels", "The labels break a rule; see errors.", found)


def _webhook_refused(request: HttpRequest, error: WebhookRefused) -> HttpResponse:
    found = [{"field": field, "message": words} for field, words in error.problems.items()]
    return answer(422, "invalid", str(error), found)


def _import_refused(request: HttpRequest, error: ImportRefused) -> HttpResponse:
    return answer(507 if error.code == "disk_full" else 422, error.code, str(error))


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return answer(error.status, error.code, error.detail)


def _not_taken(request: HttpRequest, error: NotTaken) -> HttpResponse:
    return answer(error.status, error.code, error.detail)


HANDLERS: dict[type[Exception], Any] = {
    Http404: _not_found,
    PermissionDenied: _forbidden,
    Inactive: _inactive,
    Archived: _archived,
    AuthenticationError: _not_signed_in,
    TooFast: _too_fast,
    ReadOnly: _read_only,
    HttpError: _http_error,
    ValidationError: _invalid,
    SettingsRefused: _settings_refused,
    LabelsRefused: _labels_refused,
    WebhookRefused: _webhook_refused,
    ImportRefused: _import_refused,
    Refused: _refused,
    NotTaken: _not_taken,
}
