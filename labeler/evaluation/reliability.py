"""Whether a version's probabilities keep their word, before and after its temperature."""

from dataclasses import dataclass
from typing import Any

from labeler.evaluation import measures, sample, scored
from labeler.evaluation.measures import Measure
from labeler.evaluation.memory import Memory
from labeler.evaluation.report import NUMBER_FROM
from labeler.evaluation.scored import Scored
from labeler.projects.models import Project
from labeler.training.models import ModelVersion
from ml.calibration_error import Bin, Claims, calibration_error, reliability
from ml.threads import one_blas_thread


@dataclass(frozen=True)
class Reliability:
    """Bins of claims that are about equally sure, and the mean gap between word and deed."""

    every_label: bool  # a claim for each label of each image, or one for its likeliest
    images: int
    bins: tuple[Bin, ...]
    error: Measure
    before: Measure  # the same with the temperature taken out again
    temperature: float

    @property
    def dots(self) -> list[dict[str, Any]]:
        """The bins with their places in a square, in percent from the left and from above."""
        return [
            {
                "bin": each,
                "x": f"{100 * each.sure:.1f}%",
                "y": f"{100 * (1 - each.right):.1f}%",
                "top": f"{100 * (1 - each.right_high):.1f}%",
                "bottom": f"{100 * (1 - each.right_low):.1f}%",
            }
            for each in self.bins
        ]

    @property
    def could_be_perfect(self) -> bool:
        """Whether perfect calibration could look like this."""
        return self.error.low == 0

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        return {
            "claims": "every_label" if self.every_label else "likeliest_label",
            "bins": [bin_._asdict() for bin_ in self.bins],
            "error": self.error.as_dict(),
            "error_before": self.before.as_dict(),
            "temperature": self.temperature,
        }


_known: Memory[Reliability | None] = Memory(64)


def of(project: Project, version: ModelVersion, as_of: int | None = None) -> Reliability | None:
    """Measured on the audit sample; None below NUMBER_FROM answers. Raises NotScored."""
    answers = sample.of(project, as_of)
    now = scored.of(project, version, answers)
    before = scored.of(project, version, answers, raw=True)
    return _known.get(now.key, lambda: _measure(project, version, now, before))


@one_blas_thread()
def _measure(
    project: Project, version: ModelVersion, now: Scored, before: Scored
) -> Reliability | None:
    n = len(now.image_ids)
    if n < NUMBER_FROM or not now.labels:
        return None
    claims = [_claims(each, every_label=project.is_multi) for each in (now, before)]
    after, first = (measures.measure(*calibration_error(each, n)) for each in claims)
    if after is None or first is None:
        return None
    return Reliability(
        every_label=project.is_multi,
        images=n,
        bins=tuple(reliability(claims[0])),
        error=after,
        before=first,
        temperature=version.temperature,
    )


def _claims(compared: Scored, *, every_label: bool) -> Claims:
    make = Claims.of_every_label if every_label else Claims.of_likeliest
    return make(compared.proba, compared.truth)
