"""A queue item as a question: what the API and the label page are told about it."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, ngettext

from labeler.labeling.believed import EVEN
from labeler.labeling.models import QueueItem
from labeler.labeling.refill import (
    AGAIN,
    ASKED_FOR,
    AUDIT,
    CONFIDENT,
    RANDOM,
    SECOND,
    SPLIT,
    TAKEN_OUT,
)  # fmt: skip
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User
from labeler.projects.statements import statement

ANY = str(2**62)  # in place of an image's id
SIZES = ("thumb", "screen", "original")
NONE_SAVED: Mapping[int, float] = {}
HIDDEN = "hide_suggestions"  # in User.settings
BLIND = gettext_lazy(
    "Drawn at random to measure. What the model thinks is hidden, so that your answer is your own."
)
WORDS = {
    RANDOM: gettext_lazy("Asked in random order: no model has ranked the images yet."),
    "clusters": gettext_lazy("It stands for a group of images that look alike."),
    AGAIN: gettext_lazy("Somebody skipped it; a reviewer asks it again."),
    **dict.fromkeys(SECOND, gettext_lazy("A reviewer wants another person's answer.")),
}
UNSURE = gettext_lazy("The model is unsure about this image.")
CHOSEN = {  # for another reason than doubt
    ASKED_FOR: gettext_lazy("Somebody chose it among the pool, to be asked next."),
    "typical": gettext_lazy("It is typical of images that look alike and have few labels."),
    "probability_cover": gettext_lazy("Many images without a label resemble it."),
    "core_set": gettext_lazy("It is least like all images that have a label."),
    "rare_labels": gettext_lazy("It may show a label that few images have so far."),
    "vote_entropy": gettext_lazy("Models that learned from the same answers disagree about it."),
    "kl_disagreement": gettext_lazy("Models that learned from the same answers disagree about it."),
}


def names_of(project: Project) -> dict[int, str]:
    """The names of the labels that can be given, by id, in their order."""
    return dict(_names(project.pk))


@statement
def _names(project: int) -> "QuerySet[Label, tuple[int, str]]":
    labels = Label.objects.filter(project=project, retired=False).order_by("position", "place")
    return labels.values_list("pk", "name")


def suggestion_shown(item: QueueItem, project: Project, user: User) -> bool:
    """Whether this person sees what the model believes about this item.

    Never on blind items, which measure, and never for who has hidden suggestions.
    Otherwise it is drawn once for each item, with the probability `project.suggestion_share`;
    the draw depends on the item's id alone, so that a reload and an undo show the same.
    """
    if item.blind or user.settings.get(HIDDEN, False):
        return False
    return project.suggestion_share >= 1 or _draw(item.pk) < project.suggestion_share


def _draw(pk: int) -> float:
    """A number in [0, 1) that looks random but is always the same for the same id."""
    return int.from_bytes(blake2b(b"%d" % pk, digest_size=6).digest()) / 2**48


def as_dict(
    item: QueueItem,
    names: Mapping[int, str],
    *,
    shown: bool,
    thresholds: Mapping[int, float] = NONE_SAVED,
) -> dict[str, Any]:
    """The item as JSON, with the suggestion where it is `shown` (see `suggestion_shown`).

    thresholds: those saved, by label id. Where no label reaches its own, the suggestion says
    `unknown`, as `predict` does: what the model believes is told, and no label is proposed.

    Audit items, gold items and spot checks are asked blind and read alike: nobody can tell which
    is which.
    """
    blind = item.blind
    beliefs = _beliefs(item, names) if shown and not blind else {}
    question: dict[str, Any] = {
        "item": item.pk,
        "image": item.image_id,
        "name": item.image.name,
        "urls": urls(item.image),
        "width": item.image.width,
        "height": item.image.height,
        "why": {
            "strategy": AUDIT if blind else item.strategy,
            "score": None if blind else item.score,
            "rank": None if blind else item.rank,
            "model_version": None if blind else item.version,
            "audit": blind,
            "words": words(item, beliefs, names),
        },
        "claimed_until": item.claimed_until and item.claimed_until.isoformat(timespec="seconds"),
    }
    if beliefs:
        best = max(beliefs, key=lambda pk: beliefs[pk])
        question["suggestion"] = {
            "label": names[best],
            "label_id": best,
            "p": beliefs[best],
            "unknown": _unknown(item.project, beliefs, best, thresholds),
            "beliefs": {str(pk): p for pk, p in beliefs.items()},
        }
    return question


def _unknown(
    project: Project, beliefs: Mapping[int, float], best: int, thresholds: Mapping[int, float]
) -> bool:
    if not project.is_multi:
        return beliefs[best] < thresholds.get(best, 0.0)
    return not any(p >= thresholds.get(pk, EVEN) for pk, p in beliefs.items())


def urls(image: Image) -> dict[str, str]:
    """Where the image's three sizes are."""
    return {size: address.replace(ANY, str(image.pk)) for size, address in _addresses().items()}


@cache
def _addresses() -> dict[str, str]:
    """The addresses of any image: looking them up takes longer than the rest of a question."""
    return {size: reverse("image_file", args=[ANY, size]) for size in SIZES}


def words(item: QueueItem, beliefs: Mapping[int, float], names: Mapping[int, str]) -> str:
    """Why the image is asked, in a sentence."""
    if item.blind or item.strategy == AUDIT:
        return str(BLIND)
    if not beliefs or item.strategy in CHOSEN:
        return _plain(item)
    if item.strategy == RANDOM:
        return gettext("Asked in random order, as this project wishes.")
    if item.strategy in (CONFIDENT, TAKEN_OUT):
        return _sure(item.strategy, beliefs, names)
    if item.project.is_multi:
        return _least_sure(beliefs, names)
    best, second = [*sorted(beliefs, key=lambda pk: -beliefs[pk]), None][:2]
    if best is not None and second is not None and item.strategy == "margin":
        gap = round(100 * (beliefs[best] - beliefs[second]))
        return _apart(names[best], names[second], gap)
    if best is None:
        return str(UNSURE)
    told = gettext("The model is unsure: its best guess, %(label)s, gets %(percent)s.")
    return told % {"label": names[best], "percent": _percent(beliefs[best])}


def _plain(item: QueueItem) -> str:
    """Why an image is asked, where that is not what a model believes of it, or none shows that."""
    if item.strategy == SPLIT and item.predicted:
        told = gettext("It was labeled %(label)s, which was split. Which of the new labels fits?")
        return told % {"label": item.predicted.name}
    reasons = WORDS | CHOSEN
    return str(reasons.get(item.strategy, UNSURE if item.version else ""))


def _sure(strategy: str, beliefs: Mapping[int, float], names: Mapping[int, str]) -> str:
    best = max(beliefs, key=lambda pk: beliefs[pk])
    if strategy == TAKEN_OUT:
        told = gettext("Somebody took it out of a grid; the model calls it %(label)s, %(percent)s.")
    else:
        told = gettext("The model is sure of it, %(label)s with %(percent)s; little else is left.")
    return told % {"label": names[best], "percent": _percent(beliefs[best])}


def _apart(best: str, second: str, gap: int) -> str:
    if gap > 20:
        told = gettext(
            "Of what is left, %(best)s and %(second)s are closest: %(gap)s points apart."
        )
    elif gap:
        told = ngettext(
            "The model cannot choose between %(best)s and %(second)s: %(gap)s point apart.",
            "The model cannot choose between %(best)s and %(second)s: %(gap)s points apart.",
            gap,
        )
    else:
        told = gettext(
            "The model cannot choose between %(best)s and %(second)s: less than a point apart."
        )
    return told % {"best": best, "second": second, "gap": gap}


def _least_sure(beliefs: Mapping[int, float], names: Mapping[int, str]) -> str:
    pk = min(beliefs, key=lambda pk: abs(beliefs[pk] - 0.5))
    told = gettext("The model is least sure about %(label)s: %(percent)s.")
    return told % {"label": names[pk], "percent": _percent(beliefs[pk])}


def _percent(share: float) -> str:
    return f"{round(100 * share)}\u00a0%"


def _beliefs(item: QueueItem, names: Mapping[int, str]) -> dict[int, float]:
    known = {int(pk): float(p) for pk, p in item.beliefs.items()}
    return {pk: round(known[pk], 4) for pk in names if pk in known}
