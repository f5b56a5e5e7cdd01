"""Is it up, and is it ready: for supervisors and load balancers."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from labeler.work.health import broker_up, workers

log = logging.getLogger(__name__)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Whether labels can be taken and work gets done; 503 names what is missing.

    The prediction service is ready once the models that were asked for lately are in memory.
    """
    asked = SERVICE if settings.SERVING else CHECKS
    checks = {name: holds(check) for name, check in asked.items()}
    status = 200 if all(checks.values()) else 503
    answer = JsonResponse({"status": "ready" if status == 200 else "not ready", **checks})
    answer.status_code = status
    if status == 503:
        answer["Retry-After"] = "5"
    return answer


def holds(check: Callable[[], bool]) -> bool:
    """Whether the part is there; whatever goes wrong while it is asked, it is not."""
    try:
        return check()
    except Exception as error:  # whatever the part's library raises: the part is not ready
        log.warning("Not ready: %s", type(error).__name__)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _storage() -> bool:
    default_storage.exists("readyz")  # a local folder is made on the first write
    return True


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _database,
    "broker": broker_up,
    "storage": _storage,
    "worker": lambda: bool(workers()),
}


def _models() -> bool:
    from labeler.serving import warming  # loads torch: only the service does

    return warming.is_warm()


SERVICE: dict[str, Callable[[], bool]] = {"database": _database, "models": _models}
