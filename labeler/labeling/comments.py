"""What people remark about an image.

Comments are added and resolved, never changed. Others' comments on an image are shown to a
person once she has answered it or takes part in the talk: her first answer stays her own.
"""

import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from labeler.labeling import mentions
from labeler.labeling.answers import Refused, read_uuid
from labeler.labeling.models import Annotation, Comment, Mention
from labeler.pools.models import Image
from labeler.projects.models import Project, User

LONGEST = 2_000
MOST_ON_IMAGE = 200  # the newest, shown with one image
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def add(
    *, project: Project, user: User, image_id: int, uuid: UUID | str, text: str
) -> tuple[Comment, bool]:
    """Store a comment and tell whom it names; (comment, whether it is new).

    The same comment sent twice is one row. Raises Refused: no text, too long, no such image,
    a UUID that belongs to another comment.
    """
    words, fresh = clean(text), read_uuid(uuid)
    image = _image(project, image_id)
    with transaction.atomic():
        comment, made = Comment.objects.get_or_create(
            uuid=fresh, defaults={"project": project, "image": image, "user": user, "text": words}
        )
        if made:
            mentions.store(comment, mentions.of_text(project, words, user))
    if (comment.image_id, comment.user_id, comment.text) != (image.pk, user.pk, words):
        detail = _("This uuid belongs to another comment; make a fresh one.")
        raise Refused("conflict", detail, 409)
    return comment, made


def clean(text: object) -> str:
    """The text as it is stored: plain line ends, no unseen characters. Raises Refused."""
    if not isinstance(text, str):
        raise Refused("bad_text", _("text is what you want to say, as a string."))
    words = UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not words:
        raise Refused("no_text", _("Write a few words first."))
    if len(words) > LONGEST:
        detail = _("Shorten this to %(most)s characters; it has %(length)s.")
        raise Refused("too_long", detail % {"most": f"{LONGEST:,}", "length": f"{len(words):,}"})
    return words


def _image(project: Project, pk: int) -> Image:
    image = Image.objects.filter(pk=pk, project=project).first() if 0 < pk < 2**63 else None
    if image is None:
        raise Refused("unknown_image", _("This project has no such image."), 404)
    return image


def of_project(project: Project) -> "QuerySet[Comment]":
    """All comments of the project, newest first."""
    found = Comment.objects.filter(project=project).select_related("user", "image", "resolved_by")
    return found.order_by("-pk")


def open_count(project: Project) -> int:
    """How many comments nobody has resolved."""
    return Comment.objects.filter(project=project, resolved_at=None).count()


def visible(user: User, *, may_review: bool) -> Q:
    """Which comments the person may read: reviewers all, others those on their own images."""
    if may_review:
        return Q()
    same_image = {"image": OuterRef("image")}
    wrote = Comment.objects.filter(user=user, **same_image)
    named = Mention.objects.filter(user=user, comment__image=OuterRef("image"))
    answered = Annotation.objects.filter(user=user, current=True, **same_image)
    return Q(Exists(wrote)) | Q(Exists(named)) | Q(Exists(answered))


def on_image(image: Image, user: User, *, may_review: bool = False) -> tuple[list[Comment], int]:
    """(the comments of the image that the person may read, oldest first; how many are hidden)"""
    every = Comment.objects.filter(image=image)
    shown = every.filter(visible(user, may_review=may_review)).select_related("user", "resolved_by")
    newest = list(shown.order_by("-pk")[:MOST_ON_IMAGE])
    return newest[::-1], 0 if newest else every.count()


def resolve(
    *, project: Project, user: User, uuid: UUID | str, done: bool = True, may_review: bool = False
) -> Comment:
    """Close the comment, or open it again: its writer and reviewers may. Raises Refused."""
    found = of_project(project).filter(uuid=read_uuid(uuid)).first()
    if found is None or not _may_read(found, user, may_review):
        raise Refused("unknown_comment", _("This project has no such comment."), 404)
    if found.user_id != user.pk and not may_review:
        raise Refused("not_yours", _("Its writer or a reviewer can do that."), 403)
    if done != (found.resolved_at is not None):
        rows = Comment.objects.filter(pk=found.pk)
        if done:
            rows.update(resolved_by=user, resolved_at=Now())
        else:
            rows.update(resolved_by=None, resolved_at=None)
    return of_project(project).get(pk=found.pk)


def _may_read(comment: Comment, user: User, may_review: bool) -> bool:
    read = visible(user, may_review=may_review)
    return Comment.objects.filter(read, pk=comment.pk).exists()


def as_dict(comment: Comment) -> dict[str, Any]:
    """A comment as JSON."""
    return {
        "uuid": str(comment.uuid),
        "image": comment.image_id,
        "user": comment.user.username,
        "text": comment.text,
        "created_at": comment.created_at.isoformat(timespec="seconds"),
        "resolved_at": comment.resolved_at and comment.resolved_at.isoformat(timespec="seconds"),
        "resolved_by": comment.resolved_by and comment.resolved_by.username,
    }
