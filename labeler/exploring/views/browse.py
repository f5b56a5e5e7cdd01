"""The list of Explore: its tiles, its counts, and the views that people keep. JSON."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from labeler.exploring import counts, filters, picked, saved, tiles
from labeler.exploring.models import SavedView
from labeler.exploring.views.choice import Body, told_as_json
from labeler.labeling import together
from labeler.labeling.answers import Refused
from labeler.projects.access import project_for
from labeler.projects.models import Project, User

FARTHEST = 2**31


@login_required
@require_safe
def images(request: HttpRequest, pk: int) -> JsonResponse:
    """Tiles from `offset`, at most `count`, of the filter; `at` is the stamp of an earlier page."""
    project = project_for(request.user, pk, "explore")
    asked = request.GET
    try:
        wanted = filters.parsed(dict(asked.lists()))
    except filters.BadFilter as error:
        return JsonResponse({"code": "bad_filter", "detail": str(error)}, status=422)
    offset, count = _number(asked.get("offset"), 0), _number(asked.get("count"), 100)
    return JsonResponse(tiles.page(project, wanted, offset, count, asked.get("at", "")[:60]))


@login_required
@require_safe
def ids(request: HttpRequest, pk: int) -> JsonResponse:
    """The ids of all that the filter lets through, as many as one choice may hold."""
    project = project_for(request.user, pk, "explore")
    try:
        wanted = filters.parsed(dict(request.GET.lists()))
    except filters.BadFilter as error:
        return JsonResponse({"code": "bad_filter", "detail": str(error)}, status=422)
    try:
        found = picked.whole(project, wanted)
    except Refused as why:
        return JsonResponse({"code": why.code, "detail": why.detail}, status=why.status)
    first = found.columns.ids[found.rows[: together.MOST]]
    return JsonResponse({"total": len(found.rows), "ids": first.tolist()})


@login_required
@require_safe
def counted(request: HttpRequest, pk: int) -> JsonResponse:
    """How many images each filter would show."""
    project = project_for(request.user, pk, "explore")
    return JsonResponse(counts.of(project))


def _number(text: str | None, otherwise: int) -> int:
    plain = text is not None and text.isascii() and text.isdigit() and len(text) < 11
    return min(int(text), FARTHEST) if plain and text else otherwise


@told_as_json("explore")
def keep(project: Project, user: User, body: Body) -> Body:
    """Keep the filter `query` under a name; a name that is there already gets the new filter."""
    name, query = str(body.get("name") or "").strip(), str(body.get("query") or "")
    if not name or len(name) > 100:
        raise Refused("bad_name", _("Give the view a name of up to 100 characters."))
    if len(query) > 2_000:
        raise Refused("too_long", _("This filter is too long to be kept."))
    SavedView.objects.update_or_create(
        project=project, user=user, name=name,
        defaults={"query": query, "shared": body.get("shared") is True},
    )  # fmt: skip
    return {"views": saved.views_of(project, user)}


@told_as_json("explore")
def forget(project: Project, user: User, body: Body) -> Body:
    """Delete one of one's own saved views."""
    wanted = body.get("id")
    if type(wanted) is int and 0 < wanted < 2**63:
        SavedView.objects.filter(project=project, user=user, pk=wanted).delete()
    return {"views": saved.views_of(project, user)}
