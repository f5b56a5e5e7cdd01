"""Score the pool with a head and choose what to ask next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from labeler.labeling import grid
from labeler.labeling.refill import Ranked
from labeler.pools import audit
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training.fitting import Fitted, Lesson
from labeler.training.memory import Block, Pool, Rows
from labeler.work.leases import Hopeless
from ml import arrays
from ml.certainty import only_label, surest
from ml.checks import Ints
from ml.clustering import cold_start
from ml.selection import diverse_top_k, top_k
from ml.strategies import STRATEGIES, Strategy, score_images

QUEUE = 500  # images ranked in one round, at least: rows cost time while a person waits
MOST_QUEUE = 5000
DIVERSE = 200  # of them chosen for diversity; the rest follows by score
CLUSTERS = 200  # images a cold start ranks
MOST_CLUSTERED = 20_000  # images it looks at
GRID = 1_200  # images behind the ranked ones, the surest of each label, for the grid
MOST_OF_LABEL = 240
MOST_BELIEFS = 10  # labels whose probability an item remembers

Proba = npt.NDArray[np.float32]
Progress = Callable[[str, int], None]  # phase, images done


@dataclass(frozen=True)
class Candidates:
    """Images of the pool, or of a part of it: the best to ask, or the surest for the grid."""

    rows: Rows
    scores: npt.NDArray[np.float32]
    proba: Proba

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, places: Ints) -> "Candidates":
        return Candidates(self.rows[places], self.scores[places], self.proba[places])

    def each(self) -> Iterator["Choice"]:
        for i in range(len(self)):
            yield int(self.rows[i]), float(self.scores[i]), self.proba[i]


def strategy_of(project: Project) -> Strategy:
    """The project's strategy. Raises: Hopeless for a name that is none."""
    if project.strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise Hopeless(
            f"No strategy is called {project.strategy!r}; there are {known}. "
            "Choose one in the project's settings."
        )
    return STRATEGIES[project.strategy]


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
    rule = strategy_of(project)
    askable = _askable(project, pool)
    keep = wanted(project)
    found: list[Candidates] = []
    sure: list[Candidates] = []
    for block in pool:
        progress("scoring", block.first)
        proba = _predict(block, fitted, lesson)
        arrays.write_shard(predictions / f"{block.first // arrays.SHARD}.npy", proba)
        mine = block.there & askable[block.rows]
        some = _best(rule, pool, block.rows[mine], proba[mine], lesson, seed)
        sure.append(_surest(pool, some, lesson))
        found.append(_first(pool, some, keep))
    progress("choosing", len(pool))
    n_labels = len(lesson.label_ids)
    asked = _ranked(_choose(rule, pool, _merged(found, n_labels), keep), pool, lesson)
    return asked + _behind(asked, _surest(pool, _merged(sure, n_labels), lesson), pool, lesson)


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
    askable_now = Q(state=Image.State.OPEN) & audit.teaching()
    closed = Image.objects.filter(~askable_now, project=project)
    rows = np.array(closed.values_list("row", flat=True), dtype=np.int64)
    askable[rows[rows < size]] = False
    return askable


def _predict(block: Block, fitted: Fitted, lesson: Lesson) -> Proba:
    """(rows, n_labels), NaN where the image has no embedding."""
    if block.there.all():
        return fitted.proba(block.table, lesson.kind)
    proba = np.full((len(block.there), len(lesson.label_ids)), np.nan, dtype=np.float32)
    if block.there.any():
        proba[block.there] = fitted.proba(block.table[block.there], lesson.kind)
    return proba


def _best(
    rule: Strategy, pool: Pool, rows: Rows, proba: Proba, lesson: Lesson, seed: int
) -> Candidates:
    """The images of one block with their scores."""
    if not len(rows):
        return Candidates(rows, np.empty(0, dtype=np.float32), proba)
    scores = score_images(rule, proba, seed=seed + int(rows[0]), kind=lesson.kind)
    return Candidates(rows, scores, proba)


def _first(pool: Pool, some: Candidates, keep: int) -> Candidates:
    """The best to ask of one block. A diverse choice needs several times what it takes."""
    return some.at(top_k(some.scores, keep, pool.keys[some.rows]))


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


def _merged(found: list[Candidates], n_labels: int) -> Candidates:
    if not found:
        empty = np.empty((0, n_labels), dtype=np.float32)
        return Candidates(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32), empty)
    return Candidates(
        np.concatenate([c.rows for c in found]),
        np.concatenate([c.scores for c in found]),
        np.concatenate([c.proba for c in found]),
    )


def _choose(rule: Strategy, pool: Pool, best: Candidates, keep: int) -> Iterator["Choice"]:
    keys = pool.keys[best.rows]
    order = top_k(best.scores, keep, keys)
    if rule.diverse and len(order):
        most = best.scores[order], pool.vectors(best.rows[order]), DIVERSE, keys[order]
        first = order[diverse_top_k(*most)]
        order = np.concatenate([first, order[~np.isin(order, first)]])
    yield from best.at(order).each()


Choice = tuple[int, float, Proba]


def _ranked(chosen: Iterator[Choice], pool: Pool, lesson: Lesson) -> list[Ranked]:
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
