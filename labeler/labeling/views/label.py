"""The label page. The script answers through the API; the same form works without it."""

import json
from typing import Any, cast
from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from labeler.labeling import annotations, progress, questions, queue, replies
from labeler.labeling.models import Annotation, QueueItem
from labeler.labeling.plain_form import wanted
from labeler.labeling.views import answers
from labeler.projects.access import project_for
from labeler.projects.labels import fingerprint
from labeler.projects.models import Project, User

AHEAD = 12  # images fetched before they are needed
MOST_NAMED = 120  # items in one post: more than a desk or a grid page holds


@login_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the person holds; a POST answers it, or asks for the next image."""
    project = project_for(request.user, pk, "label")
    user = cast(User, request.user)
    if request.method == "POST":
        return _answered(request, project, user)
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    return render(request, "labeling/label.html", _context(request, project, user))


def _context(request: HttpRequest, project: Project, user: User) -> dict[str, Any]:
    shown = answers.context(project, user)
    names = {label.pk: label.name for label in shown["labels"]}
    held = queue.held(project, user)[: 1 + AHEAD]
    asked = [_asked(item, project, user, names) for item in held]
    strip = replies.strip(project, user)
    wanted = request.GET.get("change", "")
    change = next((a for a in strip if a["uuid"] == wanted), None)
    if wanted and change is None and (change := replies.answered(project, user, wanted)):
        strip.append(change)
    question = change["question"] if change else (asked[0] if asked else None)
    now = progress.as_dict(project)
    return {
        **shown,
        "tab": "label",
        "question": question,
        "change": change,
        "strip": strip,
        "progress": now,
        "today": _today(project, user),
        "shown": not user.settings.get(questions.HIDDEN, False),
        "blind": bool(question and question["why"]["audit"]),
        "empty": "" if asked else replies.why_empty(project),
        "fresh": uuid4(),
        "boot": {
            "project": project.pk,
            "user": user.pk,
            "multi": project.is_multi,
            "ahead": AHEAD,
            "ready": asked,
            "strip": [a | {"created_at": a["created_at"].isoformat()} for a in strip],
            "change": change and change["uuid"],
            "progress": now,
            "empty": "" if asked else replies.why_empty(project),
        },
    }


def _asked(item: QueueItem, project: Project, user: User, names: dict[int, str]) -> dict[str, Any]:
    item.project = project
    shown = questions.suggestion_shown(item, project, user)
    thresholds = progress.rounds(project).thresholds
    return questions.as_dict(item, names, shown=shown, thresholds=thresholds)


def _today(project: Project, user: User) -> int:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    answers = Annotation.objects.filter(project=project, user=user, created_at__gte=midnight)
    return answers.exclude(kind=Annotation.Kind.UNDO).filter(current=True).count()


def _answered(request: HttpRequest, project: Project, user: User) -> HttpResponseRedirect:
    """One press of the plain form: an answer, an undo, or "show me an image"."""
    form = wanted(request.POST)
    if form.undo:
        outcome = annotations.undo(project=project, user=user, uuid=form.undo)
        if not outcome.stored:
            messages.warning(request, outcome.detail)
    elif form.answers:
        outcome = annotations.record(project=project, user=user, answers=[form.as_sent()])[0]
        if not outcome.stored:
            messages.warning(request, outcome.detail)
    queue.claim(project=project, user=user)
    return redirect("label", project.pk)


@login_required
@require_safe
def state(request: HttpRequest, pk: int) -> JsonResponse:
    """How far the project is, for a page that waits; and the token its next post needs."""
    project = project_for(request.user, pk, "label")
    return JsonResponse(
        {
            "user": request.user.pk,
            "csrf": get_token(request),
            "progress": progress.as_dict(project),
            "labels_version": fingerprint(questions.names_of(project)),
        }
    )


@login_required
@require_POST
def keep(request: HttpRequest, pk: int) -> JsonResponse:
    """The page is still open: hold its images on, and say which are still the person's."""
    project = project_for(request.user, pk, "label")
    items = _items(request)
    if items is None:
        return _bad_items()
    user = cast(User, request.user)
    held = queue.keep(project=project, user=user, item_ids=items)
    told = {"held": held, "progress": progress.as_dict(project)}
    told["labels_version"] = fingerprint(questions.names_of(project))
    return JsonResponse(told | {"user": user.pk, "csrf": get_token(request)})


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> JsonResponse:
    """Give back images that nobody has seen: a newer model has ranked anew, or the page closes.

    A page that closes sends `leaving`; it may be reloaded, so its images are free a little later.
    """
    project = project_for(request.user, pk, "label")
    items = _items(request)
    if items is None:
        return _bad_items()
    let_go = queue.leave if json.loads(request.body).get("leaving") else queue.release
    released = let_go(project=project, user=cast(User, request.user), item_ids=items)
    return JsonResponse({"released": released})


def _items(request: HttpRequest) -> list[int] | None:
    """The items that a page names, at most as many as it can hold; None when it is no list."""
    try:
        items = json.loads(request.body)["items"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(items, list) or not all(_is_id(item) for item in items[:MOST_NAMED]):
        return None
    return items[:MOST_NAMED]


def _bad_items() -> JsonResponse:
    return JsonResponse({"detail": 'Send {"items": [ids]}.', "code": "bad_items"}, status=422)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


@login_required
@require_POST
def suggestions(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """Show or hide the model's suggestions for this person, in every project."""
    project_for(request.user, pk, "label")
    user = cast(User, request.user)
    user.settings[questions.HIDDEN] = request.POST.get("show") != "1"
    user.save(update_fields=["settings"])
    return redirect("label", pk)
