"""A score that was measured once, measured again on what people said then."""

from labeler.evaluation.models import Score
from labeler.evaluation.report import Report, report
from labeler.evaluation.scored import Thresholds


def report_of(score: Score) -> Report | None:
    """The report that the score was made from, though answers and thresholds changed since.

    None for a score from before its answers were noted.
    """
    if score.seen_annotation is None:
        return None
    return report(
        score.project, score.version, as_of=score.seen_annotation, thresholds=_thresholds(score)
    )


def _thresholds(score: Score) -> Thresholds:
    """Those of its time; what is no more than the default was not saved by anybody."""
    default = Thresholds(score.project.is_multi)
    told = ((int(each["id"]), float(each["threshold"])) for each in score.per_label)
    saved = tuple(sorted((pk, p) for pk, p in told if p != default.for_label(pk)))
    return Thresholds(score.project.is_multi, saved=saved)
