from typing import Any

from django.apps import AppConfig


class ExploringConfig(AppConfig):
    name = "labeler.exploring"
    label = "exploring"

    def ready(self) -> None:
        from labeler.exploring.models import Survey
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind("survey", Survey, CHORES, run=_run))


def _run(row: Any) -> None:
    from labeler.exploring import surveys  # loads what clusters and maps; only the workers need it

    surveys.run(row)
