"""Rounds and model versions as the pages list them."""

from dataclasses import dataclass

from labeler.evaluation import status
from labeler.evaluation.models import Score
from labeler.evaluation.status import Line
from labeler.projects.models import Project
from labeler.training.models import ModelVersion, Round


@dataclass(frozen=True)
class RoundRow:
    """A round, the version it left and that version's score, where there are any."""

    round: Round
    version: ModelVersion | None
    score: Score | None

    @property
    def line(self) -> Line:
        """What it is doing, or why it failed."""
        return status.round_line(self.round)

    @property
    def seconds(self) -> float | None:
        """From the first worker's start to the end."""
        begin, end = self.round.started_at, self.round.finished_at
        return (end - begin).total_seconds() if begin and end else None

    @property
    def taken_up_again(self) -> bool:
        """Whether its first worker was lost."""
        return self.round.attempts > 1 and self.round.state != Round.State.FAILED


def rounds(project: Project, most: int) -> list[RoundRow]:
    """The newest rounds first."""
    found = Round.objects.filter(project=project).select_related("model_version__score")
    return [_row(each) for each in found.order_by("-number")[:most]]


def _row(found: Round) -> RoundRow:
    version = getattr(found, "model_version", None)
    return RoundRow(found, version, getattr(version, "score", None))


def versions(project: Project, most: int = 200) -> list[ModelVersion]:
    """The newest versions first, each with `.score` where it was measured."""
    found = ModelVersion.objects.filter(project=project).select_related("score", "round")
    return list(found.order_by("-number")[:most])
