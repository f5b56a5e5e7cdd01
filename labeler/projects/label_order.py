"""In which order people see the labels. Colour, shape and key do not depend on it."""

from bisect import bisect_left
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from labeler.projects import label_history
from labeler.projects.labels import LabelsRefused
from labeler.projects.models import Label, LabelEvent, Project, User


@transaction.atomic
def reorder(project: Project, label_ids: Sequence[int], *, user: User | None = None) -> int:
    """Show the labels in this order; how many were moved.

    Labels that are not named follow behind, in the order they had. Raises LabelsRefused: a label
    of another project, or one that is named twice.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    there = {label.pk: label for label in _shown(project)}
    _check(label_ids, there)
    before = list(there)
    after = [*label_ids, *(pk for pk in before if pk not in set(label_ids))]
    _store([there[pk] for pk in after])
    places = {pk: (before.index(pk), place) for place, pk in enumerate(after)}
    moved = [pk for pk in _moved(before, after) if len(set(places[pk])) > 1]
    for pk in moved:
        label_history.note(
            there[pk], LabelEvent.Kind.MOVED, user, name=there[pk].name,
            **{"from": places[pk][0] + 1, "to": places[pk][1] + 1},
        )  # fmt: skip
    return len(moved)


def place_behind(project: Project, label: int, others: Sequence[int]) -> None:
    """Show the other labels right behind the label; nothing is written down."""
    there = _shown(project)
    moving = [each for pk in others for each in there if each.pk == pk]
    rest = [each for each in there if each.pk not in set(others)]
    at = next((i for i, each in enumerate(rest) if each.pk == label), len(rest) - 1) + 1
    _store([*rest[:at], *moving, *rest[at:]])


def _store(labels: Sequence[Label]) -> None:
    changed = []
    for position, label in enumerate(labels):
        if label.position != position:
            label.position = position
            changed.append(label)
    Label.objects.bulk_update(changed, ["position"], batch_size=500)


def _shown(project: Project) -> list[Label]:
    return list(Label.objects.filter(project=project).order_by("position", "place"))


def _check(label_ids: Sequence[int], there: dict[int, Label]) -> None:
    seen: set[int] = set()
    problems: list[tuple[int | None, str]] = []
    for at, pk in enumerate(label_ids):
        if pk not in there:
            problems.append((at, _("This label is not in the project.")))
        elif pk in seen:
            words = _("The label %(name)s is there twice.")
            problems.append((at, words % {"name": there[pk].name}))
        seen.add(pk)
    if problems:
        raise LabelsRefused(problems)


def _moved(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """The fewest labels whose moving makes `after` of `before`: all but a longest row that stayed.

    The rest of a longest increasing subsequence, by patience sorting.
    """
    place = {pk: at for at, pk in enumerate(before)}
    ends: list[int] = []  # the least place that ends a row of each length
    length: list[int] = []
    for pk in after:
        at = bisect_left(ends, place[pk])
        ends[at : at + 1] = [place[pk]]
        length.append(at + 1)
    wanted, last, stayed = len(ends), len(before), set()
    for pk, long in zip(reversed(after), reversed(length), strict=True):
        if long == wanted and place[pk] < last:
            stayed.add(pk)
            last, wanted = place[pk], wanted - 1
    return [pk for pk in after if pk not in stayed]
