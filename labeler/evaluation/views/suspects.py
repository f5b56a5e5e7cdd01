"""Labels that are probably wrong: look, mend, confirm, or ask somebody else."""

from collections.abc import Sequence
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import studies, suspects
from labeler.evaluation.forms import SuspectForm
from labeler.evaluation.suspects import Suspect, Suspects
from labeler.labeling import annotations, questions, second_look
from labeler.labeling.answers import Refused
from labeler.labeling.asked import number, numbers
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.keys import keys_for
from labeler.projects.models import Label, Project, User

SHOWN = 120  # the worst ones; the next come when these are settled
MOST = 200  # images of one order
PAGE_KEYS = {"Y", "M", "X", "S", "Z", "A"}


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The worst suspects that are left; `?why=` one of suspects.WHY, `?label=` an id."""
    project = project_for(request.user, pk, "review")
    found = suspects.left(project)
    why = request.GET.get("why", "")
    why = why if why in suspects.WHY else ""
    label = number(request.GET.get("label")) or 0
    chosen = found.chosen(why, label)
    given = [each for each in found.names.values() if not each.retired]
    _put_keys(cast(User, request.user), project, given)
    counts = found.counts()
    context = {
        "project": project, "tab": "review", "study": found.study,
        "under_way": studies.under_way(project, suspects.KIND), "found": found,
        "why": why, "label": label, "labels": given, "chosen": len(chosen),
        "counts": [(name, counts[name]) for name in suspects.WHY],
        "data": _data(project, found, chosen[:SHOWN], len(chosen)),
    }  # fmt: skip
    return render(request, "evaluation/suspects.html", context)


def _put_keys(user: User, project: Project, labels: Sequence[Label]) -> None:
    """The person's own keys; one that means something else here gives way to a free digit."""
    keys_for(user, project, labels).put_on(labels)
    taken = {label.key.upper() for label in labels} - PAGE_KEYS
    free = [digit for digit in "1234567890" if digit not in taken]
    for label in labels:
        if label.key.upper() in PAGE_KEYS or not label.key:
            label.key = free.pop(0) if free else ""


def _data(project: Project, found: Suspects, shown: Sequence[Suspect], left: int) -> dict[str, Any]:
    wanted = {one.image for one in shown} | {near[0] for one in shown for near in one.near}
    images = Image.objects.filter(project=project).in_bulk(list(wanted))
    return {
        "multi": project.is_multi,
        "left": left,
        "suspects": [_one(images, one) for one in shown if one.image in images],
        "labels": [
            {"id": each.pk, "name": each.name, "mark": each.mark, "retired": each.retired}
            for each in found.names.values()
        ],
    }


def _one(images: dict[int, Image], one: Suspect) -> dict[str, Any]:
    image = images[one.image]
    return {
        "image": one.image,
        "name": image.name,
        "urls": questions.urls(image),
        "page": reverse("image_page", args=[image.project_id, image.pk]),
        "why": one.why,
        "said": one.said,
        "rather": one.rather,
        "proba": one.proba,
        "sides": [{"labels": labels, "people": people} for labels, people in one.sides],
        "near": [
            {"thumb": questions.urls(images[pk])["thumb"], "name": images[pk].name,
             "similarity": value, "said": said}
            for pk, value, said in one.near if pk in images
        ],
    }  # fmt: skip


@login_required
@require_safe
@never_cache
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the search is: a part of the page, which asks for it while it goes on."""
    project = project_for(request.user, pk, "review")
    under_way = studies.under_way(project, suspects.KIND)
    context = {
        "project": project, "under_way": under_way, "asked": True,
        "study": studies.newest(project, suspects.KIND),
    }  # fmt: skip
    return render(request, "evaluation/_suspects_state.html", context)


@login_required
@require_POST
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a worker look again at the answers of today."""
    project = project_for(request.user, pk, "review")
    studies.ask(project, cast(User, request.user), suspects.KIND)
    messages.success(request, _("A worker looks at today's answers. You can go on meanwhile."))
    return redirect("suspects", pk)


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Store a reviewer's answer on a suspect."""
    project = project_for(request.user, pk, "review")
    form = SuspectForm(request.POST, project=project)
    if not form.is_valid():
        errors = [str(message) for each in form.errors.values() for message in each]
        return JsonResponse({"detail": " ".join(errors)}, status=400)
    given = form.cleaned_data
    outcome = annotations.review(
        project=project, user=cast(User, request.user), image=given["image"],
        label_ids=[label.pk for label in given["labels"]], uuid=given["uuid"],
    )  # fmt: skip
    return JsonResponse({"code": outcome.code, "detail": outcome.detail}, status=outcome.status)


@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The labels of these images are right as they are."""
    project = project_for(request.user, pk, "review")
    sure = suspects.confirm(project, cast(User, request.user), _images(request))
    return JsonResponse({"images": list(sure)})


@login_required
@require_POST
def doubt(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that labels were called right."""
    project = project_for(request.user, pk, "review")
    return JsonResponse({"taken_back": suspects.doubt(project, _images(request))})


@login_required
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask another person about these images, blind; with `take_back` nobody after all."""
    project = project_for(request.user, pk, "review")
    user, images = cast(User, request.user), _images(request)
    if request.POST.get("take_back"):
        undone = second_look.take_back(project=project, user=user, image_ids=images)
        return JsonResponse({"taken_back": undone})
    try:
        sent = second_look.send(project=project, user=user, image_ids=images)
    except Refused as refused:
        return JsonResponse({"detail": refused.detail}, status=refused.status)
    if images and not sent.images:
        words = _("Nobody else can be asked: everybody has answered it, or it is on a screen.")
        return JsonResponse({"detail": words}, status=409)
    return JsonResponse({"images": sent.images})


def _images(request: HttpRequest) -> list[int]:
    return numbers(request.POST.getlist("images"), MOST)
