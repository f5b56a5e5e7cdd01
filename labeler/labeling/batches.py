"""A page of the grid as a whole: confirmed at once, undone at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from labeler.labeling import annotations, grid
from labeler.labeling.history import Outcome
from labeler.labeling.models import Annotation
from labeler.projects.models import Project, User

RECENT = 1_000  # of the person's newest rows, looked through for batches
MOST_LAST = 10


@dataclass(frozen=True)
class Confirmed:
    """What became of a page: one outcome per answer, and how many images went back."""

    outcomes: list[Outcome]
    taken_out: int

    @property
    def stored(self) -> int:
        return sum(outcome.stored for outcome in self.outcomes)

    @property
    def refusal(self) -> Outcome | None:
        """What to tell, where nothing could be stored and a person can do something about it."""
        if self.stored:
            return None
        return next((o for o in self.outcomes if o.code != "claim_lost"), None)


def confirm(
    *,
    project: Project,
    user: User,
    batch: UUID,
    answers: Sequence[Mapping[str, Any]],
    taken_out: Iterable[int] = (),
) -> Confirmed:
    """Store the answers of one page and give back what was taken out.

    Each answer stands for itself, as in `annotations.record`, and carries the batch's UUID. The
    same page sent again changes nothing.
    """
    sent = [{**answer, "batch": str(batch)} for answer in answers]
    outcomes = annotations.record(project=project, user=user, answers=sent)
    return Confirmed(outcomes, grid.take_out(project=project, user=user, item_ids=taken_out))


def last(project: Project, user: User) -> list[dict[str, Any]]:
    """The user's last pages that still stand, newest first: [{batch, label, answers}].

    `label` is what the grid showed; `answers` how many of them are current.
    """
    rows = Annotation.objects.filter(project=project, user=user).order_by("-pk")[:RECENT]
    found: dict[UUID, dict[str, Any]] = {}
    for batch, current, label in rows.values_list("batch", "current", "item__predicted"):
        if batch is None or not current:
            continue
        page = found.setdefault(batch, {"batch": str(batch), "label": label, "answers": 0})
        page["answers"] += 1
    return list(found.values())[:MOST_LAST]
