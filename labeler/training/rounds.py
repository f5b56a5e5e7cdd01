"""When a round is due, and asking for one. The rows say so; whoever asks first makes the round."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from labeler.labeling import consensus, relabeling, splitting
from labeler.labeling.models import Annotation
from labeler.labeling.progress import Rounds
from labeler.pools import audit
from labeler.pools.models import Import
from labeler.projects import merged
from labeler.projects.models import LabelEvent, Project, User
from labeler.projects.statements import statement
from labeler.training import embeddings, predictions, spaces, versions
from labeler.training.models import ModelVersion, Round
from labeler.work.messages import nudge
from labeler.work.models import OPEN_WORK

KIND = "round"
Reason = Round.Reason

FIRST = 10  # answers before the first model
FIRST_IDLE = 5  # … when the person pauses
LEAST_STEP, MOST_STEP = 5, 100  # answers between two rounds: a tenth of what is there, within these
IDLE = timedelta(seconds=8)  # a pause after the last answer
BEGINNING = 1000  # embedded images worth a first ranking while more are being embedded
PATIENCE = timedelta(minutes=5)  # after a failure that no new answer has followed


def due(project: Project) -> Round.Reason | None:
    """Why the project needs a round now, or None. Enough answers first, then a pause after the
    last one, then a pool that has grown."""
    last = _last(project)
    if last and last.is_open:
        return None
    return (
        _labels_due(project, last)
        or _merge_due(project, last)
        or _idle_due(project, last)
        or _pool_due(project, last)
        or _pinned_due(project, last)
    )


def ask(project: Project, reason: Round.Reason, user: User | None = None) -> Round:
    """The project's open round, made if there is none, and a hint to the workers."""
    asked = _open(project) or _make(project, reason, user) or _open(project)
    if asked is None:  # it was there and is done already
        return ask(project, reason, user)
    if asked.not_before and reason == Reason.ASKED:  # a person does not wait for a pause to end
        Round.objects.filter(pk=asked.pk, state=Round.State.DUE).update(not_before=None)
    nudge(KIND, asked.pk)
    return asked


def consider(project_id: int) -> None:
    """Ask for a round if enough answers came. Called after every answer: cheap."""
    last = _newest.first(project_id, done=False)
    if last and last.is_open:
        return
    project = _project.first(project_id)
    if project and _labels_due(project, last):
        ask(project, Reason.LABELS)


def look(project_id: int) -> None:
    """Ask for a round if any is due: labels were merged or split."""
    project = _project.first(project_id)
    if project and (reason := due(project)):
        ask(project, reason)


def find() -> None:
    """Ask for every round that is due, also those that only time or the pool brings."""
    relabeling.finish_all()  # first what answers say
    splitting.finish_all()
    for project in Project.objects.filter(next_row__gt=0, archived_at=None):
        if reason := due(project):
            ask(project, reason)


def stop(*, project: Project, **_: Any) -> None:
    """Receives projects.signals.project_archived: no round begins, and none is published."""
    Round.objects.filter(OPEN_WORK, project=project).update(
        state=Round.State.CANCELLED, finished_at=Now(), lease_until=None
    )


# How far we are ---------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """What the pages say about a project's rounds."""

    open: Round | None  # waiting or at work; phase, done and total say how far
    failure: str  # why the last round failed; empty if it did not
    since: int  # answers the next round would learn from
    at: int  # it starts at so many


def state(project: Project) -> State:
    """The round at work, the last failure, and how far the next round is."""
    last = _last(project)
    failed = last is not None and last.state == Round.State.FAILED
    return State(
        open=last if last and last.is_open else None,
        failure=last.error if last and failed else "",
        since=_since(project, last),
        at=_needed(project, versions.newest(project)),
    )


def progress(project: Project) -> Rounds:
    """The same for the label page; registered with `labeling.progress`."""
    last, newest = _last(project), versions.newest(project)
    is_done = last is None or last.state == Round.State.DONE
    done = last if is_done else _newest.first(project.pk, done=True)
    return Rounds(
        since=_since(project, last),
        at=_needed(project, newest),
        version=newest.number if newest else None,
        version_at=newest.created_at if newest else None,
        running=last.number if last and last.is_open else None,
        seconds=(done.timings or {}).get("all") if done else None,
        thresholds=_thresholds(project, newest),
    )


def _thresholds(project: Project, newest: ModelVersion | None) -> dict[int, float]:
    """Those of the version that serves, which a pinned one may do in place of the newest."""
    serving = newest if newest is None or newest.serving else versions.serving(project)
    return {int(pk): float(p) for pk, p in serving.thresholds.items()} if serving else {}


# Reasons ----------------------------------------------------------------------------------


def _labels_due(project: Project, last: Round | None) -> Round.Reason | None:
    newest = versions.newest(project)
    if _since(project, last) < _needed(project, newest):
        return None
    return Reason.LABELS if newest or _learnable(project, _first(project)) else None


def _merge_due(project: Project, last: Round | None) -> Round.Reason | None:
    """The newest version tells labels apart that are one by now; tried once after each merge."""
    newest = versions.newest(project)
    if newest is None or not set(newest.label_ids) & merged.now(project.pk).keys():
        return None
    merges = LabelEvent.objects.filter(project=project, kind=LabelEvent.Kind.MERGED)
    tried = last and last.state == Round.State.FAILED
    if tried and last and not merges.filter(created_at__gt=last.created_at).exists():
        return None
    return Reason.LABELS


def _idle_due(project: Project, last: Round | None) -> Round.Reason | None:
    answers = _answers(project, last)
    if not answers.exists() or answers.filter(created_at__gt=Now() - IDLE).exists():
        return None
    newest = versions.newest(project)
    return Reason.IDLE if newest or _learnable(project, FIRST_IDLE) else None


def _pool_due(project: Project, last: Round | None) -> Round.Reason | None:
    """The pool is embedded further than the last ranking reached, or with other features."""
    if last and last.state == Round.State.FAILED and _within(last, PATIENCE):
        return None
    space = embeddings.serving(project)
    done, total = embeddings.progress(project, space)
    newest = versions.newest(project)
    ranked = _ranked(project)
    if newest and spaces.of(newest) != space:
        return Reason.POOL
    if done <= ranked:
        return None
    importing = Import.objects.filter(OPEN_WORK, project=project).exists()
    whole = done == total and not importing
    return Reason.POOL if whole or done >= max(BEGINNING, 2 * ranked) else None


def _pinned_due(project: Project, last: Round | None) -> Round.Reason | None:
    """A pinned version has not scored the pool, or not all of what is embedded by now."""
    pinned = versions.pinned(project)
    if pinned is None or (last and last.state == Round.State.FAILED and _within(last, PATIENCE)):
        return None
    done, total = embeddings.progress(project, spaces.of(pinned))
    if pinned.serving and (done < total or predictions.covers(pinned, total)):
        return None
    return Reason.SERVE


def _within(round_: Round, time: timedelta) -> bool:
    return Round.objects.filter(pk=round_.pk, finished_at__gt=Now() - time).exists()


def _ranked(project: Project) -> int:
    """How many images the last ranking could choose from."""
    rounds = Round.objects.filter(project=project, state=Round.State.DONE).exclude(
        reason=Reason.SERVE
    )
    return rounds.aggregate(most=Max("total"))["most"] or 0


def _needed(project: Project, newest: ModelVersion | None) -> int:
    """After how many new answers the next round starts."""
    if newest is None:
        return _first(project)
    if project.retrain_after:
        return project.retrain_after
    return min(MOST_STEP, max(LEAST_STEP, newest.n_labels // 10))


def _first(project: Project) -> int:
    return max(2, min(FIRST, project.retrain_after or FIRST))


def _learnable(project: Project, least: int) -> bool:
    """Whether there are so many answers, with something to tell apart."""
    answers = Annotation.objects.filter(
        audit.teaching("image__"), project=project, current=True, kind=Annotation.Kind.LABELS
    )
    if answers.count() < least:
        return False
    different = answers.order_by().values_list("labels").distinct()[:2]
    return len(different) > 1


def _since(project: Project, last: Round | None) -> int:
    return _new.count(project.pk, last.seen_annotation if last else 0)


def _answers(project: Project, last: Round | None) -> "QuerySet[Annotation]":
    """What was answered, changed or taken back since the last round, outside the audit sample."""
    return _newer(project.pk, last.seen_annotation if last else 0)


@statement
def _new(project: int, seen: int) -> "QuerySet[Annotation, int]":
    return _newer(project, seen).values_list("pk", flat=True)


def _newer(project: int, seen: int) -> "QuerySet[Annotation]":
    new = Annotation.objects.filter(project=project, pk__gt=seen)
    kinds = Q(kind=Annotation.Kind.LABELS, current=True) | Q(kind=Annotation.Kind.UNDO)
    return new.filter(kinds, audit.teaching("image__"))


# Rows -------------------------------------------------------------------------------------


def _last(project: Project) -> Round | None:
    return _newest.first(project.pk, done=False)


@statement
def _project(pk: int) -> "QuerySet[Project]":
    return Project.objects.filter(pk=pk)


@statement
def _newest(project: int, *, done: bool) -> "QuerySet[Round]":
    """The newest round, or the newest that is done."""
    rounds = Round.objects.filter(project=project, **({"state": Round.State.DONE} if done else {}))
    return rounds.order_by("-number")[:1]


def _open(project: Project) -> Round | None:
    return Round.objects.filter(OPEN_WORK, project=project).first()


def _make(project: Project, reason: Round.Reason, user: User | None) -> Round | None:
    """A new round, or None if another process made one at the same moment."""
    try:
        with transaction.atomic():
            last = _last(project)
            return Round.objects.create(
                project=project,
                number=last.number + 1 if last else 1,
                reason=reason,
                asked_by=user,
                serves=_to_serve(project) if reason == Reason.SERVE else None,
                # Known before the work starts: a round that kills its worker is not due at once.
                # One that only scores has seen no more than the round before.
                seen_annotation=last.seen_annotation
                if last and reason == Reason.SERVE
                else consensus.newest(project),
            )
    except IntegrityError:
        return None


def _to_serve(project: Project) -> int | None:
    pinned = versions.pinned(project)
    return pinned.number if pinned else None
