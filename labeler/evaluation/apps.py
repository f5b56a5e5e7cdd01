from typing import Any

from django.apps import AppConfig


class EvaluationConfig(AppConfig):
    name = "labeler.evaluation"
    label = "evaluation"

    def ready(self) -> None:
        from labeler.evaluation.models import Measuring, Study
        from labeler.evaluation.receivers import (
            count_sureness,
            look_for_suspects,
            measure_new_version,
        )
        from labeler.training.signals import round_finished
        from labeler.work.kinds import CHORES, ROUNDS, Kind, register

        register(Kind("study", Study, CHORES, run=_run_study))
        register(Kind("measuring", Measuring, ROUNDS, run=_measure))  # somebody looks at the curve
        round_finished.connect(measure_new_version, dispatch_uid="evaluation.measure")
        round_finished.connect(look_for_suspects, dispatch_uid="evaluation.suspects")
        round_finished.connect(count_sureness, dispatch_uid="evaluation.sureness")


def _run_study(row: Any) -> None:
    from labeler.evaluation import studies  # loads what learns; only the workers need it

    studies.run(row)


def _measure(row: Any) -> None:
    from labeler.evaluation import measuring

    measuring.run(row)
