"""The labels that a reviewer should look at again, as they stand now.

What a worker found (`suspecting`) holds until somebody answers the image or says that its label is
right; disagreements between people come along. Nothing here loads what learns.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from labeler.evaluation import studies
from labeler.evaluation.models import Study, SuspectVerdict
from labeler.labeling import consensus, disputes
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects.models import Label, Project, User

KIND = "suspects"
AGAIN = 1.2  # looked anew when there are so many times the answers
FIRST = 100  # answers from which it is looked without being asked
WHY = ("label", "outlier", "alone", "disputed")
MOST_DISPUTES = 200
AT_ONCE = 500


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong, and what speaks against it."""

    image: int
    why: tuple[str, ...]  # of WHY
    said: tuple[int, ...]  # label ids people gave; of a disputed image all that anybody gave
    rather: tuple[int, ...] | None = None  # what the model would say
    proba: tuple[tuple[int, float], ...] = ()  # (label id, probability), likeliest first
    near: tuple[tuple[int, float, tuple[int, ...]], ...] = ()  # (image, similarity, labels)
    sides: tuple[tuple[tuple[int, ...], int], ...] = ()  # (labels, people) where people disagree


@dataclass(frozen=True)
class Suspects:
    """All that are left, the worst first, and the study they come from."""

    study: Study | None
    each: tuple[Suspect, ...] = ()
    mended: int = 0  # of those found, answered anew or confirmed since
    names: dict[int, Label] = field(default_factory=dict)

    def chosen(self, why: str = "", label: int = 0) -> tuple[Suspect, ...]:
        """Those with this reason and this label, given or believed."""
        return tuple(
            one for one in self.each
            if (not why or why in one.why)
            and (not label or label in one.said or label in (one.rather or ()))
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """How many are left for each reason."""
        return {why: sum(why in one.why for one in self.each) for why in WHY}


def left(project: Project) -> Suspects:
    """What is left to look at. A few queries, however many there are."""
    study = studies.newest(project, KIND)
    names = {label.pk: label for label in project.labels.order_by("position", "place")}
    found = study.facts.get("suspects", []) if study else []
    open_ones = _still(project, found, names)
    disputed = _disputed(project)
    merged = [_also_disputed(one, disputed.pop(one.image, None)) for one in open_ones]
    every = (*disputed.values(), *merged)
    return Suspects(study, every, len(found) - len(open_ones), names)


def confirm(project: Project, user: User, images: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Their labels are right as they are: not suspected again while they stay. What was said.

    Images that have no label, or on which people disagree, are left out.
    """
    by_image = {one.image: one.said for one in left(project).each if not one.sides}
    sure = {pk: by_image[pk] for pk in images if pk in by_image}
    with transaction.atomic():
        for image, said in sure.items():
            SuspectVerdict.objects.update_or_create(
                image_id=image,
                defaults={"project": project, "user": user, "said": list(said)},
            )
    return sure


def doubt(project: Project, images: Iterable[int]) -> int:
    """Take back that labels were confirmed; how many."""
    return SuspectVerdict.objects.filter(project=project, image__in=list(images)).delete()[0]


def consider(project: Project) -> None:
    """Look again if there are enough more answers than last time. Called after every round."""
    last = studies.newest(project, KIND)
    before = last.facts.get("labeled", 0) if last else 0
    if consensus.answered_count(project) >= max(FIRST, AGAIN * before):
        studies.ask(project, None, KIND)  # joins the one under way


# Which still stand ------------------------------------------------------------------------


def _still(
    project: Project, found: Sequence[dict[str, Any]], names: dict[int, Label]
) -> list[Suspect]:
    """Those that nobody has answered since or called right, with labels that are in use."""
    images = [each["image"] for each in found]
    votes = _votes(project, images)
    right = {
        image: sorted(said)
        for image, said in SuspectVerdict.objects.filter(project=project).values_list(
            "image", "said"
        )
    }
    used = {pk for pk, label in names.items() if not label.retired}
    return [
        _suspect(each) for each in found
        if votes.get(each["image"], []) == each["votes"]
        and right.get(each["image"]) != sorted(each["said"])
        and used.issuperset([*each["said"], *(each["rather"] or ())])
    ]  # fmt: skip


def _suspect(facts: dict[str, Any]) -> Suspect:
    rather = facts["rather"]
    return Suspect(
        image=facts["image"],
        why=tuple(facts["why"]),
        said=tuple(facts["said"]),
        rather=None if rather is None else tuple(rather),
        proba=tuple((pk, p) for pk, p in facts["proba"]),
        near=tuple((image, value, tuple(said)) for image, value, said in facts["near"]),
    )


def _votes(project: Project, images: Sequence[int]) -> dict[int, list[int]]:
    """The answers that stand on images that may still be looked at: none of the audit sample."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(images), AT_ONCE):
        standing = Annotation.objects.filter(
            project=project, image__in=images[start : start + AT_ONCE], image__audit=False,
            current=True, kind=Annotation.Kind.LABELS, gold=False,
        ).exclude(image__split=Image.Split.TEST)  # fmt: skip
        for image, pk in standing.order_by("pk").values_list("image", "pk"):
            found.setdefault(image, []).append(pk)
    return found


def _disputed(project: Project) -> dict[int, Suspect]:
    """Images on which people disagree, the oldest disagreement first; no audit images."""
    waiting = disputes.waiting(project).filter(image__audit=False).select_related("image")
    return {case.dispute.image_id: _of_case(case) for case in disputes.cases(
        list(waiting.exclude(image__split=Image.Split.TEST)[:MOST_DISPUTES])
    )}  # fmt: skip


def _of_case(case: disputes.Case) -> Suspect:
    said = tuple(dict.fromkeys(pk for side in case.sides for pk in side.labels))
    sides = tuple((side.labels, len(side.people)) for side in case.sides)
    return Suspect(case.dispute.image_id, ("disputed",), said, sides=sides)


def _also_disputed(one: Suspect, other: Suspect | None) -> Suspect:
    if other is None:
        return one
    return Suspect(
        one.image, (*one.why, "disputed"), other.said, one.rather, one.proba, one.near, other.sides
    )
