"""A reviewer settles an image."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import disputes, states
from labeler.labeling.answers import LabelSet, Refused, read
from labeler.labeling.history import Outcome, locked, seen, settled_and_told, store
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Image
from labeler.projects.models import Project, User


def review(
    *,
    project: Project,
    user: User,
    image: Image,
    uuid: UUID | str,
    label_ids: Iterable[int | str] | None = None,
    skip: str = "",
    disputed: bool = False,
) -> Outcome:
    """A reviewer's answer: it supersedes everybody's current answers on the image.

    With `disputed` the answer is refused where people do not disagree (any more): two reviewers
    who look at the same dispute do not overwrite one another.
    """
    labels = None if label_ids is None else list(label_ids)
    sent = {"uuid": uuid, "item": image.pk, "labels": labels, "skip": skip}
    return settled_and_told(project, lambda: _review(project, user, image, sent, disputed))


def _review(
    project: Project, user: User, image: Image, sent: Mapping[str, Any], disputed: bool
) -> Outcome:
    answer = read(sent)
    found = locked(Image.objects.filter(pk=image.pk, project=project)).first()
    if found is None:
        raise Refused("unknown_image", "This project has no such image.", 404)
    if before := seen(project, user, answer.uuid, answer.body()):
        return before
    if disputed and not disputes.is_open(found):
        raise Refused("settled", _("Somebody settled that image first. Here is the next one."), 409)
    chosen = LabelSet(project).find(answer.labels) if answer.labels is not None else []
    standing = Q(gold=False) | Q(user=user)  # other people's answers to gold questions stay
    current = list(Annotation.objects.filter(standing, image=found, current=True))
    current.sort(key=lambda a: a.user_id != user.pk)  # `supersedes` names the reviewer's own
    annotation = store(
        answer, chosen, image=found, user=user, supersedes=current, source=Annotation.Source.REVIEW,
        strategy="review", audit=found.audit, suggestion_shown=True,
    )  # fmt: skip
    QueueItem.objects.filter(image=found, done_at=None, gold=False).update(done_at=Now())
    states.settle(found, [annotation])
    disputes.settle(found, [annotation])
    return Outcome("created", 201, annotation=annotation)
