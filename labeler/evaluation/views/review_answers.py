"""What a reviewer does on the Review page: answers, undoing, second looks, thresholds."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.evaluation import neighbours, thresholds
from labeler.evaluation.forms import AnswerForm, DrawForm, ImagesForm, ThresholdForm, UndoForm
from labeler.labeling import annotations, second_look
from labeler.labeling.answers import Refused
from labeler.pools.models import Image
from labeler.projects.access import project_for
from labeler.projects.models import User
from labeler.training import versions


@login_required
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Store a reviewer's answer on an image: other labels, or that the label is right."""
    project = project_for(request.user, pk, "review")
    form = AnswerForm(request.POST, project=project)
    if not form.is_valid():
        return _refused(form)
    given = form.cleaned_data
    outcome = annotations.review(
        project=project,
        user=cast(User, request.user),
        image=given["image"],
        label_ids=[label.pk for label in given["labels"]],
        uuid=given["uuid"],
    )
    return _told(outcome)


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an answer given here."""
    project = project_for(request.user, pk, "review")
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    user = cast(User, request.user)
    outcome = annotations.undo(project=project, user=user, uuid=form.cleaned_data["uuid"])
    return _told(outcome)


def _told(outcome: annotations.Outcome) -> JsonResponse:
    return JsonResponse({"code": outcome.code, "detail": outcome.detail}, status=outcome.status)


@login_required
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send images to another person, or with `back` take that back."""
    project = project_for(request.user, pk, "review")
    form = ImagesForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    user, ids = cast(User, request.user), form.cleaned_data["images"]
    if form.cleaned_data["back"]:
        taken = second_look.take_back(project=project, user=user, image_ids=ids)
        return JsonResponse({"taken_back": taken})
    try:
        sent = second_look.send(project=project, user=user, image_ids=ids)
    except Refused as refused:
        return JsonResponse({"detail": refused.detail}, status=refused.status)
    return JsonResponse(
        {"images": sent.images, "held": sent.held, "nobody": sent.nobody, "detail": _left_out(sent)}
    )


def _left_out(sent: second_look.Sent) -> str:
    if sent.nobody:
        return _("Everybody else has answered it already. Invite somebody, or settle it yourself.")
    if sent.held:
        return _("Somebody has it on the screen, or it waits for its first blind answer.")
    return ""


@login_required
@require_POST
def draw(request: HttpRequest, pk: int) -> HttpResponse:
    """A blind second look at audit images drawn at random."""
    project = project_for(request.user, pk, "review")
    form = DrawForm(request.POST)
    if not form.is_valid():
        return _refused(form)
    user = cast(User, request.user)
    try:
        sent = second_look.draw(project=project, user=user, count=form.cleaned_data["count"])
    except Refused as refused:
        return JsonResponse({"detail": refused.detail}, status=refused.status)
    return JsonResponse({"images": sent.images, **second_look.told(project).as_dict()})


@login_required
@require_POST
def threshold(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the threshold of one label, or of all, with the serving version."""
    project = project_for(request.user, pk, "review")
    form = ThresholdForm(request.POST, project=project)
    if not form.is_valid():
        return _refused(form)
    given = form.cleaned_data
    on, number, value = given["on"] or thresholds.AUDIT, given["version"], given["threshold"]
    if given["all"]:
        saved = thresholds.save_for_all(project, number, value, on=on)
    else:
        saved = thresholds.save(project, number, {given["label"].pk: value}, on=on)
    if not saved:
        return JsonResponse(
            {"detail": _("Another version serves by now. Reload the page.")}, status=409
        )
    return JsonResponse({"threshold": value})


@login_required
@require_safe
def near(request: HttpRequest, pk: int, image: int) -> HttpResponse:
    """The labeled images nearest to one: why the model thinks so."""
    project = project_for(request.user, pk, "review")
    found = get_object_or_404(Image, pk=image, project=project)
    version = versions.serving(project)
    if version is None or (found.audit and found.state == Image.State.OPEN):
        return JsonResponse({"neighbours": [], "compared": 0, "labeled": 0})
    near = neighbours.of(project, version, found)
    return JsonResponse(
        {
            "neighbours": [
                {"image": n.image, "name": n.name, "labels": n.labels, "similarity": n.similarity}
                for n in near.neighbours
            ],
            "compared": near.compared,
            "labeled": near.labeled,
        }
    )


def _refused(form: Any) -> JsonResponse:
    errors = [message for messages in form.errors.values() for message in messages]
    return JsonResponse({"detail": " ".join(errors)}, status=400)
