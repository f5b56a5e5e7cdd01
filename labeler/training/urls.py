from django.urls import URLPattern, path

from labeler.training.views import features, part

FEATURES = "projects/<int:pk>/features"

urlpatterns: list[URLPattern] = [
    path(FEATURES, features.panel, name="features"),
    path(f"{FEATURES}/learn", features.learn, name="learn_features"),
    path(f"{FEATURES}/<str:fingerprint>/samples.webp", features.samples, name="feature_samples"),
    path("projects/<int:pk>/training-part", part.save, name="training_part"),
]
