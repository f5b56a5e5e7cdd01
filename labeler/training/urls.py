from django.urls import URLPattern, path

from labeler.training.views import features

FEATURES = "projects/<int:pk>/features"

urlpatterns: list[URLPattern] = [
    path(FEATURES, features.panel, name="features"),
    path(f"{FEATURES}/learn", features.learn, name="learn_features"),
    path(f"{FEATURES}/<str:fingerprint>/samples.webp", features.samples, name="feature_samples"),
]
