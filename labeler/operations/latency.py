"""How long requests take: counted in each process, added up over all of a web server's."""

import os
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

from labeler.operations.shared_counts import FOLDER

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Handler = Callable[[HttpRequest], HttpResponseBase]

seconds = Histogram(
    "labeler_request_seconds", "Time until the answer begins.", ["method", "route", "status"],
    buckets=BUCKETS,
)  # fmt: skip


def timed(get_response: Handler) -> Handler:
    """Middleware: one more request of its route, which holds no ids: `projects/<int:pk>/label`."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = get_response(request)
        found = request.resolver_match
        route = found.route if found else _before_the_routes(request)
        method = request.method if request.method in METHODS else "other"
        kind = f"{response.status_code // 100}xx"
        seconds.labels(method, route, kind).observe(time.perf_counter() - began)
        return response

    return middleware


def _before_the_routes(request: HttpRequest) -> str:
    """What is answered before the routes are asked: pictures and static files."""
    for start in ("/images/", "/static/"):
        if request.path_info.startswith(start):
            return start.strip("/")
    return "none"


def registry() -> CollectorRegistry:
    """A registry that holds the histogram: of all processes of this server, or of this one."""
    found = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    else:
        found.register(seconds)
    return found


REGISTRY.unregister(seconds)  # told by `registry` alone
