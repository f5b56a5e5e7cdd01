"""Gold images: their answer is known, and people are asked now and then to check them.

A gold question is an item made for one person. It reads like an audit question: blind, and no
different before or after the answer. Answers to it are kept apart: they train nothing, count in
no consensus, no agreement and no export. Each person is asked about each gold image once.
"""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import consensus
from labeler.labeling.answers import LabelSet, Refused
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, Dispute, Gold, QueueItem
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.models import Project, User

GOLD = "gold"  # the strategy of such items
CHANCE = random.SystemRandom()
FIRST_SLOT, SLOTS = 1_000, 30_000  # above every slot of overlap
MOST_MARKED = 1_000  # images marked by one press


# Asking ----------------------------------------------------------------------------------


def due_for(project: Project, user: User, count: int) -> list[QueueItem]:
    """Gold questions for a claim of `count` images: by lot, at the project's gold share.

    The items are the user's alone; the caller holds them for her. Costs nothing where no share
    of the queue is gold. Call it inside the transaction of the claim.
    """
    if project.gold_share <= 0 or count <= 0:
        return []
    by_lot = sum(CHANCE.random() < project.gold_share for _ in range(count))
    return [_item_for(user, each) for each in _unasked(project, user, by_lot)] if by_lot else []


def is_asked(user: User, item: QueueItem) -> bool:
    """Whether the gold item was made for the user."""
    return item.slot == slot_of(user) and item.claimed_by_id in (None, user.pk)


def slot_of(user: User) -> int:
    """The slot of the user's own gold items: two people can be asked at once."""
    return FIRST_SLOT + user.pk % SLOTS


def _unasked(project: Project, user: User, count: int) -> list[Gold]:
    """Gold images that the user has neither seen nor marked, in random order."""
    met = Annotation.objects.filter(user=user, image=OuterRef("image"))
    rows = Gold.objects.filter(~Exists(met), project=project, image__audit=False)
    rows = rows.exclude(created_by=user).select_related("image")
    asked = QueueItem.objects.filter(image=OuterRef("image"), done_at=None)
    asked = asked.filter(Q(gold=False) | Q(claimed_by=user))  # by an ordinary question, or hers
    return list(rows.filter(~Exists(asked)).order_by("?")[:count])


def _item_for(user: User, gold: Gold) -> QueueItem:
    item, _made = QueueItem.objects.get_or_create(
        image=gold.image, slot=slot_of(user), done_at=None,
        defaults={"project_id": gold.project_id, "rank": 0, "strategy": GOLD, "gold": True},
    )  # fmt: skip
    item.image = gold.image
    return item


# Marking ---------------------------------------------------------------------------------


@transaction.atomic
def mark(
    *, project: Project, user: User, image: Image, label_ids: Iterable[int | str] | None = None
) -> Gold:
    """Mark the image as gold with these labels, or with what people agreed on.

    Marking again replaces the labels. Raises Refused: an audit image, no agreed answer, or labels
    that an answer could not have either.
    """
    found = locked(Image.objects.filter(pk=image.pk, project=project)).first()
    if found is None:
        raise Refused("unknown_image", _("This project has no such image."), 404)
    if found.audit:
        raise Refused(
            "audit_image",
            _("%(name)s is in the audit sample, which measures the model. Choose another image.")
            % {"name": found.name},
        )
    if label_ids is None:
        label_ids = consensus.agreed_on(project, found)
    if label_ids is None:
        raise Refused(
            "not_agreed",
            _("%(name)s has no answer that people agree on. Label or review it first.")
            % {"name": found.name},
        )
    labels = LabelSet(project).find(tuple(label_ids))
    gold, _made = Gold.objects.get_or_create(
        image=found, defaults={"project": project, "created_by": user}
    )
    gold.labels.set(merged.hold([label.pk for label in labels]).values())
    return gold


@transaction.atomic
def unmark(*, project: Project, image_ids: Iterable[int]) -> int:
    """Make gold images ordinary ones again; how many. What people answered is kept."""
    wanted = list(image_ids)[:MOST_MARKED]
    QueueItem.objects.filter(project=project, gold=True, done_at=None, image__in=wanted).update(
        done_at=Now()
    )
    rows = Gold.objects.filter(project=project, image__in=wanted)
    return rows.delete()[1].get("labeling.Gold", 0)


def candidates(project: Project) -> "QuerySet[Image]":
    """Images that can be marked: labeled by people who agree, outside the audit, not gold yet."""
    given = Annotation.objects.filter(
        image=OuterRef("pk"), current=True, kind=Annotation.Kind.LABELS, gold=False
    )
    people = given.exclude(source__in=[Annotation.Source.IMPORT, Annotation.Source.SIMULATED])
    images = Image.objects.filter(project=project, state=Image.State.LABELED, audit=False)
    disputed = Dispute.objects.filter(image=OuterRef("pk"), closed_at=None)
    return images.filter(Exists(people), ~Exists(disputed), gold=None)


# Checking --------------------------------------------------------------------------------


@dataclass
class Checked:
    """How often somebody, or an image, was given the known answer."""

    right: int = 0
    answered: int = 0
    skipped: int = 0
    wrong: list[tuple[int, ...]] = field(default_factory=list)  # label ids given instead

    def add(self, row: "Given", known: frozenset[int]) -> None:
        """Count one answer; a skip is neither right nor wrong."""
        if row.skip:
            self.skipped += 1
            return
        self.answered += 1
        self.right += row.labels == known
        if row.labels != known:
            self.wrong.append(tuple(sorted(row.labels)))


@dataclass(frozen=True)
class Given:
    """One answer to a gold question."""

    user: int
    image: int
    skip: str
    labels: frozenset[int]


def by_person(project: Project, user: User | None = None) -> dict[int, Checked]:
    """{user id: Checked} of everybody who was asked, or of `user` alone."""
    return _counted(project, Q(user=user) if user else Q(), "user")


def by_image(project: Project, images: Iterable[int]) -> dict[int, Checked]:
    """{image id: Checked} of these gold images."""
    return _counted(project, Q(image__in=list(images)), "image")


def of_person(project: Project, user: User) -> Checked:
    """How the person did on gold images so far."""
    return by_person(project, user).get(user.pk, Checked())


def _counted(project: Project, which: Q, by: str) -> dict[int, Checked]:
    given = _given(project, which)
    known = _known(project, {row.image for row in given})
    found: dict[int, Checked] = {}
    for row in given:
        found.setdefault(getattr(row, by), Checked()).add(row, known[row.image])
    return found


def _given(project: Project, which: Q) -> list[Given]:
    """Gold answers that their giver has not taken back or changed, on images still gold."""
    own_later = Annotation.objects.filter(supersedes=OuterRef("pk"), user=OuterRef("user"))
    rows = Annotation.objects.filter(
        which, project=project, gold=True, image__gold__isnull=False
    ).exclude(kind=Annotation.Kind.UNDO)
    rows = rows.filter(~Exists(own_later)).order_by("pk")
    pairs, given = merged.now(project.pk), rows.only("user_id", "image_id", "skip", "body")
    said = [merged.follow(row.body.get("label_ids", []), pairs) for row in given]
    return [
        Given(row.user_id, row.image_id, row.skip, labels)
        for row, labels in zip(given, said, strict=True)
    ]


def _known(project: Project, images: Iterable[int]) -> Mapping[int, frozenset[int]]:
    through = Gold.labels.through
    pairs = through.objects.filter(gold__project=project).values_list("gold__image", "label")
    known: dict[int, set[int]] = {image: set() for image in images}
    for image, label in pairs:
        if image in known:
            known[image].add(label)
    return {image: frozenset(labels) for image, labels in known.items()}
