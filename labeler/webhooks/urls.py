"""Addresses of the pages about webhooks."""

from django.urls import path

from labeler.webhooks.views import acts, pages

ALL = "projects/<int:pk>/settings/webhooks"
ONE = f"{ALL}/<int:webhook>"

urlpatterns = [
    path(ALL, pages.all_of_project, name="webhooks"),
    path(ONE, pages.one, name="webhook"),
    path(f"{ONE}/log", pages.deliveries, name="webhook_log"),
    path(f"{ONE}/test", acts.test, name="webhook_test"),
    path(f"{ONE}/pause", acts.pause, name="webhook_pause"),
    path(f"{ONE}/go-on", acts.go_on, name="webhook_go_on"),
    path(f"{ONE}/secret", pages.secret, name="webhook_secret"),
    path(f"{ONE}/targets", pages.add_target, name="webhook_targets"),
    path(f"{ONE}/targets/<int:target>/remove", acts.remove_target, name="webhook_remove_target"),
    path(f"{ONE}/replay", acts.replay_failed, name="webhook_replay_failed"),
    path(f"{ONE}/deliveries/<int:delivery>/replay", acts.replay, name="webhook_replay"),
    path(f"{ONE}/delete", acts.delete, name="webhook_delete"),
]
