"""Spot checks: accepted images asked again now and then, to see whether the promise holds.

A spot check is drawn uniformly from the images that count as accepted. It is blind and reads
like an audit question. Its answer is an ordinary label: the person's word takes the model's
place. What the model had said is kept, so that the two can be compared.
"""

import random
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, Min, OuterRef, QuerySet

from labeler.labeling import accepted
from labeler.labeling.models import Acceptance, Annotation, ModelAnnotation, QueueItem
from labeler.labeling.refill import SPOT_CHECK
from labeler.projects import merged
from labeler.projects.models import Project, User

CHANCE = random.SystemRandom()
TRIES = 40  # draws for one image; most succeed while most accepted images stand
ENOUGH = 100  # checks of an acceptance that are asked even when nothing else is left


@dataclass(frozen=True)
class Checks:
    """What people said about images of one acceptance that were drawn at random."""

    checked: int = 0
    wrong: int = 0
    skipped: int = 0


def due_for(project: Project, user: User, count: int) -> list[QueueItem]:
    """Spot checks for a claim of `count` images: by lot, at the project's spot check share."""
    if not project.has_accepted or project.spot_check_share <= 0 or count <= 0:
        return []
    by_lot = sum(CHANCE.random() < project.spot_check_share for _ in range(count))
    return _items(project, user, by_lot, _standing(project)) if by_lot else []


def left_for(project: Project, user: User, count: int) -> list[QueueItem]:
    """Spot checks where nothing else is left to ask, until each acceptance has had enough."""
    if not project.has_accepted or project.spot_check_share <= 0 or count <= 0:
        return []
    few = [each for each in _standing(project) if of(each).checked < ENOUGH]
    return _items(project, user, count, few)


def _standing(project: Project) -> list[Acceptance]:
    rows = Acceptance.objects.filter(project=project, revoked_at=None, images__gt=0)
    return list(rows.order_by("pk"))


def _items(project: Project, user: User, count: int, some: list[Acceptance]) -> list[QueueItem]:
    ranges = [(each, *_range(each)) for each in some]
    ranges = [found for found in ranges if found[1] is not None]
    if not ranges:
        return []
    drawn: dict[int, ModelAnnotation] = {}
    for _ in range(count * TRIES):
        row = _drawn(user, ranges)
        if row is not None:
            drawn[row.image_id] = row
        if len(drawn) >= count:
            break
    return [_item_for(project, row) for row in drawn.values()]


def _range(acceptance: Acceptance) -> tuple[int | None, int | None]:
    ends = acceptance.annotations.aggregate(first=Min("pk"), last=Max("pk"))
    return ends["first"], ends["last"]


def _drawn(
    user: User, ranges: "list[tuple[Acceptance, int | None, int | None]]"
) -> ModelAnnotation | None:
    """One accepted image, every one as likely as the other; None where the draw hits a gap.

    A number is drawn and thrown away unless an image stands there: taking the next one instead
    would favour those behind a gap. No row is sorted, whatever the number of images.
    """
    sizes = [last - first + 1 for _, first, last in ranges if first and last]
    chosen, first, last = CHANCE.choices(ranges, weights=sizes)[0]
    assert first is not None
    assert last is not None
    rows = ModelAnnotation.objects.filter(
        pk=CHANCE.randint(first, last), acceptance=chosen, image__state=accepted.ACCEPTED
    )
    asked = QueueItem.objects.filter(image=OuterRef("image"), done_at=None)
    met = Annotation.objects.filter(image=OuterRef("image"), user=user)
    return rows.filter(~Exists(asked), ~Exists(met)).select_related("image").first()


def _item_for(project: Project, row: ModelAnnotation) -> QueueItem:
    item, _made = QueueItem.objects.get_or_create(
        image=row.image, slot=0, done_at=None,
        defaults={"project": project, "rank": 0, "strategy": SPOT_CHECK},
    )  # fmt: skip
    item.image = row.image
    return item


# Measuring -------------------------------------------------------------------------------


def of(acceptance: Acceptance) -> Checks:
    """How the acceptance's spot checks came out; current answers alone count."""
    said = Annotation.objects.filter(
        project=acceptance.project_id, strategy=SPOT_CHECK, current=True,
        image__accepted__acceptance=acceptance,
    )  # fmt: skip
    kinds = dict(said.order_by().values_list("kind").annotate(n=Count("pk")))
    wrong = _wrong(acceptance, said.filter(kind=Annotation.Kind.LABELS))
    skipped = kinds.get(Annotation.Kind.SKIP, 0)
    return Checks(kinds.get(Annotation.Kind.LABELS, 0), wrong, skipped)


def _wrong(acceptance: Acceptance, said: "QuerySet[Annotation]") -> int:
    pairs = merged.now(acceptance.project_id)
    rows = said.values_list("pk", "labels", "image__accepted__label_ids")
    people: dict[int, set[int]] = {}
    model: dict[int, frozenset[int]] = {}
    for pk, label, given in rows:
        mine = people.setdefault(pk, set())
        if label is not None:
            mine.add(pairs.get(label, label))
        model[pk] = merged.follow(given, pairs)
    return sum(people[pk] != set(model[pk]) for pk in people)
