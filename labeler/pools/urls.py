from django.urls import path

from labeler.pools.views import images, page, report, steering, storage, uploads, waiting

PROJECT = "projects/<int:pk>/import"

urlpatterns = [
    path("images/<int:pk>/about", images.image_about, name="image_about"),
    path("images/<int:pk>/<str:size>", images.image_file, name="image_file"),
    path("projects/<int:pk>/storage", storage.page, name="storage"),
    path(PROJECT, page.page, name="import"),
    path(f"{PROJECT}/runs", page.runs, name="import_runs"),
    path(f"{PROJECT}/begin", uploads.begin, name="import_begin"),
    path(f"{PROJECT}/<int:number>", report.page, name="import_report"),
    path(f"{PROJECT}/<int:number>/files", uploads.files, name="import_files"),
    path(f"{PROJECT}/unfinished", uploads.unfinished, name="import_unfinished"),
    path(f"{PROJECT}/<int:number>/uploads", uploads.tus_uploads, name="import_uploads"),
    path(f"{PROJECT}/<int:number>/uploads/<uuid:uuid>", uploads.tus_upload, name="import_upload"),
    path(f"{PROJECT}/<int:number>/seal", uploads.seal, name="import_seal"),
    path(f"{PROJECT}/<int:number>/review", waiting.review, name="import_review"),
    path(f"{PROJECT}/<int:number>/decide", waiting.decide, name="import_decide"),
    path(f"{PROJECT}/<int:number>/pause", steering.pause, name="import_pause"),
    path(f"{PROJECT}/<int:number>/go-on", steering.go_on, name="import_go_on"),
    path(f"{PROJECT}/<int:number>/cancel", steering.cancel, name="import_cancel"),
    path(f"{PROJECT}/<int:number>/again", steering.again, name="import_again"),
    path(f"{PROJECT}/<int:number>/refused.csv", report.refused_csv, name="import_refused"),
    path(f"{PROJECT}/<int:number>/report.csv", report.report_csv, name="import_report_csv"),
    path(f"{PROJECT}/<int:number>/report.json", report.report_json, name="import_report_json"),
    path(f"{PROJECT}/origins/<int:origin>/new", steering.only_new, name="import_only_new"),
]
