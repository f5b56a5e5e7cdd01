"""The labels that a project would hand over if everybody stopped now: people's where they
answered, the model's on the rest; and how right they are over the whole pool.

The figures of the audit sample are of the model alone, on images that it has not learned. What
people answered beside it is known, and is added to what the sample says (`ml.whole_pool`).
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import measures, scored, taught
from labeler.evaluation.measures import Measure
from labeler.evaluation.memory import Memory
from labeler.evaluation.sample import AuditSample
from labeler.evaluation.scored import Bools, NotScored, Scored, Thresholds
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Label, Project
from labeler.training import answers_by_row, predictions
from labeler.training.answers_by_row import NONE
from labeler.training.models import ModelVersion
from ml import metrics, whole_pool
from ml.arrays import SHARD, shard_count
from ml.metrics import Counts
from ml.whole_pool import Known

FEW = 5  # audit images of a label; below that nothing is said of it
MOST_CELLS = 50_000_000  # of a pool of several labels: more take too long to read for a page

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelHandover:
    """One label in the set that would be handed over."""

    label: Label | None  # None: all labels together
    by_people: int  # images that people gave it
    by_model: int  # images that nobody answered and the model gives it
    support: int  # audit images that have it
    precision: Measure | None
    recall: Measure | None

    @property
    def too_few(self) -> bool:
        """Too few images to say anything."""
        return self.support < FEW

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        told = {"precision": self.precision, "recall": self.recall}
        return {
            "id": self.label.pk if self.label else None,
            "name": self.label.name if self.label else None,
            "by_people": self.by_people,
            "by_model": self.by_model,
            "support": self.support,
            **{k: m.as_dict() if m and not self.too_few else None for k, m in told.items()},
        }


@dataclass(frozen=True)
class Handover:
    """The whole set. Images: of the pool, answered by people, left unknown by the model."""

    images: int
    answered: int
    unknown: int
    labels: tuple[LabelHandover, ...]
    overall: LabelHandover | None  # of a project of one label per image

    def as_dict(self) -> dict[str, Any]:
        """The API's form."""
        names = ("images", "answered", "unknown")
        return {
            **{name: getattr(self, name) for name in names},
            "overall": self.overall.as_dict() if self.overall else None,
            "labels": [each.as_dict() for each in self.labels],
        }


_known: Memory[Handover | None] = Memory(32)


def of(project: Project, version: ModelVersion, answers: AuditSample) -> Handover | None:
    """The set with this version's answers at its saved thresholds; None where nothing can be
    said: no audit answers, or the version's predictions are gone or too many to read here."""
    try:
        audit = scored.of(project, version, answers)
    except NotScored:
        return None
    if not len(audit.image_ids) or not predictions.covers(version):
        return None
    if project.is_multi and project.next_row * len(version.label_ids) > MOST_CELLS:
        return None
    limits = Thresholds.of_version(project, version)
    learned = taught.of(project)
    key: Hashable = (audit.key, limits, project.next_row, learned.key if learned else None)
    return _known.get(key, lambda: _count(project, version, answers, audit, learned, limits))


def _count(
    project: Project,
    version: ModelVersion,
    answers: AuditSample,
    audit: Scored,
    learned: Scored | None,
    limits: Thresholds,
) -> Handover:
    held = [_Held.of(audit, limits, audit.labels)]
    held += [_Held.of(learned, limits, audit.labels)] if learned else []
    rows = _answered_rows(project, answers, audit, learned)
    size = Image.objects.filter(project=project).exclude(state=Image.State.SKIPPED).count()
    open_images = max(0, size - len(rows))
    given, unknown = _by_model(project, version, rows, limits, audit.labels, open_images)
    people = np.sum([each.truth for each in held], axis=0)
    known = Known(
        images=size,
        fresh=given + np.sum([each.said for each in held], axis=0),
        fresh_right=np.sum([each.right for each in held], axis=0),
        given=given + people,
        right=people,
    )
    counted = metrics.counts(audit.truth, audit.decide(limits))
    labels = _labels(audit.labels, counted, len(audit.image_ids), known)
    every = None if limits.multi else _overall(counted, len(audit.image_ids), known)
    return Handover(size, len(rows), unknown, labels, every)


@dataclass(frozen=True)
class _Held:
    """Answered images that the model judged without having learned them, counted per label."""

    truth: Ints
    said: Ints
    right: Ints

    @classmethod
    def of(cls, compared: Scored, limits: Thresholds, labels: tuple[Label, ...]) -> "_Held":
        given, column = compared.decide(limits), {la.pk: i for i, la in enumerate(compared.labels)}
        counted = [table.sum(axis=0) for table in (compared.truth, given, compared.truth & given)]
        places = [column.get(label.pk, -1) for label in labels]
        return cls(*(np.append(each, 0)[places].astype(np.int64) for each in counted))


def _answered_rows(
    project: Project, answers: AuditSample, audit: Scored, learned: Scored | None
) -> Ints:
    """Rows of the images that are counted as answered, each once."""
    of_audit = dict(zip(answers.image_ids, answers.rows, strict=True))
    rows = [of_audit[pk] for pk in audit.image_ids]
    if learned:
        place = {image: row for row, (image, _) in taught.answers(project).items()}
        rows += [place[pk] for pk in learned.image_ids if pk in place]
    return np.unique(np.array(rows, dtype=np.int64))


# The model's answers on the rest -------------------------------------------------------------


def _by_model(
    project: Project,
    version: ModelVersion,
    answered: Ints,
    limits: Thresholds,
    labels: tuple[Label, ...],
    open_images: int,
) -> tuple[Ints, int]:
    """How many open images the version gives each label, and how many it leaves unknown.

    Rows of images that were removed or skipped are still scored: the counts are brought to the
    number of open images, as if these were like the others.
    """
    column = {label.pk: at for at, label in enumerate(labels)}
    into = merged.now(project.pk)
    places = np.array([column.get(into.get(pk, pk), -1) for pk in version.label_ids])
    floors = limits.of(labels)
    count = _several if limits.multi else _single
    given, unknown, judged = count(version, answered, places, floors)
    scale = open_images / judged if judged else 0.0
    return np.rint(given * scale).astype(np.int64), round(unknown * scale)


Given = tuple[Ints, int, int]


def _single(version: ModelVersion, answered: Ints, places: Ints, floors: npt.ArrayLike) -> Given:
    said = answers_by_row.of(version)
    open_rows = said.label != NONE
    open_rows[answered[answered < len(open_rows)]] = False
    label, sure = places[said.label[open_rows]], said.confidence[open_rows]
    passes = (label >= 0) & (sure >= np.asarray(floors)[label])
    given = np.bincount(label[passes], minlength=len(np.asarray(floors)))
    return given.astype(np.int64), int((~passes).sum()), len(label)


def _several(version: ModelVersion, answered: Ints, places: Ints, floors: npt.ArrayLike) -> Given:
    limits = np.asarray(floors)
    given, none, judged = np.zeros(len(limits), dtype=np.int64), 0, 0
    for number in range(shard_count(version.project.next_row)):
        marks = _marks(predictions.shard(version, number), number, answered, places, limits)
        given += marks.sum(axis=0)
        none += int((~marks.any(axis=1)).sum())
        judged += len(marks)
    return given, none, judged


def _marks(
    table: npt.NDArray[np.float16], number: int, answered: Ints, places: Ints, limits: Any
) -> Bools:
    """(open rows of the shard, n_labels): the labels given; merged labels share a column."""
    here: Bools = np.asarray(~np.isnan(table).any(axis=1))
    mine = answered[(answered // SHARD == number) & (answered % SHARD < len(table))]
    here[mine % SHARD] = False
    marks = np.zeros((int(here.sum()), len(limits)), dtype=bool)
    for at, place in enumerate(places.tolist()):
        if place >= 0:
            marks[:, place] |= table[here, at] >= limits[place]
    return marks


# Figures -------------------------------------------------------------------------------------


def _labels(
    labels: tuple[Label, ...], counted: Counts, drawn: int, known: Known
) -> tuple[LabelHandover, ...]:
    precision, recall = whole_pool.estimates(counted, drawn, known)
    return tuple(
        LabelHandover(
            label,
            int(known.right[at]),
            int(known.given[at] - known.right[at]),
            int(counted.support[at]),
            *(measures.measure(*(np.asarray(e)[at] for e in told)) for told in (precision, recall)),
        )
        for at, label in enumerate(labels)
        if not label.retired
    )


def _overall(counted: Counts, drawn: int, known: Known) -> LabelHandover:
    """All labels as one: of each image one answer, right or not."""
    one = Counts(*(np.array([column.sum()]) for column in counted))
    sums = (np.array([column.sum()]) for column in known[1:])
    (every,) = _labels((Label(name=""),), one, drawn, Known(known.images, *sums))
    return LabelHandover(
        None, every.by_people, every.by_model, every.support, every.precision, every.recall
    )
