from typing import Any

from django.apps import AppConfig


class ExploringConfig(AppConfig):
    name = "labeler.exploring"
    label = "exploring"

    def ready(self) -> None:
        from labeler.exploring.models import Sought, Survey
        from labeler.work.kinds import CHORES, ROUNDS, Kind, register

        register(Kind("survey", Survey, CHORES, run=_run, find=_prepare))
        register(Kind("sought", Sought, ROUNDS, run=_seek, find=_forget))  # somebody waits for it


def _run(row: Any) -> None:
    from labeler.exploring import surveys  # loads what clusters and maps; only the workers need it

    surveys.run(row)


def _prepare() -> None:
    from labeler.exploring import prepared

    prepared.find()


def _seek(row: Any) -> None:
    from labeler.exploring import sought

    sought.run(row)


def _forget() -> None:
    from labeler.exploring import sought

    sought.forget()
