from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "labeler.work"
    label = "work"
