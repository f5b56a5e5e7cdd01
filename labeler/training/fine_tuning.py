"""A project's network learns from its labels: which ones, when again, and going on after a kill.

What is learned is written down first, rows and answers, and then worked off in turns: after some
passes other chores come first. The checkpoint and that lesson lie in the project's folder, so that
whoever takes the row next goes on where the last one was, killed or not.
"""

import shutil
import time
from typing import Any

from django.db.models import F

from labeler.labeling.models import Annotation
from labeler.pools import audit
from labeler.projects.models import Project
from labeler.training import (
    embeddings,
    feature_fits,
    fitting,
    known_images,
    memory,
    scratch,
    spaces,
    tuning_lesson,
)  # fmt: skip
from labeler.training.models import FeatureFit
from labeler.training.shards import EmbeddingsDamaged
from labeler.training.tuning_lesson import Pictures, TuningLesson
from labeler.work import leases
from ml import features
from ml.features import Progress
from ml.features.finetuned import FineTuned

FIRST = 200  # labeled images: a fifth is kept apart, and fewer than thirty calibrate no head
AGAIN = 2.0  # times the labels of the last time
TURN_SECONDS = 30.0  # after which other chores get a turn
PAUSE = 10.0  # seconds until a fit that must wait for vectors looks again
SAY_AFTER = 0.5  # seconds between two notes of progress
State = FeatureFit.State


class TurnOver(Exception):
    """Others wait; all that was learned is in the checkpoint."""


def run(row: FeatureFit) -> None:
    """Tune for one turn; the last one publishes. Raises LeaseLost, Hopeless, or what went wrong."""
    feature_set = features.get(row.features)
    if not isinstance(feature_set, FineTuned):
        raise leases.Hopeless(f"{row.features} does not learn from labels.")
    try:
        with leases.keeping(row):
            lesson = tuning_lesson.kept(row) or _begun(row)
            if lesson is not None:
                _tune(row, feature_set, lesson)
    except EmbeddingsDamaged as why:
        leases.put_off(row, str(why), seconds=PAUSE)
    except TurnOver:
        leases.yield_back(row)


def _begun(row: FeatureFit) -> TuningLesson | None:
    """Today's lesson, written down; None where the row has to wait for something."""
    project = row.project
    space = embeddings.serving(project)
    done, total = embeddings.progress(project, space)
    if done < total:  # without its vector nobody knows whether an image is like an audit image
        leases.put_off(row, f"{total - done} images wait for their embeddings.", seconds=PAUSE)
        return None
    n = labels(project)
    lesson = fitting.lesson(project, memory.pool(project, space))
    if len(lesson) < FIRST:
        _wait(row, n, n + FIRST - len(lesson), (
            f"Fine-tuning begins with {FIRST} labeled images outside the audit sample; "
            f"there are {len(lesson)}."
        ))  # fmt: skip
        return None
    if missing := fitting.nothing_to_learn(lesson):
        _wait(row, n, n + 1, missing)
        return None
    return tuning_lesson.write(row, lesson, n)


def _wait(row: FeatureFit, n: int, until: int, why: str) -> None:
    """Put the row aside until so many images are labeled. Raises LeaseLost."""
    facts = {**row.facts, "labels": n, "waits_for": until}
    leases.finish(row, State.WAITING, error=why, attempts=0, phase="", facts=facts)


def _tune(row: FeatureFit, feature_set: FineTuned, lesson: TuningLesson) -> None:
    from ml.backbones import WeightsMissing  # brings torch along

    pictures = Pictures(row.project, lesson.rows, feature_set.size)
    note = Note(row)
    try:
        feature_set.fit_labeled(
            pictures, lesson.y, n_labels=len(lesson.label_ids), kind=lesson.kind,
            seed=row.project.audit_seed % 2**32, report=note,
            checkpoint=tuning_lesson.folder(row) / "passes",
        )  # fmt: skip
    except (ValueError, WeightsMissing) as error:
        raise leases.Hopeless(f"{error}. Choose other features in the settings.") from error
    feature_fits.keep(row, feature_set, _facts(row, feature_set, lesson, note), {})
    shutil.rmtree(tuning_lesson.folder(row), ignore_errors=True)
    embeddings.follow(row.project)
    embeddings.want(row.project, spaces.newest(row.project, row.features))


def _facts(
    row: FeatureFit, feature_set: FineTuned, lesson: TuningLesson, note: "Note"
) -> dict[str, Any]:
    taught = lesson.rows[feature_set.learned_from]
    known = taught if feature_set.best_epoch else taught[:0]  # 0: the network is what it was
    facts = {
        "images": len(taught), "kept_apart": len(lesson) - len(taught), "labels": lesson.labels,
        "dimensions": feature_set.dimensions, "losses": feature_set.history,
        "best_epoch": feature_set.best_epoch, "seconds": round(note.seconds(), 1),
        known_images.FACT: row.facts.get(known_images.FACT, {}),
    }  # fmt: skip
    return known_images.noted(facts, feature_set.fingerprint, known)


class Note:
    """Writes into the row how far tuning is, and ends the turn between two passes."""

    def __init__(self, row: FeatureFit) -> None:
        self.row = row
        going_on = row.phase == "learning"
        self._earlier = row.facts.get("spent", 0.0) if going_on else 0.0  # seconds of other turns
        self._losses = row.facts.get("losses", []) if going_on else []
        self._began = self._said = time.monotonic()

    def seconds(self) -> float:
        """How long tuning has taken, all turns together."""
        return float(self._earlier + time.monotonic() - self._began)

    def __call__(self, progress: Progress) -> None:
        """Raises LeaseLost; TurnOver."""
        if progress.stage == "learning":
            self._after_pass(progress)
            if time.monotonic() - self._began > TURN_SECONDS:
                raise TurnOver
        elif time.monotonic() - self._said > SAY_AFTER:
            self._said = time.monotonic()
            reading = {"phase": "reading", "done": progress.done, "total": progress.total}
            leases.renew(self.row, **({} if self._losses else reading))

    def _after_pass(self, progress: Progress) -> None:
        self._losses = [*self._losses[: progress.done - 1], dict(progress.losses)]
        facts = {**self.row.facts, "losses": self._losses, "spent": self.seconds()}
        leases.renew(
            self.row, phase="learning", done=progress.done, total=progress.total, facts=facts
        )


# When it is due ---------------------------------------------------------------------------


def labels(project: Project) -> int:
    """How many images have answers that may be learned from."""
    answers = Annotation.objects.filter(
        audit.teaching("image__"), project=project, current=True, gold=False,
        kind=Annotation.Kind.LABELS,
    )  # fmt: skip
    return answers.values("image").distinct().count()


def find() -> None:
    """Ask for tuning that is due: the first one, and the next."""
    rows = FeatureFit.objects.filter(
        features__startswith="finetuned", state__in=(State.WAITING, State.DONE),
        project__features=F("features"), project__archived_at=None,
    ).exclude(project__created_by__username=scratch.ANNOTATOR)  # fmt: skip
    for row in rows.select_related("project"):
        if due(row):
            feature_fits.ask(row.project, row.features)


def due(row: FeatureFit) -> bool:
    """Whether there are labels enough to tune, or twice as many as the last time.

    Errors fall with a power of the number of labels, so every doubling brings about as much as
    the one before, and whatever is added in between brings less than it costs. All tunings of a
    project together cost at most twice its last one.
    Source: Hestness et al. (2017), Deep Learning Scaling is Predictable, Empirically.
    """
    n = labels(row.project)
    if row.state == State.WAITING:
        return n >= int(row.facts.get("waits_for", 0))
    return n >= AGAIN * max(FIRST, int(row.facts.get("labels", FIRST)))
