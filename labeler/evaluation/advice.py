"""What the figures say to do next; only what they can back."""

from dataclasses import dataclass

from labeler.evaluation import confusion
from labeler.evaluation.confusion import Cell
from labeler.evaluation.measures import Measure
from labeler.evaluation.report import LabelReport, Report
from labeler.projects.models import Project
from ml.intervals import draws_needed

WANTED = 0.05  # an interval of ±5 points says enough to decide on


@dataclass(frozen=True)
class Width:
    """How well the least known label's recall is known, and what ±5 points would take."""

    label: LabelReport
    measure: Measure
    more: int  # audit labels
    left: int  # audit images that nobody has answered yet

    @property
    def enough_left(self) -> bool:
        return self.more <= self.left


@dataclass(frozen=True)
class Advice:
    """`state` is empty_pool, no_model, unreadable, too_early, below, within or reached."""

    state: str
    to_number: int = 0  # audit labels until there is a figure
    width: Width | None = None
    worst: LabelReport | None = None
    taken_for: Cell | None = None
    mistakes: int = 0


def of(project: Project, report: Report, *, number_from: int) -> Advice:
    """Advice for the project as measured."""
    if report.macro_f1 is None:
        to_number = max(0, number_from - report.audit_labels)
        return Advice(_state_without_figure(project, report), to_number=to_number)
    said = [label for label in report.labels if not label.too_few]
    worst = min(said, key=lambda label: label.lowest, default=None)
    return Advice(
        state=_state(report.macro_f1, project.target),
        width=_width(said, report),
        worst=worst if worst and worst.lowest < project.target else None,
        taken_for=confusion.most_taken_for(report, worst.label) if worst else None,
        mistakes=report.mistakes,
    )


def _state_without_figure(project: Project, report: Report) -> str:
    if not project.next_row:
        return "empty_pool"
    if report.version is None:
        return "no_model"
    return "too_early" if report.readable else "unreadable"


def _state(macro: Measure, target: float) -> str:
    if macro.high < target:
        return "below"
    return "reached" if macro.low >= target else "within"


def _width(said: list[LabelReport], report: Report) -> Width | None:
    known = [(label, label.recall) for label in said if label.recall]
    if not known:
        return None
    label, recall = max(known, key=lambda pair: pair[1].half)
    lacking = max(0, draws_needed(recall.value, WANTED) - label.support)
    # Audit images come in uniformly, so a label keeps its share of them.
    more = -(-lacking * report.audit_labels // label.support)
    left = report.audit_images - report.audit_labels - report.audit_unscored - report.audit_skipped
    return Width(label, recall, more, max(0, left))
