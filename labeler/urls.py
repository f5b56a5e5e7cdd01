"""Which address leads where."""

from django.urls import include, path

from labeler import health, home
from labeler.api import api, docs
from labeler.operations import scraping, views

urlpatterns = [
    # First what comes with every label: addresses are tried in this order.
    path("api/v1/openapi.json", docs.openapi, name="openapi"),
    path("api/v1/docs", docs.page, name="api_docs"),
    path("api/v1/", api.urls),
    path("", home.projects, name="projects"),
    path("", include("labeler.pools.urls")),
    path("", include("labeler.accounts.urls")),
    path("", include("labeler.projects.urls")),
    path("", include("labeler.labeling.urls")),
    path("", include("labeler.training.urls")),
    path("", include("labeler.evaluation.urls")),
    path("", include("labeler.exploring.urls")),
    path("", include("labeler.serving.urls")),
    path("", include("labeler.webhooks.urls")),
    path("work", views.of_all, name="work"),
    path("work/<str:kind>/<int:row>/retry", views.retry, name="retry_work"),
    path("projects/<int:pk>/work", views.of_project, name="project_work"),
    path(
        "projects/<int:pk>/work/<str:kind>/<int:row>/retry",
        views.retry_of_project,
        name="retry_project_work",
    ),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", scraping.metrics, name="metrics"),
]

handler400 = "labeler.errors.bad_request"
handler403 = "labeler.errors.forbidden"
handler404 = "labeler.errors.not_found"
handler500 = "labeler.errors.broken"
