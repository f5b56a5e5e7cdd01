from django.urls import path

from labeler.evaluation.views import (
    agreement,
    dashboard,
    gold,
    models,
    review,
    status,
    suspects,
    versions,
)

urlpatterns = [
    path("status", status.of_installation, name="system_status"),
    path("projects/<int:pk>/", dashboard.page, name="dashboard"),
    path("projects/<int:pk>/live", dashboard.live, name="dashboard_live"),
    path("projects/<int:pk>/status", status.of_project, name="status"),
    path("projects/<int:pk>/review", review.page, name="review"),
    path("projects/<int:pk>/review/answer", review.answer, name="review_answer"),
    path("projects/<int:pk>/review/undo", review.undo, name="review_undo"),
    path("projects/<int:pk>/review/threshold", review.threshold, name="review_threshold"),
    path("projects/<int:pk>/review/suspects", suspects.page, name="suspects"),
    path("projects/<int:pk>/review/suspects/state", suspects.state, name="suspects_state"),
    path("projects/<int:pk>/review/suspects/look", suspects.look, name="suspects_look"),
    path("projects/<int:pk>/review/suspects/answer", suspects.answer, name="suspects_answer"),
    path("projects/<int:pk>/review/suspects/confirm", suspects.confirm, name="suspects_confirm"),
    path("projects/<int:pk>/review/suspects/doubt", suspects.doubt, name="suspects_doubt"),
    path("projects/<int:pk>/review/suspects/send", suspects.send, name="suspects_send"),
    path("projects/<int:pk>/agreement", agreement.page, name="agreement"),
    path("projects/<int:pk>/gold", gold.page, name="gold"),
    path("projects/<int:pk>/models", models.page, name="models"),
    path("projects/<int:pk>/models/unpin", versions.unpin, name="unpin_version"),
    path("projects/<int:pk>/models/<int:number>/pin", versions.pin, name="pin_version"),
    path("projects/<int:pk>/models/<int:number>/delete", versions.delete, name="delete_version"),
    path("projects/<int:pk>/train", models.train_now, name="train_now"),
]
