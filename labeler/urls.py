"""Which address leads where."""

from django.urls import include, path

urlpatterns = [
    path("", include("labeler.projects.urls")),
    path("", include("labeler.pools.urls")),
    path("", include("labeler.labeling.urls")),
    path("", include("labeler.training.urls")),
    path("", include("labeler.evaluation.urls")),
]
