"""The Grid page. The script claims, confirms and undoes through the API; here it only opens."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from labeler.labeling import batches, grid, progress, replies
from labeler.projects import keys
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User

PAGE_KEYS = frozenset("XZO[]?G")  # what the page itself answers to
EMPTY = (
    "archived",
    "no_labels",
    "no_images",
    "no_model",
    "hidden",
    "all_answered",
    "waiting",
    "done",
    "elsewhere",
)


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Many images of one predicted label; `?label=` says which, `?chosen=1` that only those chosen
    in Explore are meant. Opening it claims nothing."""
    project = project_for(request.user, pk, "label")
    user = cast(User, request.user)
    labels = keys.labels_of(project)
    asks = project.suggestion_share and not project.archived_at
    only = request.GET.get("chosen") == "1"
    counts = grid.counts(project, user, chosen=only) if asks else {}
    now = progress.as_dict(project)
    empty = "" if counts else _why_empty(project, now)
    chosen = _chosen(request, labels, counts)
    context = {
        "project": project,
        "tab": "grid",
        "labels": _choices(user, project, labels, counts),
        "chosen": chosen,
        "only_chosen": only,
        "empty": empty,
        "kinds": EMPTY,
        "progress": now,
        "fewest": grid.FEWEST,
        "most": grid.MOST,
        "boot": {
            "project": project.pk,
            "user": user.pk,
            "label": chosen.pk if chosen else None,
            "chosen": only,
            "counts": {str(label): n for label, n in counts.items()},
            "batches": batches.last(project, user),
            "progress": now,
            "empty": empty,
        },
    }
    return render(request, "labeling/grid.html", context)


def _choices(
    user: User, project: Project, labels: list[Label], counts: dict[int, int]
) -> list[dict[str, Any]]:
    """The labels with their number of images, and the person's key where the page has no use."""
    mine = keys.keys_for(user, project, labels).labels
    free = {pk: "" if key.upper() in PAGE_KEYS else key for pk, key in mine.items()}
    return [{"label": each, "n": counts.get(each.pk, 0), "key": free[each.pk]} for each in labels]


def _chosen(request: HttpRequest, labels: list[Label], counts: dict[int, int]) -> Label | None:
    """The label asked for, else the one with the most images."""
    wanted = request.GET.get("label", "")
    asked = next((label for label in labels if str(label.pk) == wanted), None)
    return asked or max(labels, key=lambda label: counts.get(label.pk, 0), default=None)


def _why_empty(project: Project, now: dict[str, Any]) -> str:
    """Why there is nothing to confirm: as for the label page, "no_model" or "hidden"."""
    if not project.suggestion_share and not project.archived_at:
        return "hidden"
    why = replies.why_empty(project)
    if why == "waiting" and not now["model_version"]:
        return "no_model"
    return why
