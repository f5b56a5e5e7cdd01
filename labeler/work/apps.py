from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "labeler.work"
    label = "work"

    def ready(self) -> None:
        from labeler.work import sweep  # noqa: F401 - its thread starts when a Celery worker does
