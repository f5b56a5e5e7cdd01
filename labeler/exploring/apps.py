from typing import Any

from django.apps import AppConfig

LARGE = 20_000  # images, from which reading a pool takes a while


class ExploringConfig(AppConfig):
    name = "labeler.exploring"
    label = "exploring"

    def ready(self) -> None:
        from labeler.exploring.models import Sought, Survey
        from labeler.training.signals import round_finished
        from labeler.work.kinds import CHORES, ROUNDS, Kind, register

        register(Kind("survey", Survey, CHORES, run=_run))
        register(Kind("sought", Sought, ROUNDS, run=_seek, find=_forget))  # somebody waits for it
        round_finished.connect(_read_columns, dispatch_uid="exploring.columns")


def _run(row: Any) -> None:
    from labeler.exploring import surveys  # loads what clusters and maps; only the workers need it

    surveys.run(row)


def _read_columns(**news: Any) -> None:
    """Receives training.signals.round_finished, in a worker: what the first look at a large pool
    reads is then there."""
    from labeler.exploring import columns, words
    from labeler.projects.models import Project

    project = Project.objects.filter(pk=news["project_id"], next_row__gte=LARGE).first()
    if project:
        columns.of(project)
        words.of(project)
        words.forget()  # a worker has no use for them


def _seek(row: Any) -> None:
    from labeler.exploring import sought

    sought.run(row)


def _forget() -> None:
    from labeler.exploring import sought

    sought.forget()
