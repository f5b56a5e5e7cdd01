from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The roof: commands that name every floor (`up`, `demo`) live here."""

    name = "labeler"
    label = "roof"

    def ready(self) -> None:
        from django.conf import settings

        # Makes ours the current Celery application, so that hints go to our broker.
        from labeler import celery  # noqa: F401
        from ml.features import onnx_file

        onnx_file.only_from(settings.MODELS)  # admins name files; the operator says where
