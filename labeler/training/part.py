"""Which answers a round may learn from, and how much each label weighs: the part it trains on.

Kept as JSON in `Project.training_part` and, as it was then, with every model version. An empty
part means all answers, weighed alike. The audit sample is never trained on, whatever a part says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from django.db.models import Q
from django.utils import timezone

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Project

NO_SPLIT = "none"  # images of which no manifest named a split
SPLITS = (NO_SPLIT, Image.Split.TRAIN.value, Image.Split.VALIDATION.value)
SOURCES = tuple(source.value for source in Annotation.Source)
BALANCED: Literal["balanced"] = "balanced"

Weights = Literal["balanced"] | dict[int, float] | None


@dataclass(frozen=True)
class Part:
    """What a round may learn from. Empty fields leave nothing out."""

    splits: tuple[str, ...] = ()  # of SPLITS
    imports: tuple[int, ...] = ()  # numbers; images that came with one of them
    people: tuple[int, ...] = ()  # user ids: answers that they gave
    sources: tuple[str, ...] = ()  # of SOURCES: how the answers were given
    since: date | None = None  # answers given on that day or later
    until: date | None = None  # … and on that day at the latest
    images: tuple[int, ...] = ()  # ids: images that somebody chose one by one
    reviewed: bool = False  # only answers that a reviewer gave
    without: tuple[int, ...] = ()  # label ids that are not learned
    weights: Weights = None

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @property
    def chooses(self) -> bool:
        """Whether it leaves answers out."""
        return self.answers() != Q()

    def as_dict(self) -> dict[str, Any]:
        """As JSON keeps it: only what is not empty."""
        plain = {
            "splits": list(self.splits), "imports": list(self.imports),
            "people": list(self.people), "sources": list(self.sources),
            "images": list(self.images),
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "reviewed": self.reviewed, "without": list(self.without),
            "weights": {str(pk): w for pk, w in self.weights.items()}
            if isinstance(self.weights, dict) else self.weights,
        }  # fmt: skip
        return {name: value for name, value in plain.items() if value}

    def answers(self) -> Q:
        """The annotations that a round may use, besides those that teach at all."""
        among = {
            "image__split__in": ["" if s == NO_SPLIT else s for s in self.splits],
            "image__came_with__number__in": self.imports,
            "image__in": self.images, "user__in": self.people, "source__in": self.sources,
        }  # fmt: skip
        allowed = Q(**{name: values for name, values in among.items() if values})
        if self.reviewed:
            allowed &= Q(source=Annotation.Source.REVIEW)
        if self.since:
            allowed &= Q(created_at__gte=_midnight(self.since))
        if self.until:
            allowed &= Q(created_at__lt=_midnight(self.until + timedelta(days=1)))
        return allowed

    def label_ids(self, label_ids: Sequence[int]) -> list[int]:
        """Those that are learned, in the same order."""
        return [pk for pk in label_ids if pk not in self.without]

    def sample_weights(
        self, y: npt.NDArray[Any], label_ids: Sequence[int]
    ) -> npt.NDArray[np.float32] | None:
        """How much each answer counts, (n,) with mean 1, as `Head.fit` takes it; None: alike.

        y: label numbers (n,), or marks (n, n_labels), in the order of `label_ids`. Of several
        labels on an image the heaviest counts; an image without any weighs 1 before scaling.
        """
        if not self.weights or not len(y):
            return None
        if isinstance(self.weights, dict):
            return _scaled(y, [self.weights.get(pk, 1.0) for pk in label_ids])
        from ml.heads.imbalance import balanced_weights  # loads what learns; only rounds need it

        return balanced_weights(y, len(label_ids))


EVERYTHING = Part()


def of(project: Project) -> Part:
    """The part that the project's next round trains on."""
    return read(project.training_part)


def read(kept: Mapping[str, Any]) -> Part:
    """A part as it was stored; what it does not know it leaves out."""
    weights = kept.get("weights")
    return Part(
        splits=tuple(kept.get("splits", ())),
        imports=tuple(kept.get("imports", ())),
        people=tuple(kept.get("people", ())),
        sources=tuple(kept.get("sources", ())),
        since=_day(kept.get("since")),
        until=_day(kept.get("until")),
        images=tuple(kept.get("images", ())),
        reviewed=bool(kept.get("reviewed", False)),
        without=tuple(kept.get("without", ())),
        weights={int(pk): float(w) for pk, w in weights.items()}
        if isinstance(weights, dict)
        else weights or None,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _scaled(y: npt.NDArray[Any], each: list[float]) -> npt.NDArray[np.float32]:
    of_label = np.array(each)
    if y.ndim == 1:
        found = of_label[y]
    else:
        found = np.where(y.any(axis=1), np.where(y, of_label, 0).max(axis=1), 1.0)
    return np.asarray(found / found.mean(), dtype=np.float32)
