from typing import Any

from django.apps import AppConfig


class RoofConfig(AppConfig):
    """The roof: commands that name every floor (`up`, `demo`) live here."""

    name = "labeler"
    label = "roof"

    def ready(self) -> None:
        from django.conf import settings

        # Makes ours the current Celery application, so that hints go to our broker.
        from labeler import celery  # noqa: F401
        from labeler.operations import tracing
        from labeler.work.kinds import CHORES, Kind, register
        from labeler.work.models import Counting
        from ml.features import onnx_file

        onnx_file.only_from(settings.MODELS)  # admins name files; the operator says where
        if settings.TRACES_URL:
            tracing.begin(settings.TRACES_URL)
        register(Kind("counting", Counting, CHORES, run=_count, find=_find_counting))


def _count(row: Any) -> None:
    from labeler.operations import counting

    counting.run(row)


def _find_counting() -> None:
    from labeler.operations import counting

    counting.find()
