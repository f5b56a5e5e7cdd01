"""Gold images: which there are, how people do on them, and which could be added."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from labeler.evaluation import gold as checks
from labeler.labeling import gold, gold_list
from labeler.labeling.answers import Refused
from labeler.labeling.asked import number, numbers
from labeler.labeling.models import Annotation, Gold
from labeler.pools.models import Image
from labeler.projects.access import may, project_for
from labeler.projects.models import Label, Project, User

PAGE = 60
PROBLEMS_TOLD = 10


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """See gold images and people's answers to them; a POST marks images or takes the mark off."""
    project = project_for(request.user, pk, "review")
    if request.method == "POST":
        _act(request, project, cast(User, request.user))
        image = number(request.POST.get("image")) if "back" in request.POST else None
        return redirect("image_page", pk, image) if image else redirect("gold", pk)
    return render(request, "evaluation/gold.html", _context(request, project))


def _context(request: HttpRequest, project: Project) -> dict[str, Any]:
    before, label = number(request.GET.get("before")), number(request.GET.get("label"))
    rows = Gold.objects.filter(project=project)
    marked = list((rows.filter(pk__lt=before) if before else rows).order_by("-pk")
                  .select_related("image").prefetch_related("labels")[: PAGE + 1])  # fmt: skip
    labels = list(project.labels.filter(retired=False).order_by("position", "place"))
    reviewed = request.GET.get("reviewed") == "1"
    found = list(_candidates(project, label, reviewed=reviewed)[:PAGE])
    return {
        "project": project, "tab": "review", "labels": labels, "label": label,
        "total": rows.count(), "marked": _tiles(project, marked[:PAGE]),
        "older": marked[PAGE - 1].pk if len(marked) > PAGE else None,
        "candidates": _said(found), "reviewed": reviewed,
        "table": checks.table(project), "few": checks.FEW,
        "may_set": may(request.user, project, "set"),
    }  # fmt: skip


def _tiles(project: Project, marked: list[Gold]) -> list[dict[str, Any]]:
    checked = gold.by_image(project, [each.image_id for each in marked])
    names = dict(Label.objects.filter(project=project).values_list("pk", "name"))
    found = []
    for each in marked:
        asked = checked.get(each.image_id, gold.Checked())
        none = _("none of them")
        wrong = {", ".join(names.get(pk, "?") for pk in said) or none for said in asked.wrong}
        found.append({"gold": each, "checked": asked, "wrong": sorted(wrong)})
    return found


def _candidates(project: Project, label: int | None, *, reviewed: bool) -> "QuerySet[Image]":
    images = gold.candidates(project)
    given = Annotation.objects.filter(project=project, current=True, gold=False, kind="labels")
    given = given.filter(labels=label) if label else given
    given = given.filter(source=Annotation.Source.REVIEW) if reviewed else given
    if label or reviewed:
        images = images.filter(pk__in=given.values("image"))
    return images.order_by("-pk")


def _said(images: list[Image]) -> list[tuple[Image, list[str]]]:
    """Each image with the labels that people gave it."""
    said: dict[int, list[str]] = {image.pk: [] for image in images}
    rows = Annotation.objects.filter(image__in=images, current=True, gold=False, kind="labels")
    for image, name in rows.order_by("pk").values_list("image", "labels__name"):
        if name and name not in said[image]:
            said[image].append(name)
    return [(image, said[image.pk]) for image in images]


def _act(request: HttpRequest, project: Project, user: User) -> None:
    chosen = numbers(request.POST.getlist("image"), 2 * PAGE)
    if "names" in request.POST:
        done = gold_list.mark(project=project, user=user, text=request.POST["names"])
    elif "remove" in request.POST:
        gone = gold.unmark(project=project, image_ids=chosen)
        words = ngettext("%(n)s image is no longer gold.", "%(n)s images are no longer gold.", gone)
        messages.success(request, words % {"n": gone})
        return
    else:
        done = _mark(project, user, chosen)
    _tell(request, done)


def _mark(project: Project, user: User, chosen: list[int]) -> gold_list.Marked:
    done = gold_list.Marked()
    for image in Image.objects.filter(project=project, pk__in=chosen).order_by("pk"):
        try:
            gold.mark(project=project, user=user, image=image)
        except Refused as refused:
            done.problems.append(refused.detail)
        else:
            done.count += 1
    return done


def _tell(request: HttpRequest, done: gold_list.Marked) -> None:
    if done.count:
        words = ngettext("%(n)s image is gold now.", "%(n)s images are gold now.", done.count)
        messages.success(request, words % {"n": done.count})
    for problem in done.problems[:PROBLEMS_TOLD]:
        messages.warning(request, problem)
    if (rest := len(done.problems) - PROBLEMS_TOLD) > 0:
        words = ngettext("%(n)s more line had a problem.", "%(n)s more lines had problems.", rest)
        messages.warning(request, words % {"n": rest})
    if not done.count and not done.problems:
        messages.warning(request, _("Choose images first, or name some in the list."))
