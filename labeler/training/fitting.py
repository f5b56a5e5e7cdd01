"""From answers to a head: what is learned from, the fit, and whether the result may serve."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from labeler.labeling import accepted, consensus
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import known_images, model_files, spaces
from labeler.training.memory import Pool, Rows
from labeler.training.models import ModelVersion
from labeler.training.part import EVERYTHING, Part
from labeler.training.part import of as part_of
from labeler.training.part import read as read_part
from labeler.training.versions import ModelDamaged
from labeler.work.leases import Hopeless
from ml import calibration, heads
from ml.heads.base import Kind
from ml.intervals import wilson

AGAIN = 1.2  # cross-validate anew when there are so many times the answers
ENOUGH_TO_CALIBRATE = 30
COMPARABLE = 50  # answers from which a fall of the cross-validated score means something
FALL = 0.1  # how far below the last interval the new one must lie to be refused


@dataclass(frozen=True)
class Lesson:
    """What a round learns from: row i of `x` is the image in row `rows[i]`."""

    label_ids: list[int]  # column order
    kind: Kind
    rows: Rows
    x: npt.NDArray[np.float32]  # (n, d)
    y: npt.NDArray[Any]  # label numbers (n,), or marks (n, n_labels)
    judged: npt.NDArray[np.bool_]  # (n,) those that may measure: the features do not know them
    audit_rows: Rows
    left_out: int  # answers not learned from: no embedding, or like an audit image
    seen_annotation: int
    part: Part = EVERYTHING
    weights: npt.NDArray[np.float32] | None = None  # (n,) how much each answer counts

    def __len__(self) -> int:
        return len(self.rows)


class HeldOut(NamedTuple):
    """What heads said that had not seen the image, calibrated: (n,) and (n, n_labels)."""

    rows: Rows
    proba: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Fitted:
    """A head that may serve. `cross_validated` as in ModelVersion."""

    head: heads.Head
    temperature: float
    cross_validated: dict[str, float]
    held_out: HeldOut | None = None  # where this round cross-validated

    def proba(self, x: npt.NDArray[Any], kind: Kind) -> npt.NDArray[np.float32]:
        """Calibrated probabilities, (n, n_labels)."""
        return calibration.apply(self.head.predict_proba(x), self.temperature, kind)


def lesson(project: Project, pool: Pool, part: Part | None = None) -> Lesson:
    """Today's answers with their embeddings; never an audit image nor one that looks like it.

    part: which answers, and how they weigh; the project's own if left out.
    """
    part = part_of(project) if part is None else part
    seen = consensus.newest(project)  # first: what comes while we read is not counted as seen
    label_ids = part.label_ids(_labels(project))
    audit = Image.objects.filter(project=project, audit=True).order_by("row")
    audit_rows = np.array(audit.values_list("row", flat=True), dtype=np.int64)
    own = accepted.lessons(project)  # the model's labels that somebody lets it learn from
    answers = consensus.training_answers(project, part.answers()) + own
    rows, y = _columns(answers, label_ids, multi=project.is_multi)
    x = pool.vectors(rows)
    usable = np.isfinite(x[:, 0]) if x.size else np.zeros(len(rows), dtype=bool)
    usable &= ~pool.like_audit(rows, audit_rows)
    usable &= ~pool.codes.like_audit(project, rows, audit_rows)
    return Lesson(
        label_ids=label_ids,
        kind="multi" if project.is_multi else "single",
        rows=rows[usable], x=x[usable], y=y[usable],
        judged=~known_images.among(project, pool.space, rows[usable])
        & ~np.isin(rows[usable], [row for row, _ in own]),  # no person has said so
        audit_rows=audit_rows,
        left_out=len(answers) - int(usable.sum()),
        seen_annotation=seen,
        part=part,
        weights=part.sample_weights(y[usable], label_ids),
    )  # fmt: skip


def _labels(project: Project) -> list[int]:
    """The labels in use, in the order of their places."""
    found = Label.objects.filter(project=project, retired=False).order_by("place")
    return list(found.values_list("pk", flat=True))


def _columns(
    answers: list[tuple[int, list[int]]], label_ids: list[int], *, multi: bool
) -> tuple[Rows, npt.NDArray[Any]]:
    """Answers as row numbers and label columns; a retired label counts for nothing."""
    column = {pk: number for number, pk in enumerate(label_ids)}
    if multi:
        marks = np.zeros((len(answers), len(label_ids)), dtype=bool)
        for i, (_, labels) in enumerate(answers):
            marks[i, [column[pk] for pk in labels if pk in column]] = True
        return np.array([row for row, _ in answers], dtype=np.int64), marks
    known = [(row, column[labels[0]]) for row, labels in answers if labels[0] in column]
    table = np.array(known, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def nothing_to_learn(lesson: Lesson) -> str:
    """Why no model can be made of the lesson, in a sentence; empty if one can."""
    if len(lesson.label_ids) < (1 if lesson.kind == "multi" else 2):
        if lesson.part.without:
            return "Too few labels are left to learn. Leave fewer out in the project's settings."
        return "The project needs at least two labels before a model can learn."
    if not len(lesson) and lesson.part.chooses:
        return (
            "No answer is in the part that the project trains on. Widen it in the settings, under "
            "Train on a part, or label images that belong to it."
        )
    if not len(lesson):
        return "No answer can be learned from yet. Label some images, then train."
    if lesson.kind == "multi":
        told_apart = bool((lesson.y.any(axis=0) & ~lesson.y.all(axis=0)).any())
    else:
        told_apart = len(np.unique(lesson.y)) > 1
    return "" if told_apart else (
        f"All {len(lesson)} answers are the same: a model needs examples of two labels."
    )  # fmt: skip


def fit(project: Project, lesson: Lesson, pool: Pool, last: ModelVersion | None) -> Fitted:
    """Learn, calibrate, compare. Raises Hopeless when the result must not be published."""
    kind = _head_class(project)
    head = kind.fit(
        lesson.x, lesson.y, n_labels=len(lesson.label_ids),
        sample_weight=lesson.weights, warm=_warm(lesson, pool, last),
        seed=project.audit_seed % 2**32,
    )  # fmt: skip
    if not head.converged:
        raise Hopeless(
            "The model was not published: its solver did not reach the optimum. "
            "The last model stays in use; more answers usually help."
        )
    comparable = last and _comparable(kind, lesson, pool, last)
    if last and comparable and len(lesson) < AGAIN * _n(last):
        return Fitted(head, last.temperature, last.cross_validated)
    temperature, score, held_out = _cross_validate(project, lesson, head)
    if last and comparable:
        _refuse_a_fall(score, last.cross_validated)
    return Fitted(head, temperature, score, held_out)


def _head_class(project: Project) -> type[heads.Head]:
    try:
        return heads.get(project.head)
    except ValueError as error:
        raise Hopeless(f"{error}. Choose another head in the project's settings.") from error


def _comparable(kind: type[heads.Head], lesson: Lesson, pool: Pool, last: ModelVersion) -> bool:
    # By the head's own name, which the version keeps: the project may call it by another.
    same = (kind.name, lesson.label_ids, pool.space)
    if read_part(last.part) != lesson.part:
        return False
    return (last.head, last.label_ids, spaces.of(last)) == same and _n(last) > 0


def _n(version: ModelVersion) -> float:
    return float(version.cross_validated.get("n", 0))


def _warm(lesson: Lesson, pool: Pool, last: ModelVersion | None) -> heads.Head | None:
    """The last head, from memory or file, if its columns are the first of today's."""
    if last is None or spaces.of(last) != pool.space:
        return None
    if lesson.label_ids[: len(last.label_ids)] != last.label_ids:
        return None
    if pool.head and pool.head[0] == last.number:
        return pool.head[1]
    try:
        return model_files.load(last)
    except ModelDamaged:
        return None  # a cold start takes a moment longer and gives the same


def _cross_validate(
    project: Project, lesson: Lesson, head: heads.Head
) -> tuple[float, dict[str, float], HeldOut | None]:
    """Temperature, score and what was said of each image held out."""
    proba = calibration.cross_validated_proba(
        lesson.x, lesson.y, n_labels=len(lesson.label_ids), head=type(head),
        seed=project.audit_seed % 2**32, like=head, sample_weight=lesson.weights,
    )  # fmt: skip
    known = np.isfinite(proba).all(axis=1) & lesson.judged
    if not known.any():
        return 1.0, {}, None
    right = share_right(proba[known], lesson.y[known])
    low, high = (float(end) for end in wilson(round(right * known.sum()), int(known.sum())))
    score = {"n": len(lesson), "accuracy": right, "low": low, "high": high}
    enough = known.sum() >= ENOUGH_TO_CALIBRATE
    temperature = calibration.temperature(proba[known], lesson.y[known]) if enough else 1.0
    said = calibration.apply(proba[known], temperature, lesson.kind)
    return temperature, score, HeldOut(lesson.rows[known], said)


def share_right(proba: npt.NDArray[np.float32], y: npt.NDArray[Any]) -> float:
    """The share of images answered right; with several labels, those with every label right.

    Single yes-or-no decisions would flatter: most labels are absent from most images.
    """
    if y.ndim == 1:
        return float(np.mean(proba.argmax(axis=1) == y))
    return float(np.mean(((proba >= 0.5) == y).all(axis=1)))


def _refuse_a_fall(score: dict[str, float], before: dict[str, float]) -> None:
    if before["n"] < COMPARABLE or not score or score["high"] >= before["low"] - FALL:
        return
    raise Hopeless(
        f"The model was not published: cross-validated, it is right on {score['accuracy']:.0%} of "
        f"the labeled images, the last one was on {before['accuracy']:.0%}. "
        "Look for wrong labels among the newest answers; the last model stays in use."
    )
