"""Is it up, is it ready, and how busy is it: for supervisors, load balancers and Prometheus."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from labeler.api.auth import caller
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image, Import
from labeler.projects.models import Project
from labeler.training.models import FeatureFit, Round, Shard
from labeler.work.health import broker_up, workers
from labeler.work.models import LeasedWork

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
    checks = {name: _holds(check) for name, check in asked.items()}
    status = 200 if all(checks.values()) else 503
    answer = JsonResponse({"status": "ready" if status == 200 else "not ready", **checks})
    answer.status_code = status
    if status == 503:
        answer["Retry-After"] = "5"
    return answer


def _holds(check: Callable[[], bool]) -> bool:
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


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: the owner's session, or a token of the owner without a project."""
    user = caller(request)
    token = getattr(user, "token", None)
    if not user.is_authenticated:
        return HttpResponse("Send a token of the owner.", status=401, content_type="text/plain")
    if not getattr(user, "is_superuser", False) or (token and token.project_id):
        return HttpResponse("This takes the owner.", status=403, content_type="text/plain")
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    for name, words, value in _figures():
        Gauge(f"labeler_{name}", words, registry=registry).set(value)
    work = Gauge("labeler_work", "Rows of background work.", ["kind", "state"], registry=registry)
    for kind in (Import, Round, Shard, FeatureFit):
        counted = kind._default_manager.order_by().values_list("state").annotate(n=Count("pk"))
        found = dict(counted)
        for state in LeasedWork.State.values:
            work.labels(kind.__name__.lower(), state).set(found.get(state, 0))
    return registry


def _figures() -> list[tuple[str, str, float]]:
    newest = Annotation.objects.order_by("-pk").values_list("created_at", flat=True).first()
    return [
        ("projects", "Projects.", Project.objects.count()),
        ("images", "Images in all pools.", Image.objects.count()),
        ("images_labeled", "Images with an answer.", _labeled()),
        ("annotations", "Rows of answers, with changes and undos.", Annotation.objects.count()),
        ("queue_open", "Images waiting in queues.", QueueItem.objects.filter(done_at=None).count()),
        ("workers_seen", "Workers seen lately.", len(workers())),
        ("broker_up", "1 if the broker takes a connection.", float(broker_up())),
        ("last_answer_timestamp_seconds", "Time of the newest answer, 0 without one.",
         newest.timestamp() if newest else 0.0),
    ]  # fmt: skip


def _labeled() -> int:
    return Image.objects.filter(state=Image.State.LABELED).count()
