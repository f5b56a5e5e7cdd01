"""Clusters: the pool in groups of like images, each labeled in a few presses."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import cluster_figures, clustered, clusters, frame, surveys, vectors
from labeler.exploring.clustered import SORTS, Cluster, Clustered, Sort
from labeler.exploring.models import Survey
from labeler.labeling import together
from labeler.labeling.asked import number
from labeler.projects.access import project_for
from labeler.projects.choices import FEATURES, called
from labeler.projects.models import Label, Project, User
from labeler.training import embeddings
from labeler.training.spaces import Space

PAGE = 48  # clusters on one page


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of clusters, or one of them with `?cluster=`; `?sort=`, `?from=`, `?features=`."""
    project = project_for(request.user, pk, "explore")
    spaces = vectors.spaces_of(project)
    features = _features(request, spaces)
    found = clustered.newest(project, features or None) or clustered.newest(project)
    context = frame.context(project, "clusters") | {
        "spaces": [_choice(project, space) for space in spaces],
        "found": found.survey if found else None,
        "features": found.survey.features if found else features,
        "title": called(FEATURES, found.survey.features) if found else "",
        "work": surveys.open_one(project, Survey.Kind.CLUSTERS),
        "charts": cluster_figures.charts(found.survey.facts.get("counts", {})) if found else None,
        "later": project.next_row - found.survey.images if found else 0,
        "fewest": clusters.FEWEST,
        "most_groups": clusters.MOST,
    }
    if found is None:
        return render(request, "exploring/clusters.html", context)
    sort = _sort(request)
    listed = clustered.listed(project, found, sort)
    context |= {"sort": sort, "sorts": SORTS, "count": len(listed)}
    if (wanted := request.GET.get("cluster")) is not None:
        return render(
            request, "exploring/cluster.html", context | _one(project, found, listed, wanted)
        )
    return render(
        request, "exploring/clusters.html", context | _some(request, project, found, listed)
    )


@login_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the grouping is; once it is over, the page is asked to load again."""
    project = project_for(request.user, pk, "explore")
    work = surveys.open_one(project, Survey.Kind.CLUSTERS)
    answer = render(request, "exploring/_survey.html", {"project": project, "work": work})
    if work is None or work.state == Survey.State.FAILED:
        answer.headers["HX-Refresh"] = "true"
    return answer


@login_required
@require_safe
def members(request: HttpRequest, pk: int, survey: int, cluster: int) -> JsonResponse:
    """The images of one cluster, from its centre out: {open, answered, audit}."""
    project = project_for(request.user, pk, "explore")
    found = clustered.of(project, survey)
    if found is None or cluster >= len(found):
        raise Http404(_("These clusters were made anew. Reload the page."))
    some = clustered.members(project, found, cluster, together.MOST)
    return JsonResponse({"open": some.open, "answered": some.answered, "audit": some.audit})


@login_required
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Group anew: `features` names the feature set, `k` the number of clusters, if any."""
    project = project_for(request.user, pk, "explore")
    spaces = vectors.spaces_of(project)
    space = next((s for s in spaces if s.features == request.POST.get("features")), None)
    text = request.POST.get("k", "").strip()
    k = number(text)
    if space is None:
        messages.error(request, _("Choose one of the feature sets that have vectors here."))
    elif text and (k is None or not clusters.FEWEST <= k <= clusters.MOST):
        words = _("The number of clusters is a whole number from %(low)s to %(high)s.")
        messages.error(request, words % {"low": clusters.FEWEST, "high": f"{clusters.MOST:,}"})
    else:
        options = {"k": k} if k else {}
        surveys.ask(project, cast(User, request.user), Survey.Kind.CLUSTERS, space, options)
    return redirect("explore_clusters", pk)


def _features(request: HttpRequest, spaces: list[Space]) -> str:
    """The feature set asked for, where it has vectors."""
    wanted = request.GET.get("features", "")
    return wanted if any(space.features == wanted for space in spaces) else ""


def _choice(project: Project, space: Space) -> dict[str, Any]:
    done, total = embeddings.progress(project, space)
    return {"name": space.features, "title": called(FEATURES, space.features), "done": done,
            "total": total}  # fmt: skip


def _sort(request: HttpRequest) -> Sort:
    wanted = request.GET.get("sort", "")
    return next((sort for sort in SORTS if sort == wanted), SORTS[0])


def _some(
    request: HttpRequest, project: Project, found: Clustered, listed: list[Cluster]
) -> dict[str, Any]:
    """One page of the list, with pictures."""
    first = min(number(request.GET.get("from")) or 0, max(0, len(listed) - 1))
    shown = listed[first : first + PAGE]
    pictures = clustered.montage(project, found, [each.number for each in shown])
    names = _labels(project)
    cards = [
        {"cluster": each, "pictures": pictures[each.number], "label": names.get(each.label)}
        for each in shown
    ]
    rest = first + PAGE if first + PAGE < len(listed) else None
    return {"cards": cards, "first": first, "next_page": rest, "page_size": PAGE}


def _one(project: Project, found: Clustered, listed: list[Cluster], wanted: str) -> dict[str, Any]:
    """One cluster, and which come before and after it in the list."""
    order = [each.number for each in listed]
    if not wanted.isascii() or not wanted.isdigit() or int(wanted[:9]) not in order:
        raise Http404(_("There is no such cluster. They may have been made anew."))
    at = order.index(int(wanted[:9]))
    cluster = listed[at]
    some = clustered.members(project, found, cluster.number, together.MOST)
    return {
        "cluster": cluster,
        "label": _labels(project).get(cluster.label),
        "before": order[at - 1] if at else None,
        "after": order[at + 1] if at + 1 < len(order) else None,
        "audit": some.audit,
        "boot": {"open": some.open, "answered": some.answered},
    }


def _labels(project: Project) -> dict[int | None, Label]:
    return {label.pk: label for label in Label.objects.filter(project=project)}
