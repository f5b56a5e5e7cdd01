"""Images behind figures, so that a person can look at the mistakes.

What the browser gets is bounded: beyond MOST images those that matter for the page's label are
sent, mistakes first, and of all others only counts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labeler.evaluation.confusion import MOST_IN_TABLE
from labeler.evaluation.scored import Bools, Scored, Thresholds
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from ml import metrics

MOST = 1_500  # images that are sent to the browser
TOP = 3  # labels whose score a card shows
BINS = 40  # of the histogram, as in review-numbers.js
STEPS = 101  # thresholds: 0, 0.01, …, 1
AT_ONCE = 900

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What people and the model say, seen from one label. All arrays are by image, (n,)."""

    compared: Scored
    thresholds: Thresholds
    at: int  # the label's column
    given: Bools  # (n, n_labels): what the model gives at the saved thresholds
    is_so: Bools  # people say the label
    scores: npt.NDArray[np.float32]
    best: Ints  # column of the likeliest label; a single-label project

    def called(self, threshold: float) -> Bools:
        """Whether the model calls the image so at the threshold."""
        enough = self.scores >= np.float32(threshold)
        return enough if self.thresholds.multi else enough & (self.best == self.at)


def seen(compared: Scored, thresholds: Thresholds, label: Label) -> Seen:
    """The images seen from the label."""
    at = [each.pk for each in compared.labels].index(label.pk)
    best = compared.proba.argmax(axis=1) if compared.proba.size else np.zeros(0, np.int64)
    given, scores = compared.decide(thresholds), compared.proba[:, at]
    return Seen(compared, thresholds, at, given, compared.truth[:, at], scores, best)


def of_label(
    project: Project, compared: Scored, thresholds: Thresholds, label: Label
) -> dict[str, Any]:
    """What people and the model say about the images, for one label's page.

    The browser finds true and false positives and negatives in this at any threshold:
    `scores[i]` is the probability of `label`; in a single-label project `best[i]` is the
    likeliest label and `best_scores[i]` its probability; in a multi-label one `given[i]` are the
    labels that pass the saved thresholds, and `each` counts every label. `top[i]` are the likeliest
    labels with their scores. `rest` counts the images that are not sent, `all` is over all
    labels together.
    """
    view = seen(compared, thresholds, label)
    sent = _sent(view)
    ids = [each.pk for each in compared.labels]
    image_ids = [compared.image_ids[at] for at in sent.tolist()]
    names = names_of(image_ids)
    proba = compared.proba[sent]
    data: dict[str, Any] = {
        "label": label.pk,
        "multi": project.is_multi,
        "threshold": thresholds.for_label(label.pk),
        "thresholds": {str(pk): thresholds.for_label(pk) for pk in ids},
        "images": image_ids,
        "names": [names.get(pk, "") for pk in image_ids],
        "truth": [[ids[at] for at in np.flatnonzero(row)] for row in compared.truth[sent]],
        "scores": plain(proba[:, view.at]),
        "top": top(proba, ids),
        "rest": _rest(view, sent, ids),
        "all": _of_all(view),
    }
    if project.is_multi:
        data["given"] = [[ids[at] for at in np.flatnonzero(row)] for row in view.given[sent]]
        data["each"] = _of_each(view, ids)
    else:
        data["best"] = [ids[at] for at in view.best[sent]]
        data["best_scores"] = plain(proba.max(axis=1, initial=0.0))
    return data


def listed(view: Seen, kind: str, threshold: float) -> Ints:
    """Places of the false positives (surest first), false negatives or true positives (least
    sure first). kind: "fp", "fn" or "tp"."""
    called = view.called(threshold)
    marks = {"fp": called & ~view.is_so, "fn": view.is_so & ~called, "tp": called & view.is_so}
    places = np.flatnonzero(marks[kind])
    signed = -view.scores[places] if kind == "fp" else view.scores[places]
    return places[np.argsort(signed, kind="stable")]


def top(proba: npt.NDArray[np.float32], ids: list[int]) -> list[list[list[float]]]:
    """The likeliest labels of each row, [[label id, p], …], likeliest first."""
    if not proba.size:
        return [[] for _ in proba]
    left, rows, order = proba.copy(), np.arange(len(proba)), []
    for _ in range(min(TOP, proba.shape[1])):  # a few maxima are found sooner than all are sorted
        order.append(left.argmax(axis=1))
        left[rows, order[-1]] = -1
    best = np.stack(order, axis=1)
    values = np.take_along_axis(proba, best, axis=1).astype(float).round(4)
    return [
        [[ids[at], p] for at, p in zip(row, ps, strict=True)]
        for row, ps in zip(best.tolist(), values.tolist(), strict=True)
    ]


def names_of(image_ids: list[int]) -> dict[int, str]:
    """{image id: name}."""
    found: dict[int, str] = {}
    for start in range(0, len(image_ids), AT_ONCE):
        some = image_ids[start : start + AT_ONCE]
        found.update(Image.objects.filter(pk__in=some).values_list("pk", "name"))
    return found


def plain(values: Any) -> list[float]:
    """Enough digits that a comparison with a threshold comes out as it does here."""
    exact: list[float] = np.asarray(values, dtype=float).round(6).tolist()
    return exact


# What is sent, and what is only counted ------------------------------------------------------


def _sent(view: Seen) -> Ints:
    """All images, or the mistakes at the saved threshold, then what people or the model call so,
    then the likeliest others."""
    n = len(view.scores)
    if n <= MOST:
        return np.arange(n)
    label = view.compared.labels[view.at].pk
    called = view.called(view.thresholds.for_label(label))
    ever = view.called(0.0) if not view.thresholds.multi else called
    matters = np.select([called != view.is_so, ever | view.is_so], [0, 1], 2)
    order = np.lexsort((-view.scores, matters))
    return np.sort(order[:MOST])


def _rest(view: Seen, sent: Ints, ids: list[int]) -> dict[str, Any] | None:
    """Counts of what is not sent; None where everything is."""
    left = np.ones(len(view.scores), dtype=bool)
    left[sent] = False
    if not left.any():
        return None
    truth, given = view.compared.truth[left], view.given[left]
    return {
        "images": int(left.sum()),
        "support": int(view.is_so[left].sum()),
        **_by_threshold(view, left),
        "mistakes": _mistakes(truth, given, ids),
        "confusion": [] if view.thresholds.multi else _pairs(truth, given, ids),
    }


def _by_threshold(view: Seen, left: Bools) -> dict[str, list[int]]:
    """How many are called so at each hundredth, and how many fall into each bin; apart for
    people's yes and no."""
    callable_ = left if view.thresholds.multi else left & (view.best == view.at)
    steps = np.arange(STEPS, dtype=np.float32) / np.float32(100)
    found = {}
    for name, is_so in (("yes", view.is_so), ("no", ~view.is_so)):
        scores = np.sort(view.scores[callable_ & is_so])
        found[name] = (len(scores) - np.searchsorted(scores, steps)).tolist()
        bins = np.minimum(BINS - 1, (view.scores[left & is_so] * BINS).astype(np.int64))
        found[f"{name}_bins"] = np.bincount(bins, minlength=BINS).tolist()
    return found


def _of_all(view: Seen) -> dict[str, Any]:
    """Over all labels together, at each hundredth as the threshold of every label: how often a
    label that is given is right (tp) or wrong (fp), and how many labels people gave (support)."""
    truth, proba = view.compared.truth, view.compared.proba
    if not view.thresholds.multi:
        rows = np.arange(len(proba))
        truth_of_best, proba = truth[rows, view.best], proba.max(axis=1, initial=0.0)
    else:
        truth_of_best = truth
    steps = _steps(proba)
    found = {}
    for name, marks in (("tp", truth_of_best), ("fp", ~truth_of_best)):
        at_least = np.bincount(steps[marks], minlength=STEPS)[::-1].cumsum()[::-1]
        found[name] = at_least.tolist()
    return {**found, "support": int(truth.sum())}


def _of_each(view: Seen, ids: list[int]) -> dict[str, dict[str, Any]]:
    """{label id: the same of one label}, for a common threshold of all labels."""
    truth, k = view.compared.truth, len(ids)
    codes = _steps(view.compared.proba).astype(np.int64) + STEPS * np.arange(k)
    tables = {}
    for name, marks in (("tp", truth), ("fp", ~truth)):
        counted = np.bincount(codes[marks], minlength=k * STEPS).reshape(k, STEPS)
        tables[name] = counted[:, ::-1].cumsum(axis=1)[:, ::-1].tolist()
    support = truth.sum(axis=0).tolist()
    return {
        str(pk): {"tp": tables["tp"][at], "fp": tables["fp"][at], "support": support[at]}
        for at, pk in enumerate(ids)
    }


def _steps(proba: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """The highest hundredth that each probability reaches."""
    return np.asarray(np.minimum(STEPS - 1, np.floor(proba * 100 + 1e-4)), dtype=np.int16)


def _mistakes(truth: Bools, given: Bools, ids: list[int]) -> dict[str, list[int]]:
    """{label id: [false positives, false negatives]}."""
    counted = metrics.counts(truth, given)
    return {str(pk): [int(counted.fp[at]), int(counted.fn[at])] for at, pk in enumerate(ids)}


def _pairs(truth: Bools, given: Bools, ids: list[int]) -> list[list[int | None]]:
    """[[label id, given label id or None, images], …]; none where no table is shown."""
    if len(ids) > MOST_IN_TABLE:
        return []
    said = np.where(given.any(axis=1), given.argmax(axis=1), -1)
    matrix = metrics.confusion(truth.argmax(axis=1), said, len(ids))
    named = [*ids, None]
    return [[ids[i], named[j], int(matrix[i, j])] for i, j in zip(*matrix.nonzero(), strict=True)]
