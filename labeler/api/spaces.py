"""Feature sets, the map, and how pictures look: surveys of the whole pool."""

from typing import Annotated, Any, cast

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.clusters import SurveyOut
from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, cursor_for, scope, start_of
from labeler.api.schema import BodySchema
from labeler.exploring import columns, feature_sets, map_points, maps, surveys, vectors
from labeler.exploring.feature_sets import FeatureSetLine
from labeler.exploring.models import Survey
from labeler.projects.access import project_for
from labeler.projects.models import Project, User
from labeler.training import embeddings, spaces

router = Router(tags=["exploring"])
SETS = "/projects/{int:project_id}/feature-sets"
MAP = "/projects/{int:project_id}/map"
SURVEY = "/projects/{int:project_id}/surveys/{int:survey_id}"
Name = Annotated[str, Field(min_length=1, max_length=80)]


class FeatureSetOut(Schema):
    """A feature set of the project. `chosen`: the settings name it; `serving`: models use it."""

    features: str
    title: str
    done: int
    total: int
    bytes: int
    chosen: bool
    serving: bool
    learning: bool
    error: str
    probe_share: float | None = Field(description="images a linear head predicted right")


class FeatureSetList(Schema):
    """Every feature set, the serving one first, on one page."""

    items: list[FeatureSetOut]
    next: str | None = None


class Named(BodySchema):
    """A feature set by its name."""

    features: Name


class MapWish(BodySchema):
    """Of which feature set; the serving one if left out."""

    features: Name | None = None


class PointOut(Schema):
    """Where an image lies on the map."""

    image: int
    x: float
    y: float


class MapOut(Schema):
    """A page of the newest map of a feature set."""

    survey: int
    features: str
    items: list[PointOut]
    next: str | None


class MapAsked(Page):
    """Of which feature set; the newest map if left out."""

    limit: Annotated[int, Field(ge=1, le=5_000)] = 1_000
    features: Annotated[str, Field(max_length=80)] = ""


@router.get(SETS, response={200: FeatureSetList, **ERRORS})
def list_feature_sets(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """How far each feature set is, how large, and how well a linear head reads it."""
    project = project_for(request.user, project_id, "explore")
    return {"items": [_line(line) for line in feature_sets.listed(project)]}


@router.post(SETS, response={202: FeatureSetList, **ERRORS})
def add_feature_set(request: HttpRequest, project_id: int, body: Named) -> Status[Any]:
    """Compute a set for every image, in the background; what serves goes on serving."""
    project = project_for(request.user, project_id, "train")
    _done(lambda: feature_sets.add(project, _user(request), body.features))
    return Status(202, list_feature_sets(request, project_id))


@router.post(f"{SETS}/recompute", response={202: FeatureSetList, **ERRORS})
def recompute_feature_set(request: HttpRequest, project_id: int, body: Named) -> Status[Any]:
    """Compute a set that is not in use anew from the first image."""
    project = project_for(request.user, project_id, "train")
    _known(project, body.features)  # a name becomes a path that is removed
    _done(lambda: feature_sets.recompute(project, _user(request), body.features))
    return Status(202, list_feature_sets(request, project_id))


@router.post(f"{SETS}/probe", response={202: SurveyOut, **ERRORS})
def probe_feature_set(request: HttpRequest, project_id: int, body: Named) -> Status[Any]:
    """Let a worker measure how well a linear head reads the set, on the labels so far."""
    project = project_for(request.user, project_id, "train")
    _known(project, body.features)
    space = spaces.newest(project, body.features)
    return Status(202, surveys.ask(project, _user(request), Survey.Kind.PROBE, space, {}))


@router.delete(f"{SETS}/{{str:features}}", response={204: None, **ERRORS})
def delete_feature_set(request: HttpRequest, project_id: int, features: str) -> Status[None]:
    """Take away the vectors of a set that is not in use."""
    project = project_for(request.user, project_id, "train")
    _known(project, features)
    _done(lambda: feature_sets.delete(project, features))
    return Status(204, None)


@router.post(MAP, response={202: SurveyOut, **ERRORS})
def draw_map(request: HttpRequest, project_id: int, body: MapWish) -> Status[Any]:
    """Let a worker draw the pool as a map: images that look alike lie together."""
    project = project_for(request.user, project_id, "explore")
    known = {space.features: space for space in vectors.spaces_of(project)}
    space = known.get(body.features or "") or next(iter(known.values()), None)
    if space is None or (body.features and body.features not in known):
        words = _("No image has been embedded yet. Wait a little; then try again.")
        raise Refused(409, "not_ready", words)
    return Status(202, surveys.ask(project, _user(request), Survey.Kind.MAP, space, {}))


@router.get(MAP, response={200: MapOut, **ERRORS})
def get_map(request: HttpRequest, project_id: int, asked: Query[MapAsked]) -> dict[str, Any]:
    """Where every image lies on the newest map."""
    project = project_for(request.user, project_id, "explore")
    where = scope(request, asked.dict())
    found = surveys.newest(project, Survey.Kind.MAP, asked.features or None)
    number, start = start_of(asked.cursor, where) or (found.pk if found else 0, 0)
    if found is None or found.pk != number:
        words = _("There is no such map. Ask for one by a POST, or start again without a cursor.")
        raise Refused(404, "not_found", words)
    try:
        rows, places = map_points.rows(project, found), maps.places(found)
    except (FileNotFoundError, ValueError) as error:
        raise Http404 from error
    ids, end = columns.of(project).ids, start + asked.limit
    items = [
        {"image": int(ids[row]), "x": float(places[row, 0]), "y": float(places[row, 1])}
        for row in rows[start:end]
    ]
    after = cursor_for(where, [found.pk, end]) if end < len(rows) else None
    return {"survey": found.pk, "features": found.features, "items": items, "next": after}


@router.post("/projects/{int:project_id}/looks", response={202: SurveyOut, **ERRORS})
def look_at_pictures(request: HttpRequest, project_id: int) -> Status[Any]:
    """Let a worker look for dark, bright, blurred, odd pictures; Explore filters by them."""
    project = project_for(request.user, project_id, "explore")
    space = embeddings.serving(project)
    return Status(202, surveys.ask(project, _user(request), Survey.Kind.LOOKS, space, {}))


@router.get(SURVEY, response={200: SurveyOut, **ERRORS})
def get_survey(request: HttpRequest, project_id: int, survey_id: int) -> Survey:
    """How far a survey is: of clusters, duplicates, the map, looks, or a probe."""
    project = project_for(request.user, project_id, "explore")
    found = Survey.objects.filter(project=project, pk=min(survey_id, 2**63 - 1)).first()
    if found is None:
        raise Http404
    return found


def _known(project: Project, name: str) -> None:
    """404 for a name that is no feature set of the project."""
    if name not in {line.name for line in feature_sets.listed(project)}:
        raise Http404


def _done(act: Any) -> None:
    try:
        act()
    except feature_sets.Refused as why:
        raise Refused(422, "bad_features", str(why)) from why


def _line(line: FeatureSetLine) -> dict[str, Any]:
    names = ("title", "done", "total", "bytes", "chosen", "serving", "learning", "error")
    facts = {name: getattr(line, name) for name in names}
    return {"features": line.name, "probe_share": line.probe_share, **facts}


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
