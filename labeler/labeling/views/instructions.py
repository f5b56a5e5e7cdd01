"""Instructions: what people read before they label, with example images per label."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from labeler.labeling import examples, instructions
from labeler.labeling.answers import Refused
from labeler.labeling.asked import number, numbers
from labeler.projects.access import may, project_for
from labeler.projects.models import Label, Project, User

MOVES = {"left": -1, "right": 1}


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The instructions; with `?part=1` only their content, for the label page's dialog."""
    project = project_for(request.user, pk, "label")
    part = request.GET.get("part") == "1"
    shown = examples.of_project(project)
    context = {
        "project": project, "tab": "label", "blocks": instructions.blocks(project.instructions),
        "edits": may(request.user, project, "review") and not part,
        "sets": may(request.user, project, "set") and not part,
        "examples": shown, "any_examples": any(each for _, each in shown),
    }  # fmt: skip
    template = "labeling/_instructions.html" if part else "labeling/instructions.html"
    return render(request, template, context)


@login_required
@require_POST
def see(request: HttpRequest, pk: int) -> HttpResponse:
    """I have read them."""
    project = project_for(request.user, pk, "label")
    instructions.see(project, cast(User, request.user))
    return redirect("label", pk) if "label" in request.POST else HttpResponse(status=204)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pick(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose examples of `?label=` among answered images; a POST adds the chosen ones."""
    project = project_for(request.user, pk, "review")
    asked = request.POST if request.method == "POST" else request.GET
    labels = Label.objects.filter(project=project, retired=False)
    label = get_object_or_404(labels, pk=number(asked.get("label")) or 0)
    if request.method == "POST":
        return _added(request, project, label)
    before = number(request.GET.get("before"))
    found = list(examples.candidates(label, before)[: examples.SHOWN + 1])
    context = {
        "project": project, "tab": "label", "label": label, "answers": found[: examples.SHOWN],
        "older": found[examples.SHOWN - 1].pk if len(found) > examples.SHOWN else None,
        "room": examples.MOST - label.examples.count(),
    }  # fmt: skip
    return render(request, "labeling/pick_examples.html", context)


def _added(request: HttpRequest, project: Project, label: Label) -> HttpResponse:
    chosen = numbers(request.POST.getlist("image"), 2 * examples.MOST)
    back = number(request.POST.get("back"))
    if not chosen:
        messages.error(request, _("Choose at least one image."))
        return redirect("instructions", project.pk)
    try:
        added = examples.add(label=label, image_ids=chosen)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        words = ngettext("%(n)s example of %(label)s.", "%(n)s examples of %(label)s.", added)
        messages.success(request, words % {"n": added, "label": label.name})
    return redirect("image_page", project.pk, back) if back else _at(project, label)


def _at(project: Project, label: Label) -> HttpResponse:
    response = redirect("instructions", project.pk)
    response["Location"] += f"#label-{label.pk}"
    return response


@login_required
@require_POST
def arrange(request: HttpRequest, pk: int) -> HttpResponse:
    """Move an example `left` or `right` in its row, or `remove` it."""
    project = project_for(request.user, pk, "review")
    example, move = number(request.POST.get("example")), request.POST.get("move", "")
    if example and move in MOVES:
        examples.move(project, example, MOVES[move])
    elif example and move == "remove":
        examples.remove(project, example)
    label = Label.objects.filter(project=project, pk=number(request.POST.get("label")) or 0).first()
    return _at(project, label) if label else redirect("instructions", pk)
