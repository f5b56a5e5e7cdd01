"""The answers and comments of somebody who left and wants them gone: taken out piece by piece.

A worker does it in small transactions, while others label. An image that nobody else has answered
is open again. What others said stays, also where it replaced an answer that goes; what a review of
theirs had replaced counts again. Models and figures that were made before are not changed.
"""

from typing import Any

from django.db.models import Count, F, QuerySet

from labeler.accounts.models import Leaving
from labeler.labeling import disputes, refill, states
from labeler.labeling.history import locked
from labeler.labeling.models import Annotation, Comment
from labeler.labeling.signals import tell_answered
from labeler.pools.models import Image
from labeler.projects.models import Project, User
from labeler.work import leases

KIND = "leaving"
AT_ONCE = 200  # images in one transaction
Source = Annotation.Source


def count(user: User) -> tuple[int, int]:
    """How many images they answered, and how many comments they wrote."""
    theirs = Annotation.objects.filter(user=user).aggregate(n=Count("image", distinct=True))
    return theirs["n"], Comment.objects.filter(user=user).count()


def run(row: Leaving) -> None:
    """Take them out. Raises LeaseLost; can be broken off and begun again."""
    mine = Annotation.objects.filter(user=row.user_id)
    while (project := mine.values_list("project", flat=True).first()) is not None:
        while _piece(row, project):
            pass
        place = Project.objects.get(pk=project)
        refill.top_up(place)
        tell_answered(project)
    with leases.publishing(row):
        comments = Comment.objects.filter(user=row.user_id)
        number = comments.count()
        comments.delete()
    leases.finish(row, comments=F("comments") + number, error="")


def _piece(row: Leaving, project: int) -> bool:
    """The answers on some images of the project; False where there are none left."""
    with leases.publishing(row):
        theirs = Annotation.objects.filter(user=row.user_id, project=project)
        pks = theirs.order_by("image").values_list("image", flat=True).distinct()[:AT_ONCE]
        images = list(locked(Image.objects.filter(pk__in=list(pks)).order_by("pk")))
        gone = _take_out(theirs.filter(image__in=images))
        _settle(images)
        leases.renew(row, answers=F("answers") + gone, attempts=0)
        return bool(images)


def _take_out(rows: "QuerySet[Annotation]") -> int:
    _bring_back(rows)
    Annotation.objects.filter(supersedes__in=rows.values("pk")).update(supersedes=None)
    number = rows.count()
    rows.delete()
    return number


def _bring_back(rows: "QuerySet[Annotation]") -> None:
    """Answers of others that a review of theirs had replaced, unless they answered again since."""
    for review in rows.filter(source=Source.REVIEW, current=True):
        others = Annotation.objects.filter(pk__in=review.body.get("replaced", []))
        others = others.exclude(user=review.user_id)
        again = Annotation.objects.filter(image=review.image_id, current=True)
        others.exclude(user__in=again.values("user")).update(current=True)


def _settle(images: list[Image]) -> None:
    left: dict[int, list[Annotation]] = {image.pk: [] for image in images}
    rest = Annotation.objects.filter(image__in=images, current=True).prefetch_related("labels")
    for each in rest.order_by("pk"):
        left[each.image_id].append(each)
    states.settle_all(images, left)
    for image in images:
        disputes.settle(image, left[image.pk])


def ask(**news: Any) -> None:
    """Receives projects.signals.answers_unwanted, in the transaction that deletes the account."""
    from labeler.work.messages import nudge

    row, _made = Leaving.objects.get_or_create(user=news["user"])
    nudge(KIND, row.pk)
