"""Strategies replayed on this project's own labels: which would have asked best.

A perfect annotator who knows today's answers is asked by each strategy in turn, a model learns
after each batch and is measured on the audit sample, which none of them learns from. The images
it can be asked about are the ones that people labeled: chosen ones, so that random order looks
better here than it would on the pool. Without enough audit labels a random quarter of the
labeled images is held apart instead, and is called so.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from labeler.evaluation import studies
from labeler.evaluation.material import Material, of_audit
from labeler.evaluation.models import Study
from labeler.evaluation.report import NUMBER_FROM
from labeler.training import embeddings, fitting, memory
from labeler.training.fitting import Lesson
from labeler.work.leases import Hopeless
from ml import strategies
from ml.intervals import mean_interval
from ml.simulate import COLD, Labeled, Plan, Point, bands
from ml.simulate.replays import points, steps
from ml.threads import one_blas_thread

FEWEST = 60  # labeled images
MOST = 2_000  # that are replayed; of more a draw
BUDGET, BATCHES, SEEDS = 400, 8, 5
RANDOM = "random"


@one_blas_thread()
def answer(row: Study) -> dict[str, Any]:
    """The curves of the strategies in the row's options. Raises LeaseLost or Hopeless."""
    project = row.project
    studies.note(row, "reading", 0, 1)
    pool = memory.pool(project, embeddings.serving(project))
    lesson = fitting.lesson(project, pool)
    if len(lesson) < FEWEST:
        raise Hopeless(
            f"{len(lesson)} labeled images can be replayed; a comparison needs {FEWEST}. "
            "Label more, then ask again."
        )
    data, measured_on = _data(lesson, of_audit(project, pool), project.audit_seed % 2**32)
    plan = plan_for(len(data.pool), len(data.names), project.head)
    names = asked_for(row.options)
    curves = {name: list(_seeds(row, data, plan, names, at)) for at, name in enumerate(names)}
    return {
        "measured_on": measured_on,
        "pool": len(data.pool), "test": len(data.test), "seeds": SEEDS, "budget": plan.budget,
        "head": project.head, "features": pool.space.features,
        "curves": [_told(name, curves[name], curves[RANDOM]) for name in names],
    }  # fmt: skip


def asked_for(options: dict[str, Any]) -> list[str]:
    """Known strategies, each once, random order first: the others are told against it."""
    wished = [name for name in options.get("strategies", []) if name in strategies.ALL]
    return list(dict.fromkeys([RANDOM, *wished]))


def plan_for(pool: int, labels: int, head: str) -> Plan:
    """Two thirds of the images in about BATCHES batches: with none left to choose from all
    strategies end at the same point."""
    budget = min(BUDGET, 2 * pool // 3)
    start = min(max(10, 2 * labels), budget // 3)
    return Plan(budget, max(1, -(-(budget - start) // BATCHES)), start, head)


def _data(lesson: Lesson, audit: Material, seed: int) -> tuple[Labeled, str]:
    order = np.random.default_rng(seed).permutation(len(lesson))
    names = [str(pk) for pk in lesson.label_ids]
    if len(audit) >= NUMBER_FROM:
        some = order[:MOST]
        return Labeled(lesson.x[some], lesson.y[some], audit.x, audit.y, names), "audit"
    apart, some = order[: len(order) // 4], order[len(order) // 4 :][:MOST]
    return Labeled(
        lesson.x[some], lesson.y[some], lesson.x[apart], lesson.y[apart], names
    ), "apart"  # fmt: skip


def _seeds(
    row: Study, data: Labeled, plan: Plan, names: list[str], at: int
) -> Iterator[list[Point]]:
    each = steps(plan, len(data.pool))
    called = names[at] if names[at] == RANDOM else COLD + names[at]  # as a project starts
    for seed in range(SEEDS):
        curve: list[Point] = []
        for point in points(data, called, plan, seed):
            curve.append(point)
            done = (at * SEEDS + seed) * each + len(curve)
            studies.note(row, "replaying", done, len(names) * SEEDS * each)
        yield curve


def _told(name: str, curves: list[list[Point]], random: list[list[Point]]) -> dict[str, Any]:
    """The mean curve with its interval over the seeds, and its area against random order's."""
    areas = np.array([_area(curve) for curve in curves])
    gains = areas - np.array([_area(curve) for curve in random])  # the same seeds: in pairs
    return {
        "strategy": name,
        "points": [
            {"labels": band.labels, **_named(band.macro_f1)} for band in bands(curves)
        ],
        "area": _named(mean_interval(areas)),
        "gain": None if name == RANDOM else _named(mean_interval(gains)),
    }  # fmt: skip


def _area(curve: list[Point]) -> float:
    """The mean height of the curve."""
    labels, value = [p.labels for p in curve], [p.macro_f1 for p in curve]
    if len(curve) < 2:
        return value[0]
    return float(np.trapezoid(value, labels)) / (labels[-1] - labels[0])


def _named(found: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), map(float, found), strict=True))
