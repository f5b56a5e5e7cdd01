"""One image: the picture, the talk about it, and, for reviewers, its answers and what to do."""

from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.labeling import accepted, annotations, comments, mentions, skips
from labeler.labeling.asked import number, numbers
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from labeler.projects import merged
from labeler.projects.access import may, project_for
from labeler.projects.models import Label, Project, User

MOST_LABELS = 5_000


@login_required
@require_safe
def page(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """The image with its comments; reviewers also see who answered what, and can mend it."""
    project = project_for(request.user, pk, "label")
    user, reviews = cast(User, request.user), may(request.user, project, "review")
    found = get_object_or_404(Image.objects.select_related("gold"), pk=image, project=project)
    shown, hidden = comments.on_image(found, user, may_review=reviews)
    answers = _answers(found, user, reviews)
    context: dict[str, Any] = {
        "project": project, "tab": "review" if reviews else "dashboard",
        "image": found, "comments": shown, "hidden": hidden, "reviews": reviews,
        "answers": answers, "mine": next((a for a in answers if a.user_id == user.pk), None),
        "names": [each.username for each in mentions.members(project)[: mentions.MOST_PEOPLE]],
        "people": mentions.suggested(project, user), "longest": comments.LONGEST,
        "fresh": uuid4(), "draft": _draft(request, found, shown, user),
        "open": sum(each.resolved_at is None for each in shown),
    }  # fmt: skip
    if reviews:
        given = {la.pk for a in answers for la in a.labels.all()} if len(answers) == 1 else set()
        context["labels"] = list(project.labels.filter(retired=False).order_by("position", "place"))
        context["given"] = given
        context["accepted"] = _accepted(found)
        context["can_show"] = not found.audit and not hasattr(found, "gold")
    return render(request, "labeling/image.html", context)


def _answers(image: Image, user: User, reviews: bool) -> list[Annotation]:
    """The answers that stand; annotators see their own only."""
    rows = Annotation.objects.filter(image=image, current=True)
    rows = rows if reviews else rows.filter(user=user)
    return list(rows.select_related("user").prefetch_related("labels").order_by("pk")[:100])


def _accepted(image: Image) -> dict[str, Any] | None:
    """The model's label that was accepted here, while nobody has answered."""
    row = accepted.of_images([image.pk]).get(image.pk)
    if row is None:
        return None
    pairs = merged.now(image.project_id)
    labels = Label.objects.filter(pk__in=merged.follow(row.label_ids, pairs))
    return {"row": row, "labels": list(labels.order_by("position", "place"))}


def _draft(request: HttpRequest, image: Image, shown: list[Any], user: User) -> str:
    """What the person wrote and was refused, or a reply that names the last other writer."""
    kept = request.session.get("comment_kept")
    if kept and kept[0] == image.pk:
        return str(kept[1])
    others = [each.user for each in shown if each.user_id != user.pk and not each.resolved_at]
    return f"@{others[-1].username} " if others else ""


@login_required
@require_POST
def answer(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """A reviewer's answer on the image: `label` (one or more), `none`, `skip`, or ask `again`."""
    project = project_for(request.user, pk, "review")
    found = get_object_or_404(Image, pk=image, project=project)
    user = cast(User, request.user)
    if "again" in request.POST:
        done = skips.ask_again(project=project, user=user, image_ids=[found.pk])
        words = _("It is asked again.") if done else _("Nobody's skip stands on it.")
        messages.info(request, words)
    else:
        _review(request, project, user, found)
    return redirect("image_page", pk, image)


def _review(request: HttpRequest, project: Project, user: User, image: Image) -> None:
    labels = numbers(request.POST.getlist("label"), MOST_LABELS)
    skip = request.POST.get("skip", "")
    outcome = annotations.review(
        project=project, user=user, image=image, uuid=request.POST.get("uuid", ""),
        label_ids=None if skip else labels, skip=skip,
    )  # fmt: skip
    if outcome.stored:
        messages.success(request, _("Saved. Your answer stands for everybody's."))
    else:
        messages.error(request, outcome.detail)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """Take back one's own answer on the image."""
    project = project_for(request.user, pk, "review")
    found = get_object_or_404(Image, pk=image, project=project)
    user = cast(User, request.user)
    mine = Annotation.objects.filter(
        image=found, user=user, current=True, pk=number(request.POST.get("answer")) or 0
    ).first()
    if mine:
        outcome = annotations.undo(project=project, user=user, uuid=mine.uuid)
        messages.info(request, outcome.detail or _("Taken back."))
    return redirect("image_page", pk, image)
