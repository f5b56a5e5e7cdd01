from django.urls import path

from labeler.pools.views import images, page, uploads

PROJECT = "projects/<int:pk>/import"

urlpatterns = [
    path("images/<int:pk>/<str:size>", images.image_file, name="image_file"),
    path(PROJECT, page.page, name="import"),
    path(f"{PROJECT}/runs", page.runs, name="import_runs"),
    path(f"{PROJECT}/begin", uploads.begin, name="import_begin"),
    path(f"{PROJECT}/<int:number>", page.report, name="import_report"),
    path(f"{PROJECT}/<int:number>/files", uploads.files, name="import_files"),
    path(f"{PROJECT}/<int:number>/seal", uploads.seal, name="import_seal"),
    path(f"{PROJECT}/<int:number>/cancel", page.cancel, name="import_cancel"),
    path(f"{PROJECT}/<int:number>/again", page.again, name="import_again"),
    path(f"{PROJECT}/<int:number>/refused.csv", page.refused_csv, name="import_refused"),
]
