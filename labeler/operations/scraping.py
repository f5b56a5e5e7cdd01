"""`/metrics`: the figures, for whoever may have them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from labeler.api.auth import caller
from labeler.operations import latency
from labeler.operations.figures import Installation


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: by the token of the settings, the owner's session or token.

    The prediction service tells only how long its own requests take.
    """
    refused = None if _by_its_token(request) else _refusal(request)
    if refused:
        return refused
    found = latency.registry()
    if not settings.SERVING:
        found.register(Installation())
    return HttpResponse(generate_latest(found), content_type=CONTENT_TYPE_LATEST)


def _by_its_token(request: HttpRequest) -> bool:
    kind, _sep, given = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    return bool(known and kind == "Bearer" and constant_time_compare(given.strip(), known))


def _refusal(request: HttpRequest) -> HttpResponse | None:
    user = caller(request)
    token = getattr(user, "token", None)
    if not user.is_authenticated:
        words = "Send LABELER_METRICS_TOKEN, or a token of the owner."
        return HttpResponse(words, status=401, content_type="text/plain")
    if not getattr(user, "is_superuser", False) or (token and token.project_id):
        return HttpResponse("This takes the owner.", status=403, content_type="text/plain")
    return None
