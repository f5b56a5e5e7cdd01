"""Skipped images by reason, for reviewers: ask again, label, or settle."""

from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from labeler.labeling import annotations, skips
from labeler.labeling.asked import number, numbers, uuid_of
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.models import Project, User

PAGE = 60
LAST = "skips_settled"  # in the session: the press that can be taken back
MOST_LABELS = 5_000


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Skipped images of `?reason=`, newest first; a POST does something with the chosen ones."""
    project = project_for(request.user, pk, "review")
    counted = skips.counts(project)
    asked = (request.POST if request.method == "POST" else request.GET).get("reason", "")
    reason = asked if asked in skips.REASONS else max(counted, key=lambda key: counted[key])
    if request.method == "POST":
        _act(request, project, reason)
        response = redirect("skips", pk)
        response["Location"] += f"?reason={reason}"
        return response
    return render(request, "labeling/skips.html", _context(request, project, reason, counted))


def _context(
    request: HttpRequest, project: Project, reason: str, counted: dict[str, int]
) -> dict[str, Any]:
    before = number(request.GET.get("before"))
    rows = skips.of_reason(project, reason).select_related("image", "user").order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    return {
        "project": project, "tab": "review", "reason": reason, "counts": counted,
        "rows": found[:PAGE], "settled": reason == skips.SETTLED, "fresh": uuid4(),
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "labels": list(project.labels.filter(retired=False).order_by("position", "place")),
        "undoable": len(_last(request, project)[1]),
    }  # fmt: skip


def _act(request: HttpRequest, project: Project, reason: str) -> None:
    chosen = numbers(request.POST.getlist("image"), 2 * PAGE)
    user = cast(User, request.user)
    if "undo" in request.POST:
        _undone(request, project, user)
    elif "again_all" in request.POST:
        rows = skips.of_reason(project, reason).order_by("pk").values_list("image", flat=True)
        _asked_again(request, project, user, list(rows[: skips.MOST_AGAIN]))
    elif not chosen:
        messages.error(request, _("Choose at least one image."))
    elif "again" in request.POST:
        _asked_again(request, project, user, chosen)
    else:
        _reviewed(request, project, user, chosen)


def _asked_again(request: HttpRequest, project: Project, user: User, chosen: list[int]) -> None:
    done = skips.ask_again(project=project, user=user, image_ids=chosen)
    words = ngettext("%(n)s image is asked again.", "%(n)s images are asked again.", done)
    messages.success(request, words % {"n": f"{done:,}"})


def _reviewed(request: HttpRequest, project: Project, user: User, chosen: list[int]) -> None:
    """Give every chosen image the same answer; each is a review of its own."""
    batch, skip = uuid_of(request.POST.get("uuid")), request.POST.get("skip", "")
    labels = numbers(request.POST.getlist("label"), MOST_LABELS)
    if not skip and not labels:
        messages.error(request, _("Choose a label, or say what these images are."))
        return
    stored: list[int] = []
    for image in Image.objects.filter(project=project, pk__in=chosen):
        outcome = annotations.review(
            project=project, user=user, image=image, uuid=skips.settle_uuid(batch, image.pk),
            label_ids=None if skip else labels, skip=skip,
        )  # fmt: skip
        if not outcome.stored:
            messages.error(request, f"{image.name}: {outcome.detail}")
            break
        stored.append(image.pk)
    if stored:
        request.session[LAST] = [project.pk, str(batch), stored]
        words = ngettext("%(n)s image is settled.", "%(n)s images are settled.", len(stored))
        messages.success(request, words % {"n": len(stored)})


def _last(request: HttpRequest, project: Project) -> tuple[str, list[int]]:
    """The press that can still be taken back: its UUID and its images."""
    of, batch, images = request.session.get(LAST) or [None, "", []]
    return (batch, images) if of == project.pk else ("", [])


def _undone(request: HttpRequest, project: Project, user: User) -> None:
    """Take back the last press; what somebody has answered since stays as it is."""
    batch, images = _last(request, project)
    request.session.pop(LAST, None)
    uuids = [skips.settle_uuid(UUID(batch), image) for image in images]
    outcomes = [annotations.undo(project=project, user=user, uuid=uuid) for uuid in uuids]
    done = sum(outcome.code == "created" for outcome in outcomes)
    words = ngettext("%(n)s image is as it was.", "%(n)s images are as they were.", done)
    messages.info(request, words % {"n": done})
