from django.urls import path

from labeler.serving import export_views, views

BATCHES = "projects/<int:pk>/predictions"

EXPORTS = "projects/<int:pk>/model-exports"

urlpatterns = [
    path(EXPORTS, export_views.exports, name="model_exports"),
    path(f"{EXPORTS}/<int:number>/<str:format>", export_views.download, name="model_export"),
    path(BATCHES, views.page, name="batch_predictions"),
    path(f"{BATCHES}/runs", views.runs, name="batch_runs"),
    path(f"{BATCHES}/<int:number>", views.one, name="batch_prediction"),
    path(f"{BATCHES}/<int:number>/thumb/<int:place>", views.thumb, name="batch_thumb"),
    path(f"{BATCHES}/<int:number>/cancel", views.cancel, name="batch_cancel"),
    path(f"{BATCHES}/<int:number>/again", views.again, name="batch_again"),
    path(f"{BATCHES}/<int:number>/delete", views.delete, name="batch_delete"),
]
