"""What would be accepted at a tolerated error: threshold, number of images, bound, a random look.

The audit sample tells how often the model is wrong from a threshold up; `ml.promise` has the rule.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _

from labeler.evaluation import scored, within
from labeler.evaluation.scored import NotScored, Scored, Thresholds
from labeler.evaluation.within import Within
from labeler.labeling.models import Acceptance
from labeler.pools.models import Image
from labeler.projects.models import Label, Project
from labeler.training import sureness
from labeler.training.models import ModelVersion
from labeler.training.sureness import Sureness
from ml import promise
from ml.promise import Rung

ALL = "all"
USUAL = 0.05
LEAST, MOST = 0.001, 0.5
LOOKED_AT = 24


class BadWish(ValueError):
    """The tolerated error is no share, or names a label that is not there."""


@dataclass(frozen=True)
class Wish:
    """The largest tolerated share of wrong ones: of everything accepted, or also per label."""

    rate: float = USUAL
    labels: tuple[tuple[int, float], ...] = ()  # label id, its own rate

    def as_stored(self) -> dict[str, float]:
        """As Acceptance.tolerated keeps it."""
        return {ALL: self.rate} | {str(pk): rate for pk, rate in self.labels}


def wish(project: Project, rate: float, labels: Mapping[int, float] | None = None) -> Wish:
    """The wish, where it can be asked of the project. Raises BadWish."""
    for value in (rate, *(labels or {}).values()):
        if not LEAST <= value <= MOST:  # NaN too is refused
            raise BadWish(_("A tolerated error lies between 0.1 and 50 percent, such as 5."))
    if labels and project.is_multi:
        raise BadWish(
            _("With several labels per image one rate holds for the whole image. Leave labels out.")
        )
    known = set(Label.objects.filter(project=project, retired=False).values_list("pk", flat=True))
    if unknown := set(labels or {}) - known:
        raise BadWish(_("There is no label %d in this project.") % min(unknown))
    return Wish(rate, tuple(sorted((labels or {}).items())))


@dataclass(frozen=True)
class Part:
    """One promise: over everything, or over the images that get one label."""

    label: Label | None
    tolerated: float
    rungs: tuple[Rung, ...]
    rung: Rung | None  # the threshold that keeps the rate; None: none does
    images: int  # that would be accepted
    of: int  # that could be
    more: int | None  # further audit labels that would probably do; None: they would not

    @property
    def key(self) -> str:
        """As Acceptance.thresholds names it."""
        return ALL if self.label is None else str(self.label.pk)

    @property
    def steps(self) -> "list[dict[str, Any]]":
        """The ladder for a table, highest threshold first."""
        return [
            {"rung": rung, "here": rung == self.rung, "kept": rung.upper <= self.tolerated}
            for rung in reversed(self.rungs)
        ]


@dataclass(frozen=True)
class Offer:
    """What would be accepted now."""

    version: ModelVersion
    wish: Wish
    parts: tuple[Part, ...]
    audit: int  # audit labels it is measured on
    known: Sureness
    within: Within | None = None  # the part of the pool that it is about; None: all of it

    @property
    def images(self) -> int:
        return sum(part.images for part in self.parts)

    @property
    def of(self) -> int:
        return sum(part.of for part in self.parts)

    @property
    def upper(self) -> float:
        """The largest bound among the promises that accept something."""
        return max((part.rung.upper for part in self.parts if part.rung), default=1.0)

    @property
    def thresholds(self) -> dict[str, float]:
        """{label id or "all": the least sureness}; a label that is not here accepts nothing."""
        return {part.key: part.rung.threshold for part in self.parts if part.rung}

    @property
    def counted_at(self) -> datetime:
        return datetime.fromtimestamp(self.known.made, UTC)

    @property
    def fewest(self) -> int:
        """Audit images without a mistake that the strictest rate takes, at least."""
        strictest = min(part.tolerated for part in self.parts)
        confidence = self.within.confidence if self.within else promise.CONFIDENCE
        return promise.fewest(strictest, confidence=confidence)


@dataclass(frozen=True)
class Missing:
    """Why nothing can be offered yet: "model", "audit", "count" or "scores"."""

    what: str


def of(
    project: Project, version: ModelVersion | None, wished: Wish, inside: Within | None = None
) -> Offer | Missing:
    """The offer of the version that serves, in a part of the pool if asked, or what is missing."""
    if version is None:
        return Missing("model")
    try:
        answers = scored.of(project, version)
    except NotScored:
        return Missing("scores")
    if not len(answers.image_ids):
        return Missing("audit")
    known = sureness.of(version)
    if known is None:
        return Missing("count")
    audit = len(answers.image_ids)
    if inside is not None:
        known, audit = inside.only(known), int(inside.of_images(answers.image_ids).sum())
    parts = tuple(_parts(project, version, answers, known, wished, inside))
    return Offer(version, wished, parts, audit, known, inside)


def _parts(
    project: Project, version: ModelVersion, answers: Scored, known: Sureness, wished: Wish,
    inside: Within | None,
) -> list[Part]:  # fmt: skip
    floors = Thresholds.of_version(project, version).of(answers.labels)
    # Rounded as the pool's are kept: an image must not lie on another side of a threshold for that.
    proba = answers.proba.astype(np.float16)
    given, sure = promise.decide(proba, floors, multi=project.is_multi)
    wrong = (given != answers.truth).any(axis=1)
    # What was accepted before is no longer open: audit images like it would flatter the rest.
    sure = np.where(_like_accepted(project, version, answers), np.nan, sure)
    confidence = promise.CONFIDENCE
    if inside is not None:
        sure = np.where(inside.of_images(answers.image_ids), sure, np.nan)
        confidence = inside.confidence
    if not wished.labels:
        return [_part(None, wished.rate, known.sure, sure, wrong, confidence)]
    own = dict(wished.labels)
    # Every label's promise is to hold together with the others: the risk is shared among them.
    confidence = 1 - (1 - confidence) / len(known.label_ids)
    columns = {label.pk: at for at, label in enumerate(answers.labels)}
    return [
        _part(
            answers.labels[columns[pk]], own.get(pk, wished.rate),
            known.sure[known.place == place],
            np.where(given[:, columns[pk]], sure, np.nan), wrong, confidence,
        )
        for place, pk in enumerate(known.label_ids)
        if pk in columns
    ]  # fmt: skip


def _like_accepted(
    project: Project, version: ModelVersion, answers: Scored
) -> npt.NDArray[np.bool_]:
    """(n,) the audit images that a standing acceptance would have accepted, were they open."""
    found = np.zeros(len(answers.image_ids), dtype=bool)
    if not project.has_accepted:
        return found
    ids = np.array(answers.image_ids)
    numbers = {row.number: row for row in ModelVersion.objects.filter(project=project)}
    for each in Acceptance.objects.filter(project=project, revoked_at=None):
        then = numbers.get(each.version, version)  # deleted: as the one that serves would judge
        try:
            told = scored.of(project, then)
        except NotScored:
            told, then = answers, version
        accepted = _passing(project, then, told, each.thresholds) & _where(each, told)
        found |= np.isin(ids, np.array(told.image_ids)[accepted])
    return found


def _where(acceptance: Acceptance, told: Scored) -> npt.NDArray[np.bool_]:
    """(n,) the audit images in the part that it accepts in; all where that is not known."""
    try:
        inside = within.of(acceptance)
    except within.Gone:
        inside = None
    return (
        np.ones(len(told.image_ids), bool) if inside is None else inside.of_images(told.image_ids)
    )


def _passing(
    project: Project, version: ModelVersion, told: Scored, thresholds: Mapping[str, float]
) -> npt.NDArray[np.bool_]:
    floors = Thresholds.of_version(project, version).of(told.labels)
    given, sure = promise.decide(told.proba.astype(np.float16), floors, multi=project.is_multi)
    column = given.any(axis=1) if project.is_multi else given.argmax(axis=1)
    place = np.asarray(column, dtype=np.int64)
    place[~np.isfinite(sure)] = sureness.NONE
    label_ids = tuple(label.pk for label in told.labels)
    known = Sureness(place, sure, label_ids, 0.0)
    return passes(known, thresholds, multi=project.is_multi)


def _part(
    label: Label | None, rate: float, pool: npt.NDArray[np.float64],
    sure: npt.NDArray[np.floating[Any]], wrong: npt.NDArray[np.bool_], confidence: float,
) -> Part:  # fmt: skip
    pool = pool[np.isfinite(pool)]
    rungs = promise.ladder(pool, sure, wrong, confidence=confidence)
    rung = promise.lowest(rungs, rate)
    images = 0 if rung is None else int((pool >= rung.threshold).sum())
    more = None
    if rung is None:
        more = promise.more_needed(rungs, rate, len(wrong), confidence=confidence)
    return Part(label, rate, tuple(rungs), rung, images, len(pool), more)


def look(project: Project, offer: Offer, count: int = LOOKED_AT) -> list[dict[str, Any]]:
    """Images drawn at random from those that would be accepted, with what they would get."""
    passing = np.flatnonzero(passes(offer.known, offer.thresholds, multi=project.is_multi))
    rows = random.SystemRandom().sample(passing.tolist(), min(count, len(passing)))
    images = Image.objects.filter(project=project, row__in=rows, state=Image.State.OPEN)
    given = _given(offer.version, [image.row for image in images])
    return [
        {"image": image, "labels": labels, "sure": float(offer.known.sure[image.row])}
        for image, labels in zip(images, given, strict=True)
    ]


def passes(
    known: Sureness, thresholds: Mapping[str, float], *, multi: bool
) -> npt.NDArray[np.bool_]:
    """(rows,) whether each row of the pool would be accepted."""
    if ALL in thresholds or multi:
        return np.asarray(known.sure >= thresholds.get(ALL, np.inf))
    floors = np.array([thresholds.get(str(pk), np.inf) for pk in known.label_ids])
    return np.asarray(known.sure >= np.where(known.place < 0, np.inf, floors[known.place]))


def _given(version: ModelVersion, rows: list[int]) -> list[list[Label]]:
    reader = sureness.Reader(version)
    labels = Label.objects.in_bulk(list(reader.label_ids))
    given = reader.decide(rows).given
    return [
        [labels[pk] for pk, has in zip(reader.label_ids, marks, strict=True) if has]
        for marks in given
    ]
