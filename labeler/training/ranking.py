"""Score the pool with a head and choose what to ask next."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from labeler.labeling import grid
from labeler.labeling.refill import Ranked
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import batch, scoring
from labeler.training.candidates import Candidates, Choice, Gathered, Proba
from labeler.training.choosing import Choosing, given
from labeler.training.fitting import Fitted, Lesson
from labeler.training.memory import Block, Pool, Rows
from labeler.work.leases import Hopeless
from ml import strategies
from ml.certainty import only_label, surest
from ml.checks import Ints
from ml.clustering import cold_start

QUEUE = 500  # images ranked in one round, at least: rows cost time while a person waits
MOST_QUEUE = 5000
CLUSTERS = 200  # images a cold start ranks
MOST_CLUSTERED = 20_000  # images it looks at
GRID = 1_200  # images behind the ranked ones, the surest of each label, for the grid
MOST_OF_LABEL = 240
MOST_BELIEFS = 10  # labels whose probability an item remembers

Progress = Callable[[str, int], None]  # phase, images done


def asks_at_random(project: Project) -> bool:
    """Whether the project wants random order, also at the start. Raises: Hopeless."""
    return choosing_name(project, None) == "random"


def choosing_name(project: Project, answers: Ints | None) -> str:
    """What asks by now: the project's strategy, or a schedule's stage after so many answers of
    each label. Raises: Hopeless for a name that is none."""
    if project.strategy not in strategies.ALL:
        known = ", ".join(strategies.ALL)
        raise Hopeless(
            f"No strategy is called {project.strategy!r}; there are {known}. "
            "Choose one in the project's settings."
        )
    return strategies.staged(project.strategy, answers)


def wanted(project: Project) -> int:
    """How many images a round ranks: enough until the next round, whatever happens."""
    return min(MOST_QUEUE, max(QUEUE, 2 * (project.retrain_after or 0)))


def rank(
    project: Project,
    pool: Pool,
    lesson: Lesson,
    fitted: Fitted,
    *,
    predictions: Path,
    seed: int,
    progress: Progress,
) -> list[Ranked]:
    """Score every image, write the predictions, return the best ones to ask, best first.

    Behind them come the images the model is surest about, which the grid shows.
    """
    by_now = choosing_name(project, given(lesson))
    choosing = Choosing(by_now, fitted.head, pool, lesson, seed, wanted(project))
    askable, n_labels = _askable(project, pool), len(lesson.label_ids)
    best = Gathered(n_labels, choosing.first)
    sure = Gathered(n_labels, lambda some: _surest(pool, some, lesson))

    def look(block: Block, proba: Proba) -> tuple[Candidates, Candidates]:
        mine = block.there & askable[block.rows]
        some = choosing.scored(block.rows[mine], proba[mine])
        return best.cut(some), sure.cut(some)

    for first, (asked_first, surest_first) in scoring.over(
        pool, fitted, lesson.kind, into=predictions, look=look
    ):
        progress("scoring", first)
        best.add(asked_first)
        sure.add(surest_first)
    progress("choosing", len(pool))
    asked = [
        replace(ranked, strategy=name if name != project.strategy else "")
        for name, part in choosing.ranked(best.best)
        for ranked in _ranked(part.each(), pool, lesson)
    ]
    if by_now != "random":  # which is to stay as the dice fell
        asked = batch.apart(project, pool, asked)
    return asked + _behind(asked, sure.best, pool, lesson)


def audit_proba(pool: Pool, lesson: Lesson, fitted: Fitted) -> tuple[Rows, Proba]:
    """Rows of the embedded audit images and their probabilities."""
    x = pool.vectors(lesson.audit_rows)
    there = np.isfinite(x[:, 0]) if x.size else np.zeros(len(x), dtype=bool)
    if not there.any():
        return lesson.audit_rows[:0], np.empty((0, len(lesson.label_ids)), dtype=np.float32)
    return lesson.audit_rows[there], fitted.proba(x[there], lesson.kind)


def first_queue(project: Project, pool: Pool, *, seed: int) -> list[Ranked]:
    """What to ask while there is no model: typical images of the pool's groups."""
    rows = np.flatnonzero(_askable(project, pool)[: len(pool.ids)])
    x = pool.vectors(rows)
    there = np.isfinite(x[:, 0]) if x.size else np.zeros(len(rows), dtype=bool)
    rows, x = rows[there], x[there]
    some = np.random.default_rng(seed).permutation(len(rows))[:MOST_CLUSTERED]
    some.sort()
    chosen = rows[some][cold_start(x[some], CLUSTERS, seed)] if len(some) else rows
    return [Ranked(int(pool.ids[row])) for row in chosen]


def _askable(project: Project, pool: Pool) -> npt.NDArray[np.bool_]:
    """By row: whether a person may be asked. Answered and held out images are not ranked."""
    size = max(len(pool.ids), max((int(b.rows[-1]) + 1 for b in pool), default=0))
    askable = np.zeros(size, dtype=bool)
    askable[: len(pool.ids)] = pool.ids > 0
    # One question for each index: together they would read every row of the pool.
    answered = [state for state in Image.State.values if state != Image.State.OPEN]
    for closed in (Q(state__in=answered), Q(audit__in=[True]), Q(split=Image.Split.TEST)):
        mine = Image.objects.filter(closed, project=project)
        rows = np.fromiter(mine.values_list("row", flat=True).iterator(), dtype=np.int64)
        askable[rows[rows < size]] = False
    return askable


def _surest(pool: Pool, some: Candidates, lesson: Lesson) -> Candidates:
    """Of each label the images that the model is surest about."""
    most = min(MOST_OF_LABEL, max(grid.FEWEST, GRID // len(lesson.label_ids)))
    labels, sure = only_label(some.proba, lesson.kind)
    return some.at(surest(labels, sure, pool.keys[some.rows], most))


def _behind(asked: list[Ranked], sure: Candidates, pool: Pool, lesson: Lesson) -> list[Ranked]:
    """The surest images that are not asked anyway, surest first."""
    there = {ranked.image_id for ranked in asked}
    more = [
        replace(ranked, strategy=grid.CONFIDENT)
        for ranked in _ranked(sure.each(), pool, lesson)
        if ranked.image_id not in there
    ]
    return sorted(more, key=lambda ranked: -(ranked.confidence or 0))


def _ranked(chosen: Iterable[Choice], pool: Pool, lesson: Lesson) -> list[Ranked]:
    return [_told(int(pool.ids[row]), score, proba, lesson) for row, score, proba in chosen]


def _told(image_id: int, score: float, proba: Proba, lesson: Lesson) -> Ranked:
    """The image with what the model believes, and the one label it would give."""
    names = [str(pk) for pk in lesson.label_ids]
    labels, sure = only_label(proba[None], lesson.kind)
    label = int(labels[0])
    if label < 0:
        return Ranked(image_id, round(score, 5), _beliefs(names, proba))
    predicted, confidence = lesson.label_ids[label], round(float(sure[0]), 4)
    return Ranked(image_id, round(score, 5), _beliefs(names, proba), predicted, confidence)


def _beliefs(names: list[str], proba: Proba) -> dict[str, float]:
    """The likeliest labels and their probability, likeliest first."""
    likeliest = np.argsort(-proba, kind="stable")[:MOST_BELIEFS].tolist()
    values = proba.tolist()
    return {names[i]: round(values[i], 4) for i in likeliest}
