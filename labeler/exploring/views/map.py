"""The pool as a map: the page, its points, and asking for a new one."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from labeler.exploring import (
    columns,
    filters,
    frame,
    map_points,
    maps,
    prepared,
    sieve,
    surveys,
    vectors,
)
from labeler.exploring.models import Survey
from labeler.labeling.asked import number, numbers
from labeler.projects.access import project_for
from labeler.projects.choices import FEATURES, called
from labeler.projects.models import Project, User

NAMED = 200  # images whose names are told at once
KIND = Survey.Kind.MAP


@login_required
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """The frame; the script asks for the points."""
    project = project_for(request.user, pk, "explore")
    shown = _shown(project, request.GET.get("features"))
    known = vectors.spaces_of(project)
    context = frame.context(project, "map") | {
        "map": shown,
        "at_work": surveys.open_one(project, KIND),
        "newer": maps.newer_images(shown) if shown else 0,
        "feature_sets": [(s.features, called(FEATURES, s.features)) for s in known],
        "title": called(FEATURES, shown.features) if shown else "",
        "counts": map_points.label_counts(project),
    }
    return render(request, "exploring/map.html", context)


def _shown(project: Project, features: str | None) -> Survey | None:
    found = surveys.newest(project, KIND, features or None)
    return found if found and (surveys.folder(found) / "places.npy").is_file() else None


@login_required
@require_POST
def make(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the map drawn by a worker, of the feature set that is asked for."""
    project = project_for(request.user, pk, "explore")
    wanted = request.POST.get("features", "")
    known = {space.features: space for space in vectors.spaces_of(project)}
    space = known.get(wanted) or next(iter(known.values()), None)
    if space is None:
        messages.error(request, _("No image has been embedded yet. Wait a little; then try again."))
    else:
        surveys.ask(project, cast(User, request.user), KIND, space, {})
    return redirect("explore_map", pk)


@login_required
@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the worker is; tells the page to load again when it is done."""
    project = project_for(request.user, pk, "explore")
    at_work = surveys.open_one(project, KIND)
    answer = render(request, "exploring/_map_work.html", {"project": project, "at_work": at_work})
    if at_work is None:
        answer["HX-Refresh"] = "true"
    return answer


@login_required
@require_safe
def points(request: HttpRequest, pk: int) -> HttpResponse:
    """Places and categories of every image on the map, packed."""
    project = project_for(request.user, pk, "explore")
    if prepared.told(project, len(columns.of(project))):
        words = _("The pool is being prepared for filters. Try again in a minute.")
        return HttpResponse(words, status=409, content_type="text/plain; charset=utf-8")
    try:
        data = map_points.packed(project, _survey(request, project))
    except (FileNotFoundError, ValueError) as error:
        raise Http404 from error
    answer = HttpResponse(data, content_type="application/octet-stream")
    answer["Cache-Control"] = "private, no-store"
    return answer


@login_required
@require_safe
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """Which points a filter lets through: a byte for each."""
    project = project_for(request.user, pk, "explore")
    asked = {name: words for name, words in request.GET.lists() if name in filters.NAMES}
    try:
        found = sieve.found(project, filters.parsed(asked))
        here = map_points.rows(project, _survey(request, project))
    except filters.BadFilter as error:
        return JsonResponse({"code": "bad_filter", "detail": str(error)}, status=422)
    except (FileNotFoundError, ValueError) as error:
        raise Http404 from error
    through = map_points.among(here, found.rows)
    return HttpResponse(through.tobytes(), content_type="application/octet-stream")


@login_required
@require_safe
def names(request: HttpRequest, pk: int) -> JsonResponse:
    """{image id: file name} for those the page lists."""
    project = project_for(request.user, pk, "explore")
    wanted = numbers(request.GET.getlist("image"), NAMED)
    return JsonResponse({str(pk): name for pk, name in map_points.names(project, wanted).items()})


def _survey(request: HttpRequest, project: Project) -> Survey:
    wanted: Any = number(request.GET.get("survey"))
    done = Survey.objects.filter(project=project, kind=KIND, state=Survey.State.DONE)
    found = done.filter(pk=wanted).select_related("project").first() if wanted else None
    if found is None:
        raise Http404
    return found
