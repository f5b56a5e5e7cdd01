"""A perfect annotator labels a scratch copy through the real queue, and each model is measured.

What is measured where: `answered`, the audit images answered so far, is what the dashboard of a
real project would show, few at first. `audit`, the whole audit sample with its truth, is the
fairest: no image of it is ever trained on. `pool` is every image, those trained on included.
"""

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.labeling import annotations, consensus, queue
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import predictions, rounds, scratch, versions, waiting
from labeler.training.models import ModelVersion, Round
from labeler.training.truths import Truths
from ml import metrics
from ml.intervals import wilson

MOST_AT_ONCE = 50
EVEN = 0.5


@dataclass(frozen=True)
class Figures:
    """How good a model is on some images whose truth is known. None where nothing is known."""

    images: int
    accuracy: float | None
    low: float | None  # 95 % interval of the accuracy
    high: float | None
    precision: float | None  # mean over labels
    recall: float | None


@dataclass(frozen=True)
class Point:
    """A model version after so many answers."""

    answers: int  # all of them; `trained` without those on audit images
    trained: int
    version: int
    answered: Figures
    audit: Figures
    pool: Figures

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class Simulation:
    """One strategy on its own scratch copy."""

    def __init__(self, twin: Project, truths: Truths) -> None:
        self.twin = twin
        self.truths = truths
        self.user = scratch.annotator()
        labels = Label.objects.filter(project=twin).order_by("place")
        self.labels = list(labels.values_list("name", flat=True))
        self.rows = np.array(sorted(truths), dtype=np.int64)
        self.truth = np.zeros((len(self.rows), len(self.labels)), dtype=bool)
        for i, row in enumerate(self.rows.tolist()):
            self.truth[i, list(truths[row])] = True
        audit = Image.objects.filter(project=twin, audit=True).values_list("row", flat=True)
        self.is_audit = np.isin(self.rows, np.array(audit, dtype=np.int64))

    def run(self, *, budget: int, batch: int) -> Iterator[Point]:
        """Label `budget` images, `batch` between two rounds, and yield a point after each round
        that leaves a model. Ends early when nothing is left to ask."""
        waiting.for_round(rounds.ask(self.twin, Round.Reason.POOL))  # the cold start
        answers = 0
        while answers < budget:
            given = self._answer(min(batch, budget - answers))
            if not given:
                return
            answers += given
            version = self._train()
            if version:
                yield self._point(answers, version)

    def _answer(self, count: int) -> int:
        """Answer so many images; how many there were."""
        done = 0
        while done < count:
            most = min(MOST_AT_ONCE, count - done)
            items = queue.claim(project=self.twin, user=self.user, count=most)
            if not items:
                break
            answers = [self._answer_to(item) for item in items]
            outcomes = annotations.record(
                project=self.twin, user=self.user, answers=answers,
                source=Annotation.Source.SIMULATED,
            )  # fmt: skip
            refused = [outcome for outcome in outcomes if outcome.code != "created"]
            if refused:
                raise RuntimeError(f"The queue refused a simulated answer: {refused[0]}")
            done += sum("labels" in answer for answer in answers)
        return done

    def _answer_to(self, item: QueueItem) -> dict[str, Any]:
        known = self.truths.get(item.image.row)
        base = {"uuid": str(uuid.uuid4()), "item": item.pk, "elapsed_ms": 0}
        if known is None:  # what nobody knows is no answer
            return {**base, "skip": "unsure"}
        return {**base, "labels": [self.labels[i] for i in sorted(known)]}

    def _train(self) -> ModelVersion | None:
        """A model that has seen every answer, or None if none can be made yet."""
        newest = consensus.newest(self.twin)
        for _ in range(3):
            done = waiting.for_round(rounds.ask(self.twin, Round.Reason.ASKED))
            version = versions.serving(self.twin)
            if version and version.seen_annotation >= newest:
                return version
            if done.state == Round.State.FAILED:
                return None
        return None

    # ---- Measuring --------------------------------------------------------------------------

    def _point(self, answers: int, version: ModelVersion) -> Point:
        proba = predictions.proba(version, self.rows)
        answered = np.array([row for _, row, _ in consensus.audit_answers(self.twin)], dtype=int)
        asked = self.is_audit & np.isin(self.rows, answered)
        return Point(
            answers=answers,
            trained=version.n_labels,
            version=version.number,
            answered=self._figures(proba, asked),
            audit=self._figures(proba, self.is_audit),
            pool=self._figures(proba, np.ones(len(self.rows), dtype=bool)),
        )

    def _figures(self, proba: npt.NDArray[np.float32], which: npt.NDArray[np.bool_]) -> Figures:
        which = which & np.isfinite(proba).all(axis=1)
        n = int(which.sum())
        if not n:
            return Figures(0, None, None, None, None, None)
        truth, decided = self.truth[which], self._decided(proba[which])
        right = int((truth == decided).all(axis=1).sum())
        low, high = wilson(right, n)
        rates = metrics.precision_recall(metrics.counts(truth, decided))
        return Figures(
            n, right / n, float(low), float(high), _mean(rates.precision), _mean(rates.recall)
        )

    def _decided(self, proba: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        if self.twin.is_multi:
            return metrics.decide_marks(proba, EVEN)
        return metrics.one_hot(proba.argmax(axis=1), len(self.labels))


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    """The mean over the labels for which the figure is defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else None
