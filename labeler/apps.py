from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The roof: commands that name every floor (`up`, `demo`) live here."""

    name = "labeler"
    label = "roof"

    def ready(self) -> None:
        # Makes ours the current Celery application, so that hints go to our broker.
        from labeler import celery  # noqa: F401
