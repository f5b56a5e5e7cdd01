"""One round: learn, score the pool, choose, and publish it all in one transaction.

A pool without enough answers gets a first order from clusters instead of a model.
"""

import logging
import shutil
import time
from typing import Any

import numpy as np
from django.db.models import Max

from labeler.labeling import refill
from labeler.labeling.refill import Ranked
from labeler.pools import storage
from labeler.projects.models import Project
from labeler.training import (
    cross_validated,
    embeddings,
    fitting,
    memory,
    model_files,
    predictions,
    ranking,
    rescoring,
    rounds,
    test_split,
    thresholds,
    versions,
)  # fmt: skip
from labeler.training.fitting import Fitted, Lesson
from labeler.training.memory import Pool
from labeler.training.models import ModelVersion, Round
from labeler.training.shards import EmbeddingsDamaged
from labeler.training.signals import round_finished
from labeler.training.spaces import Space
from labeler.work import leases
from ml.threads import one_blas_thread

log = logging.getLogger(__name__)

CLUSTERS = "clusters"
PROBES = 64  # images on which the stored model must agree with the one in memory
PAUSE = 10.0  # seconds until a round that must wait looks again
SAY_AFTER = 0.5  # seconds between two notes of progress; quick rounds write none


class NotYet(Exception):
    """The round must wait for something that is under way."""


class Work:
    """A round in the worker's hands: its row, its seconds per phase, its own folder."""

    def __init__(self, row: Round) -> None:
        self.row = row
        self.project: Project = row.project
        self.timings: dict[str, float] = {}
        self._began = self._phase_began = self._said = time.monotonic()
        self._phase = ""
        self.place = storage.arrays_folder(self.project) / "beside" / f"{row.pk}-{row.lease_no}"
        self.model, self.predictions = self.place / "model", self.place / "predictions"
        shutil.rmtree(self.place.parent, ignore_errors=True)  # what killed workers left

    def phase(self, name: str, done: int = 0) -> None:
        """Note what is being done, in the row if people have time to read it. Raises LeaseLost."""
        now = time.monotonic()
        if name != self._phase:
            self._end_phase(now)
            self._phase, self._phase_began = name, now
        if now - self._said > SAY_AFTER:
            self._said = now
            leases.renew(self.row, phase=name, done=done, total=self.row.total)

    def _end_phase(self, now: float) -> None:
        if self._phase:
            spent = self.timings.get(self._phase, 0) + now - self._phase_began
            self.timings[self._phase] = round(spent, 4)

    def facts(self, **more: Any) -> dict[str, Any]:
        """What the finished row says."""
        now = time.monotonic()
        self._end_phase(now)
        self._phase = ""
        self.timings["all"] = round(now - self._began, 4)
        return {"phase": "", "error": "", "done": self.row.total, "total": self.row.total,
                "timings": self.timings, **more}  # fmt: skip


@one_blas_thread()
def run(row: Round) -> None:
    """Do the round. Raises LeaseLost, Hopeless, or what went wrong."""
    work = Work(row)
    try:
        with leases.keeping(row):
            number = _work(work)
    except (NotYet, EmbeddingsDamaged) as why:
        leases.put_off(row, str(why), seconds=PAUSE)
        return
    finally:
        shutil.rmtree(work.place, ignore_errors=True)
    round_finished.send_robust(
        sender=None, project_id=work.project.pk, round_id=row.pk, version=number
    )
    rounds.consider(work.project.pk)  # answers that came meanwhile


def _work(work: Work) -> int | None:
    if work.row.reason == Round.Reason.SERVE:
        _score_again(work)
        return None
    work.phase("reading")
    pool = memory.pool(work.project, embeddings.serving(work.project))
    work.row.total = len(pool)
    lesson = fitting.lesson(work.project, pool)
    missing = fitting.nothing_to_learn(lesson)
    if not missing:
        return _train(work, pool, lesson)
    if work.row.reason == Round.Reason.POOL and not versions.serving(work.project):
        _order_by_clusters(work, pool, lesson)
        return None
    if lesson.left_out and _more_is_coming(work.project):
        raise NotYet(f"{missing} {lesson.left_out} answers wait for their images' embeddings.")
    raise leases.Hopeless(missing)


def _more_is_coming(project: Project) -> bool:
    done, total = embeddings.progress(project)
    return done < total


# A model ----------------------------------------------------------------------------------


def _train(work: Work, pool: Pool, lesson: Lesson) -> int:
    project, last = work.project, versions.newest(work.project)
    work.phase("fitting")
    fitted = fitting.fit(project, lesson, pool, last)
    ranked = ranking.rank(
        project, pool, lesson, fitted,
        predictions=work.predictions, seed=_seed(work), progress=work.phase,
    )  # fmt: skip
    work.phase("writing")
    sha256 = _write(work, pool, lesson, fitted)
    work.phase("publishing")
    version = _publish(work, lesson, fitted, ranked, sha256, pool.space)
    pool.head = (version.number, fitted.head)
    predictions.prune(project, version.number)
    return version.number


def _seed(work: Work) -> int:
    return (work.project.audit_seed + work.row.number) % 2**32


def _write(work: Work, pool: Pool, lesson: Lesson, fitted: Fitted) -> str:
    """Write the model, read it again, and make sure that it says what it said. Its SHA-256."""
    facts = {
        "head": fitted.head.name, "kind": lesson.kind, "labels": lesson.label_ids,
        **pool.space._asdict(), "temperature": fitted.temperature,
    }  # fmt: skip
    sha256 = model_files.write(fitted.head, work.model, facts)
    predictions.write_audit(work.model, *ranking.audit_proba(pool, lesson, fitted))
    test_split.write(work.model, work.project, pool, lesson, fitted)
    if fitted.held_out:
        cross_validated.write(work.model, *fitted.held_out)
    stored = model_files.read(work.model, fitted.head.name, sha256)
    probes = lesson.x[:PROBES]
    if not np.array_equal(stored.predict_proba(probes), fitted.head.predict_proba(probes)):
        raise versions.ModelDamaged("The stored model does not predict what the trained one did.")
    return sha256


def _publish(
    work: Work,
    lesson: Lesson,
    fitted: Fitted,
    ranked: list[Ranked],
    sha256: str,
    space: Space,
) -> ModelVersion:
    """All of it or nothing: the version serves unless another is pinned, the queue follows it,
    the round is done."""
    project = work.project
    with leases.publishing(work.row):
        mine = versions.locked(project)
        number = (mine.aggregate(last=Max("number"))["last"] or 0) + 1
        is_free = not mine.filter(pinned=True, serving=True).exists()
        last = mine.filter(serving=True).first()
        if is_free:
            mine.filter(serving=True).update(serving=False)
        version = ModelVersion.objects.create(
            project=project, number=number, round=work.row, head=fitted.head.name,
            **space._asdict(), label_ids=lesson.label_ids, strategy=project.strategy,
            n_labels=len(lesson), seen_annotation=lesson.seen_annotation,
            temperature=fitted.temperature, cross_validated=fitted.cross_validated,
            sha256=sha256, serving=is_free, part=lesson.part.as_dict(),
            **thresholds.carried(last, lesson.label_ids),
        )  # fmt: skip
        model_files.put_in_place(work.model, versions.folder(version))
        model_files.put_in_place(work.predictions, predictions.folder(version))
        refill.replace(project, ranked, strategy=project.strategy, version=number)
        _finish(work, lesson)
    return version


def _finish(work: Work, lesson: Lesson) -> None:
    facts = work.facts(n_labels=len(lesson), seen_annotation=lesson.seen_annotation)
    leases.finish(work.row, **facts)


# An earlier model -------------------------------------------------------------------------


def _score_again(work: Work) -> None:
    version = rescoring.version_of(work.row)
    work.row.total = rescoring.score(version, work.predictions, work.phase)
    work.phase("publishing")
    with leases.publishing(work.row):
        rescoring.publish(version, work.predictions)
        leases.finish(work.row, **work.facts())


# No model yet -----------------------------------------------------------------------------


def _order_by_clusters(work: Work, pool: Pool, lesson: Lesson) -> None:
    at_random = ranking.asks_at_random(work.project)  # asked for: left as it is
    work.phase("clustering")
    ranked = [] if at_random else ranking.first_queue(work.project, pool, seed=_seed(work))
    work.phase("publishing")
    with leases.publishing(work.row):
        if ranked:
            refill.replace(work.project, ranked, strategy=CLUSTERS, version=None)
        _finish(work, lesson)
