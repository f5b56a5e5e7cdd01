"""A model version's decisions on the audit sample, beside what people said."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import sample
from labeler.evaluation.memory import Memory
from labeler.evaluation.sample import AuditSample
from labeler.projects.models import Label, Project
from labeler.training import predictions, test_split
from labeler.training.models import ModelVersion
from ml import calibrated, metrics
from ml.arrays import ArrayDamaged

AUDIT, TEST = "audit", "test"  # whose probabilities: the audit sample's, the test split's
EVEN = 0.5  # a multi-label project gives a label from here up, unless told otherwise

Proba = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scored:
    """The answered audit images that the version has scored; row i is `image_ids[i]`."""

    key: Hashable  # equal keys, equal contents
    labels: tuple[Label, ...]
    image_ids: tuple[int, ...]
    truth: Bools  # (n, n_labels): what people say
    proba: Proba  # (n, n_labels); 0 for a label the version does not know
    missing: int  # answered, but not scored by this version

    def decide(self, thresholds: "Thresholds") -> Bools:
        """The labels that the version gives each image: (n, n_labels) marks."""
        if thresholds.multi:
            return metrics.decide_marks(self.proba, thresholds.of(self.labels))
        return metrics.one_hot(self.likeliest(thresholds), len(self.labels))

    def likeliest(self, thresholds: "Thresholds") -> npt.NDArray[np.int64]:
        """In a single-label project: the column of each image's label, −1 for unknown."""
        floors = thresholds.of(self.labels)
        decided = metrics.decide(self.proba, floors if floors.any() else None)
        return np.asarray(decided, dtype=np.int64)

    def true_columns(self) -> npt.NDArray[np.int64]:
        """In a single-label project: the column of what people say."""
        return np.asarray(self.truth.argmax(axis=1))


@dataclass(frozen=True)
class Thresholds:
    """From which probability a label is given: one for all, else those saved per label.

    In a single-label project the likeliest label below its threshold becomes "unknown".
    """

    multi: bool
    one: float | None = None
    saved: tuple[tuple[int, float], ...] = ()

    @classmethod
    def of_version(
        cls, project: Project, version: ModelVersion, one: float | None = None
    ) -> "Thresholds":
        """What applies to the version; `one` overrules what was saved with it."""
        saved = tuple(sorted((int(pk), float(p)) for pk, p in version.thresholds.items()))
        return cls(project.is_multi, one, () if one is not None else saved)

    def of(self, labels: Sequence[Label]) -> npt.NDArray[np.float64]:
        """(n_labels,) one threshold per label."""
        return np.array([self.for_label(label.pk) for label in labels])

    def for_label(self, label_id: int) -> float:
        """The threshold of one label; 0 in a single-label project: whenever it is likeliest."""
        if self.one is not None:
            return self.one
        return dict(self.saved).get(label_id, EVEN if self.multi else 0.0)


class NotScored(Exception):
    """The version's probabilities on the audit sample cannot be read any more."""


_scored: Memory[Scored] = Memory(64)


def of(
    project: Project,
    version: ModelVersion,
    answers: AuditSample | None = None,
    *,
    which: str = AUDIT,
    raw: bool = False,
) -> Scored:
    """The version beside the audit sample, or beside these answers to the images of `which`.

    raw: its probabilities as they were before its temperature. Raises NotScored.
    """
    answers = sample.of(project) if answers is None else answers
    labels = tuple(Label.objects.filter(project=project).order_by("position", "place"))
    key = (*_key(version, answers, labels), which, raw)
    return _scored.get(key, lambda: _compare(key, version, answers, labels))


def _key(
    version: ModelVersion, answers: AuditSample, labels: Sequence[Label]
) -> tuple[Hashable, ...]:
    looks = tuple((la.pk, la.name, la.key, la.colour, la.position, la.retired) for la in labels)
    return version.pk, version.sha256, answers.digest, answers.drawn, looks


def _read(version: ModelVersion, which: str, *, raw: bool) -> tuple[npt.NDArray[Any], Proba]:
    try:
        rows, found = (
            test_split.proba(version) if which == TEST else predictions.audit_proba(version)
        )
    except (OSError, ArrayDamaged) as error:
        raise NotScored(str(error)) from error
    if not raw:
        return rows, found
    kind: calibrated.Kind = "multi" if version.project.is_multi else "single"
    return rows, calibrated.undo(found, version.temperature, kind)


def _compare(
    key: tuple[Hashable, ...],
    version: ModelVersion,
    answers: AuditSample,
    labels: tuple[Label, ...],
) -> Scored:
    rows, found = _read(version, str(key[-2]), raw=bool(key[-1]))
    pairs = {la.pk: la.merged_into_id for la in labels if la.merged_into_id}
    spoken = [pairs.get(pk, pk) for pk in version.label_ids]
    labels = _that_count(labels, spoken, answers)
    column = {label.pk: at for at, label in enumerate(labels)}
    whole = np.flatnonzero(~np.isnan(found).any(axis=1))
    place = dict(zip(rows[whole].tolist(), whole.tolist(), strict=True))
    kept = [at for at, row in enumerate(answers.rows) if row in place]

    truth = np.zeros((len(kept), len(labels)), dtype=bool)
    said = [(i, column[pk]) for i, at in enumerate(kept) for pk in answers.labels[at]]
    truth[tuple(np.array(said, dtype=np.int64).reshape(-1, 2).T)] = True
    proba = np.zeros((len(kept), len(labels)), dtype=np.float32)
    if kept:
        own = [column[label_id] for label_id in spoken]
        mine = np.asarray(found)[[place[answers.rows[at]] for at in kept]]
        put(proba, own, mine, multi=version.project.is_multi)
    image_ids = tuple(answers.image_ids[at] for at in kept)
    return Scored(key, labels, image_ids, truth, proba, missing=len(answers) - len(kept))


def columns(project: Project, version: ModelVersion, proba: Proba) -> Scored:
    """The version's probabilities, (n, its labels), of images that nobody has answered: as
    `Scored` without truth, a column per label in use."""
    every = Label.objects.filter(project=project).order_by("position", "place")
    pairs = {la.pk: la.merged_into_id for la in every if la.merged_into_id}
    spoken = [pairs.get(pk, pk) for pk in version.label_ids]
    labels = tuple(label for label in every if not label.retired or label.pk in spoken)
    column = {label.pk: at for at, label in enumerate(labels)}
    table = np.zeros((len(proba), len(labels)), dtype=np.float32)
    put(table, [column[pk] for pk in spoken], np.nan_to_num(proba), multi=project.is_multi)
    return Scored(None, labels, (), np.zeros(table.shape, dtype=bool), table, missing=0)


def put(proba: Proba, columns: Sequence[int], found: npt.NDArray[Any], *, multi: bool) -> None:
    """Put each column of `found` where it belongs; labels that were merged share one.

    Of labels that exclude each other one or the other is as likely as both together; of others
    it is at least as likely as the likelier.
    """
    unite = np.maximum if multi else np.add
    for at, column in enumerate(columns):
        proba[:, column] = unite(proba[:, column], found[:, at])


def _that_count(
    labels: Sequence[Label], version: Sequence[int], answers: AuditSample
) -> tuple[Label, ...]:
    """Labels in use, and retired ones that an answer or the version still speaks of."""
    spoken: set[int] = set(version).union(*answers.labels)
    return tuple(label for label in labels if not label.retired or label.pk in spoken)
