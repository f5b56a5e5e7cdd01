"""Merge a label into another, or split it: first what would happen, then the deed."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from labeler.labeling import asked, relabeling, splitting
from labeler.projects import label_counts
from labeler.projects.access import project_for
from labeler.projects.labels import LabelsRefused
from labeler.projects.models import Label, Project, User

LONGEST = 10_000  # characters of names


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int, label: int) -> HttpResponse:
    """Show what merging (`into`) or splitting (`names`) would do; a POST does it."""
    project = project_for(request.user, pk, "set")
    number = asked.number(str(label)) or 0
    found = project.labels.select_related("merged_into").filter(pk=number).first()
    if found is None:
        raise Http404
    sent = request.POST if request.method == "POST" else request.GET
    into, names = asked.number(sent.get("into")), sent.get("names", "")[:LONGEST]
    merger = division = None
    problem, status = "", 200
    try:
        if request.method == "POST":
            return _do(request, project, found, into, names)
        if into:
            merger = relabeling.preview(project, found.pk, into)
        elif "names" in sent:
            division = splitting.preview(project, found.pk, names.splitlines())
    except LabelsRefused as refused:
        problem, status = str(refused), 400
    others = project.labels.filter(retired=False).exclude(pk=found.pk)
    context = {
        "project": project, "tab": "settings", "label": found, "others": others, "into": into,
        "names": names, "merger": merger, "division": division, "problem": problem,
        "images": label_counts.of(project, [found.pk]).get(found.pk, 0),
    }  # fmt: skip
    return render(request, "labeling/label_changes.html", context, status=status)


def _do(
    request: HttpRequest, project: Project, label: Label, into: int | None, names: str
) -> HttpResponse:
    user = cast(User, request.user)
    if into:
        merger = relabeling.merge(project=project, user=user, old=label.pk, new=into)
        words = ngettext(
            "%(old)s is merged: %(n)s answer says %(new)s now.",
            "%(old)s is merged: %(n)s answers say %(new)s now.",
            merger.answers,
        )
        named = {"old": label.name, "new": merger.new.name, "n": f"{merger.answers:,}"}
    else:
        division = splitting.split(
            project=project, user=user, old=label.pk, names=names.splitlines()
        )
        words = ngettext(
            "%(old)s is split: %(n)s image is asked again.",
            "%(old)s is split: %(n)s images are asked again.",
            division.images,
        )
        named = {"old": label.name, "n": f"{division.images:,}"}
    messages.success(request, words % named)
    return redirect(reverse("settings", args=[project.pk]) + "#labels")
