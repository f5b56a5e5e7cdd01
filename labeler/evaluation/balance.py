"""How the labels so far are spread, beside how they are spread over the pool."""

from dataclasses import dataclass

from labeler.evaluation import activity, sample
from labeler.evaluation.measures import Measure, share
from labeler.projects.models import Label, Project


@dataclass(frozen=True)
class Share:
    """A label's share of the answers so far, and of the audit sample with its interval."""

    label: Label
    answers: int
    given: float  # of all standing answers
    audit: int
    pool: Measure | None  # None without audit labels

    @property
    def lean(self) -> str:
        """more, less or "": whether it was surely asked for more or less than its share."""
        if self.pool is None:
            return ""
        if self.given > self.pool.high:
            return "more"
        return "less" if self.given < self.pool.low else ""


def of(project: Project) -> tuple[Share, ...]:
    """Every label that is not retired, in the order people see them."""
    answers = sample.of(project)
    seen: dict[int, int] = {}
    for said in answers.labels:
        for pk in said:
            seen[pk] = seen.get(pk, 0) + 1
    given = activity.of(project)
    named = sum(each.count for each in given.classes)
    # With several labels on an image: of the answers, which then add up to more than 1.
    total = max(1, given.answers - given.skips if project.is_multi else named)
    return tuple(
        Share(
            label=each.label,
            answers=each.count,
            given=min(1.0, each.count / total),
            audit=seen.get(each.label.pk, 0),
            pool=share(seen.get(each.label.pk, 0), len(answers)),
        )
        for each in given.classes
        if not each.label.retired
    )
