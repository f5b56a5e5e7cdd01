"""Images on which people disagree, one after the other, for a reviewer to settle."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.labeling import annotations, disputes, questions
from labeler.labeling.asked import number, numbers
from labeler.labeling.models import Dispute
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.keys import keys_for
from labeler.projects.models import Label, Project, User

AHEAD = 12  # disputes a page knows ahead
MOST_KNOWN = 100
MOST_LABELS = 5_000
SIDE_KEYS = "ASDFHJKLQERTPXCV"


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The oldest disputes; the script goes through them and asks for more."""
    project = project_for(request.user, pk, "review")
    user = cast(User, request.user)
    labels = list(project.labels.order_by("position", "place"))
    given = [label for label in labels if not label.retired]
    keys = keys_for(user, project, given)
    keys.put_on(given)
    context = {
        "project": project, "tab": "review", "labels": given, "keys": keys,
        "waiting": disputes.count(project),
        "data": {
            "multi": project.is_multi,
            "cases": _cases(project, ()),
            "labels": [_label(label) for label in labels],
            "side_keys": _side_keys(keys.as_dict().values()) if keys.letters else "",
        },
    }  # fmt: skip
    return render(request, "labeling/disputes.html", context)


@login_required
@require_safe
def more(request: HttpRequest, pk: int) -> JsonResponse:
    """Further disputes, without those that the page says it has (`?known=`, ids of images)."""
    project = project_for(request.user, pk, "review")
    known = numbers(request.GET.get("known", "").split(","), MOST_KNOWN)
    return JsonResponse({"cases": _cases(project, known), "waiting": disputes.count(project)})


@login_required
@require_POST
def settle(request: HttpRequest, pk: int) -> JsonResponse:
    """The reviewer's answer on a disputed image; the reply says who had said what."""
    project = project_for(request.user, pk, "review")
    image = get_object_or_404(Image, pk=number(request.POST.get("image")) or 0, project=project)
    found = Dispute.objects.filter(image=image, closed_at=None).select_related("image")
    before = disputes.cases(list(found))
    skip = request.POST.get("skip", "")
    outcome = annotations.review(
        project=project, user=cast(User, request.user), image=image, disputed=True,
        uuid=request.POST.get("uuid", ""), skip=skip,
        label_ids=None if skip else numbers(request.POST.getlist("labels"), MOST_LABELS),
    )  # fmt: skip
    sides = [{"labels": s.labels, "people": s.people} for case in before for s in case.sides]
    told = {"code": outcome.code, "detail": outcome.detail, "sides": sides}
    return JsonResponse(told | {"waiting": disputes.count(project)}, status=outcome.status)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> JsonResponse:
    """Take back the reviewer's answer: the people's answers stand again, and are in dispute."""
    project = project_for(request.user, pk, "review")
    uuid = request.POST.get("uuid", "")
    outcome = annotations.undo(project=project, user=cast(User, request.user), uuid=uuid)
    told = {"code": outcome.code, "detail": outcome.detail, "waiting": disputes.count(project)}
    return JsonResponse(told, status=outcome.status)


def _cases(project: Project, known: Iterable[int]) -> list[dict[str, Any]]:
    found = disputes.waiting(project).exclude(image__in=known).select_related("image")[:AHEAD]
    return [_case(case) for case in disputes.cases(list(found))]


def _case(case: disputes.Case) -> dict[str, Any]:
    """Without names: who said it should not weigh."""
    image = case.dispute.image
    return {
        "image": image.pk,
        "name": image.name,
        "urls": questions.urls(image),
        "page": reverse("image_page", args=[image.project_id, image.pk]),
        "audit": image.audit,
        "sides": [{"labels": s.labels, "people": len(s.people)} for s in case.sides],
    }


def _label(label: Label) -> dict[str, Any]:
    name = label.name if not label.retired else _("%(name)s (retired)") % {"name": label.name}
    return {"id": label.pk, "name": name, "mark": label.mark, "retired": label.retired}


def _side_keys(taken: Iterable[str]) -> str:
    used = {key.upper() for key in taken}
    return "".join(key for key in SIDE_KEYS if key not in used)
