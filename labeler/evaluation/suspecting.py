"""Look for wrong labels among today's answers: what a worker does for the page of suspects.

A model that has not seen an image's label says what it believes of it (cross-validated, on the
answers of today). Where it is confident of something else, or where an image is like no other of
its label, a person should look again. The audit sample is left alone: it measures, and looking
at it with the model's eyes would make the measure lean.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation import studies
from labeler.evaluation.models import Study, SuspectVerdict
from labeler.labeling import consensus
from labeler.labeling.models import Annotation
from labeler.projects.models import Project
from labeler.training import embeddings, fitting, memory
from labeler.training.fitting import Lesson
from labeler.training.memory import Pool, Rows
from labeler.training.part import EVERYTHING
from labeler.work.leases import Hopeless
from ml import calibration, heads, label_quality, neighbours
from ml.outliers import ANY, Outliers, outliers
from ml.threads import one_blas_thread

MOST = 1_000  # suspects that are listed
MOST_OUTLIERS = 200
NEAR = 6  # labeled neighbours of each
SHOWN = 5  # labels whose probability is kept
AT_ONCE = 500  # images of one query
STEPS = calibration.FOLDS + 3

Proba = npt.NDArray[np.float32]


@one_blas_thread()
def answer(row: Study) -> dict[str, Any]:
    """The suspects of the project, the worst first. Raises LeaseLost or Hopeless."""
    project = row.project
    labeled = consensus.answered_count(project)
    studies.note(row, "reading", 0, STEPS)
    pool = memory.pool(project, embeddings.serving(project))
    lesson = fitting.lesson(project, pool, EVERYTHING)
    if missing := fitting.nothing_to_learn(lesson):
        raise Hopeless(missing)
    proba = _held_out(row, lesson)
    studies.note(row, "comparing", STEPS - 2, STEPS)
    found = _ranked(lesson, proba)
    kept = _without_confirmed(project, pool, lesson, found)
    studies.note(row, "comparing", STEPS - 1, STEPS)
    return {
        "labeled": labeled,  # when it was looked, with the audit sample: to know when to look anew
        "answers": len(lesson),
        "judged": int(np.isfinite(proba).all(axis=1).sum()),
        "label_ids": lesson.label_ids,
        "found": len(kept),
        "suspects": _told(project, pool, lesson, proba, kept[:MOST]),
    }


def _held_out(row: Study, lesson: Lesson) -> Proba:
    """Calibrated probabilities of a head that had not seen the answer; NaN where nobody can say."""
    kind = heads.get(row.project.head)
    seed = row.project.audit_seed % 2**32
    n_labels = len(lesson.label_ids)
    studies.note(row, "learning", 1, STEPS)
    whole = kind.fit(lesson.x, lesson.y, n_labels=n_labels, seed=seed)
    proba = calibration.cross_validated_proba(
        lesson.x, lesson.y, n_labels=n_labels, head=kind, seed=seed, like=whole,
        progress=lambda done: studies.note(row, "learning", 1 + done, STEPS),
    )  # fmt: skip
    proba[~lesson.judged] = np.nan  # the features know these answers
    known = np.isfinite(proba).all(axis=1)
    if known.any():
        warmth = calibration.temperature(proba[known], lesson.y[known])
        proba[known] = calibration.apply(proba[known], warmth, lesson.kind)
    return proba


# Which ones -------------------------------------------------------------------------------


class Suspect:
    """An image of the lesson, by its place there, and why it is suspected."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.why: list[str] = []  # "label", "outlier", "alone"
        self.doubtful: list[int] = []  # columns: said instead, or the marks in doubt
        self.score = 1.0  # in [0, 1]; lower is more doubtful
        self.beyond = 0.0  # how far beyond the fence


def _ranked(lesson: Lesson, proba: Proba) -> list[Suspect]:
    """Labels in doubt, the worst first, then images that are merely far from others."""
    found: dict[int, Suspect] = {}
    for at, label, score in _doubts(lesson, proba):
        suspect = found.setdefault(at, Suspect(at))
        suspect.doubtful.append(label)
        suspect.score = min(suspect.score, score)
        suspect.why = ["label"]
    _add_far(found, outliers(lesson.x, lesson.y))
    return sorted(found.values(), key=lambda each: ("label" not in each.why, each.score,
                                                    -each.beyond, each.at))  # fmt: skip


def _doubts(lesson: Lesson, proba: Proba) -> list[tuple[int, int, float]]:
    known = np.flatnonzero(np.isfinite(proba).all(axis=1))
    try:
        doubted = label_quality.suspects(
            proba[known], lesson.y[known], by="unlikely", order="self_confidence"
        )
    except ValueError:  # every answer that can be judged is the same
        return []
    where = known[doubted.image].tolist()
    return list(zip(where, doubted.label.tolist(), doubted.score.tolist(), strict=True))


def _add_far(found: dict[int, Suspect], far: Outliers) -> None:
    """The farthest images; one that is suspected anyway only gets another reason."""
    new = 0
    for at, label, beyond in zip(*(part.tolist() for part in far[:2]), far.beyond.tolist(),
                                 strict=True):  # fmt: skip
        if at not in found:
            if new == MOST_OUTLIERS:
                continue
            new += 1
        suspect = found.setdefault(at, Suspect(at))
        reason = "alone" if label == ANY else "outlier"
        if reason not in suspect.why:
            suspect.why.append(reason)
        suspect.beyond = max(suspect.beyond, beyond)


def _without_confirmed(
    project: Project, pool: Pool, lesson: Lesson, found: list[Suspect]
) -> list[Suspect]:
    """Those of which nobody has said that the label is right as it is."""
    verdicts = SuspectVerdict.objects.filter(project=project).values_list("image", "said")
    right = {image: sorted(said) for image, said in verdicts}
    return [
        each for each in found
        if right.get(int(pool.ids[lesson.rows[each.at]])) != sorted(_said(lesson, each.at))
    ]  # fmt: skip


# As a page needs it -----------------------------------------------------------------------


def _told(
    project: Project, pool: Pool, lesson: Lesson, proba: Proba, kept: list[Suspect]
) -> list[dict[str, Any]]:
    at = np.array([each.at for each in kept], dtype=np.int64)
    votes = _votes(project, pool.ids[lesson.rows[at]])
    near = _near(lesson, at)
    return [
        {
            "image": (image := int(pool.ids[lesson.rows[each.at]])),
            "why": each.why,
            "said": _said(lesson, each.at),
            "rather": _rather(lesson, proba, each),
            "score": round(each.score, 4),
            "proba": _beliefs(lesson, proba[each.at]),
            "votes": votes[image],
            "near": [
                [int(pool.ids[lesson.rows[other]]), round(value, 3), _said(lesson, other)]
                for other, value in near[place]
            ],
        }
        for place, each in enumerate(kept)
        if votes.get(int(pool.ids[lesson.rows[each.at]]))  # accepted labels are nobody's answer
    ]


def _said(lesson: Lesson, at: int) -> list[int]:
    """The label ids that people gave the image."""
    y = lesson.y[at]
    columns = np.flatnonzero(y) if lesson.kind == "multi" else [int(y)]
    return [lesson.label_ids[column] for column in columns]


def _rather(lesson: Lesson, proba: Proba, suspect: Suspect) -> list[int] | None:
    """What the model would say instead; None if it does not contradict."""
    if not suspect.doubtful:
        return None
    if lesson.kind == "single":
        return [lesson.label_ids[suspect.doubtful[0]]]
    marks = lesson.y[suspect.at].astype(bool)
    marks[suspect.doubtful] ^= True
    return [lesson.label_ids[column] for column in np.flatnonzero(marks)]


def _beliefs(lesson: Lesson, proba: Proba) -> list[list[float]]:
    """[label id, probability] of the likeliest labels; empty where nobody can say."""
    if not np.isfinite(proba).all():
        return []
    likeliest = np.argsort(-proba, kind="stable")[:SHOWN].tolist()
    return [[lesson.label_ids[i], round(float(proba[i]), 4)] for i in likeliest]


def _near(lesson: Lesson, at: Rows) -> list[list[tuple[int, float]]]:
    """The nearest other labeled images of each, nearest first, around the mean of all."""
    if not len(at):
        return []
    around = lesson.x - lesson.x.mean(axis=0)
    found = neighbours.nearest(around[at], around, NEAR + 1)
    both = zip(at.tolist(), found.position.tolist(), found.value.tolist(), strict=True)
    return [
        [(other, value) for other, value in zip(others, values, strict=True) if other != me][:NEAR]
        for me, others, values in both
    ]


def _votes(project: Project, images: Rows) -> dict[int, list[int]]:
    """The ids of the answers that stand on each image: others later mean that somebody mended."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(images), AT_ONCE):
        some = images[start : start + AT_ONCE].tolist()
        standing = Annotation.objects.filter(
            project=project, image__in=some, current=True, kind=Annotation.Kind.LABELS, gold=False
        )
        for image, pk in standing.order_by("pk").values_list("image", "pk"):
            found.setdefault(image, []).append(pk)
    return found
