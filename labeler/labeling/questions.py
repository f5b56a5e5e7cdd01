"""A queue item as a question: what the API and the label page are told about it."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from labeler.labeling.models import QueueItem
from labeler.labeling.refill import AUDIT, RANDOM
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User

SIZES = ("thumb", "screen", "original")
HIDDEN = "hide_suggestions"  # in User.settings
BLIND = (
    "Drawn at random to measure the model. What the model thinks is hidden, so that your answer "
    "is your own."
)
WORDS = {
    RANDOM: "Asked in random order: no model has ranked the images yet.",
    "clusters": "It stands for a group of images that look alike.",
}
UNSURE = "The model is unsure about this image."


def names_of(project: Project) -> dict[int, str]:
    """The names of the labels that can be given, by id, in their order."""
    labels = Label.objects.filter(project=project, retired=False).order_by("place")
    return dict(labels.values_list("pk", "name"))


def suggestions_shown(project: Project, user: User) -> bool:
    """Whether the model's beliefs are shown: the project and the person both want them."""
    return project.show_suggestions and not user.settings.get(HIDDEN, False)


def as_dict(item: QueueItem, names: Mapping[int, str], *, shown: bool = True) -> dict[str, Any]:
    """The item as JSON. The suggestion is left out on audit images and where not `shown`."""
    beliefs = _beliefs(item, names) if shown and not item.audit else {}
    question: dict[str, Any] = {
        "item": item.pk,
        "image": item.image_id,
        "name": item.image.name,
        "urls": urls(item.image),
        "width": item.image.width,
        "height": item.image.height,
        "why": {
            "strategy": item.strategy,
            "score": item.score,
            "rank": None if item.audit else item.rank,
            "model_version": item.version,
            "audit": item.audit,
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
            "beliefs": {str(pk): p for pk, p in beliefs.items()},
        }
    return question


def urls(image: Image) -> dict[str, str]:
    """Where the image's three sizes are."""
    return {size: reverse("image_file", args=[image.pk, size]) for size in SIZES}


def words(item: QueueItem, beliefs: Mapping[int, float], names: Mapping[int, str]) -> str:
    """Why the image is asked, in a sentence."""
    if item.audit or item.strategy == AUDIT:
        return BLIND
    if not beliefs:
        return WORDS.get(item.strategy, UNSURE if item.version else "")
    if item.strategy == RANDOM:
        return "Asked in random order, as this project wishes."
    if item.project.is_multi:
        return _least_sure(beliefs, names)
    best, second = [*sorted(beliefs, key=lambda pk: -beliefs[pk]), None][:2]
    if best is not None and second is not None and item.strategy == "margin":
        gap = round(100 * (beliefs[best] - beliefs[second]))
        return _apart(names[best], names[second], gap)
    if best is None:
        return UNSURE
    return f"The model is unsure: its best guess, {names[best]}, gets {_percent(beliefs[best])}."


def _apart(best: str, second: str, gap: int) -> str:
    if gap > 20:
        return f"Of what is left, {best} and {second} are closest: {gap} points apart."
    points = f"{gap} points" if gap > 1 else "1 point" if gap else "less than a point"
    return f"The model cannot choose between {best} and {second}: they are {points} apart."


def _least_sure(beliefs: Mapping[int, float], names: Mapping[int, str]) -> str:
    pk = min(beliefs, key=lambda pk: abs(beliefs[pk] - 0.5))
    return f"The model is least sure about {names[pk]}: {_percent(beliefs[pk])}."


def _percent(share: float) -> str:
    return f"{round(100 * share)}\u00a0%"


def _beliefs(item: QueueItem, names: Mapping[int, str]) -> dict[int, float]:
    known = {int(pk): float(p) for pk, p in item.beliefs.items()}
    return {pk: round(known[pk], 4) for pk in names if pk in known}
