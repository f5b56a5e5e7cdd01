from typing import Any

from django.apps import AppConfig


class ServingConfig(AppConfig):
    name = "labeler.serving"
    label = "serving"

    def ready(self) -> None:
        from labeler.serving import orders
        from labeler.serving.export import orders as exports
        from labeler.serving.models import BatchPiece, BatchPrediction, ModelExport
        from labeler.work.kinds import CHORES, Kind, register

        register(Kind(orders.KIND, BatchPrediction, CHORES, run=_judge, find=orders.sweep))
        register(Kind(orders.PIECE, BatchPiece, CHORES, run=_judge_piece, find=_fail_batches))
        register(Kind(exports.KIND, ModelExport, CHORES, run=exports.run))


def _judge(row: Any) -> None:
    from labeler.serving import judging  # loads what embeds; only the workers need it

    judging.run(row)


def _judge_piece(row: Any) -> None:
    from labeler.serving import pieces

    pieces.run(row)


def _fail_batches() -> None:
    from labeler.serving import pieces

    pieces.find()
