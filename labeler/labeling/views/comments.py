"""Comments: their list, the ones that name me, what the label page's drawer shows."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.labeling import comments, mentions
from labeler.labeling.answers import Refused
from labeler.labeling.asked import number, numbers
from labeler.labeling.models import Comment
from labeler.pools.models import Image
from labeler.projects.access import may, project_for
from labeler.projects.models import Project, User

PAGE = 40
SHOWS = ("open", "resolved", "all")


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The project's comments, newest first: `?show=open|resolved|all&mine=1&before=id`."""
    project = project_for(request.user, pk, "label")
    user, reviews = cast(User, request.user), may(request.user, project, "review")
    show = request.GET.get("show", "open")
    show = show if show in SHOWS else "open"
    rows = comments.of_project(project).filter(comments.visible(user, may_review=reviews))
    if show != "all":
        rows = rows.filter(resolved_at__isnull=show == "open")
    mine = request.GET.get("mine") == "1"
    if mine:
        rows = rows.filter(mentions__user=user)
    before = number(request.GET.get("before"))
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    context = {
        "project": project, "tab": "review" if reviews else "dashboard", "comments": found[:PAGE],
        "show": show, "shows": SHOWS, "mine": mine, "reviews": reviews,
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "names": [each.username for each in mentions.members(project)[: mentions.MOST_PEOPLE]],
    }  # fmt: skip
    return render(request, "labeling/comments.html", context)


@login_required
@never_cache
@require_safe
def of_image(request: HttpRequest, pk: int, image: int) -> JsonResponse:
    """What the label page's drawer shows: the comments one may read, and whom one may ask.

    Reviewers, too, see others' comments on an image that they have not answered only in Review.
    """
    project = project_for(request.user, pk, "label")
    user = cast(User, request.user)
    found = get_object_or_404(Image, pk=image, project=project)
    shown, hidden = comments.on_image(found, user)
    reply = {
        "comments": [comments.as_dict(each) for each in shown],
        "hidden": hidden,
        "people": mentions.suggested(project, user),
    }
    return JsonResponse(reply)


@login_required
@require_POST
def add(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """Add a comment from the image's page; `resolve` holds the comment that it settles."""
    project = project_for(request.user, pk, "label")
    user = cast(User, request.user)
    sent = {"uuid": request.POST.get("uuid", ""), "text": request.POST.get("text", "")}
    try:
        comments.add(project=project, user=user, image_id=image, **sent)
        if "resolve" in request.POST:
            _resolve_all(request, project, image)
    except Refused as refused:
        messages.error(request, refused.detail)
        request.session["comment_kept"] = [image, sent["text"][: 2 * comments.LONGEST]]
    else:
        request.session.pop("comment_kept", None)
    return redirect("image_page", pk, image)


def _resolve_all(request: HttpRequest, project: Project, image: int) -> None:
    """Close every open comment of the image that the person may close."""
    user, reviews = cast(User, request.user), may(request.user, project, "review")
    for each in Comment.objects.filter(project=project, image=image, resolved_at=None):
        if reviews or each.user_id == user.pk:
            comments.resolve(project=project, user=user, uuid=each.uuid, may_review=reviews)


@login_required
@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a comment, or open it again."""
    project = project_for(request.user, pk, "label")
    user, reviews = cast(User, request.user), may(request.user, project, "review")
    done = request.POST.get("resolved", "1") == "1"
    uuid = request.POST.get("uuid", "")
    try:
        found = comments.resolve(
            project=project, user=user, uuid=uuid, done=done, may_review=reviews
        )
    except Refused as refused:
        return render_refused(request, refused, pk)
    messages.success(request, _("Resolved.") if done else _("Open again."))
    if request.POST.get("back") == "image":
        return redirect("image_page", pk, found.image_id)
    return redirect("comments", pk)


def render_refused(request: HttpRequest, refused: Refused, pk: int) -> HttpResponse:
    """Say on the comments page what was wrong."""
    messages.error(request, refused.detail)
    return redirect("comments", pk)


@login_required
@never_cache
@require_safe
def named(request: HttpRequest) -> HttpResponse:
    """The comments that name me, in all my projects. What is new is seen by a POST."""
    user = cast(User, request.user)
    rows = mentions.of_user(user).select_related(
        "comment__user", "comment__image", "comment__project", "comment__resolved_by"
    )
    before = number(request.GET.get("before"))
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    context: dict[str, Any] = {
        "mentions": found[:PAGE],
        "fresh": [each.pk for each in found[:PAGE] if each.seen_at is None],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "names": [user.username],
    }
    return render(request, "labeling/mentions.html", context)


@login_required
@require_POST
def see(request: HttpRequest) -> HttpResponse:
    """These mentions (`mention`), or all of mine, are seen now."""
    user = cast(User, request.user)
    listed = request.POST.getlist("mention")
    mentions.see(user, numbers(listed, 2 * PAGE) if listed else None)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"unread": mentions.unread(user)})
    return redirect("mentions")
