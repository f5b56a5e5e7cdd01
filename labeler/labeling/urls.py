from django.urls import path

from labeler.labeling.views import export, label

urlpatterns = [
    path("projects/<int:pk>/label", label.page, name="label"),
    path("projects/<int:pk>/label/state", label.state, name="label_state"),
    path("projects/<int:pk>/label/release", label.release, name="label_release"),
    path("projects/<int:pk>/label/suggestions", label.suggestions, name="label_suggestions"),
    path("projects/<int:pk>/export", export.page, name="export"),
]
