"""Clusters of a pool: asked for, listed, and the images of one."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.schema import BodySchema
from labeler.exploring import clustered, clusters, surveys, vectors
from labeler.exploring.clustered import Clustered, Sort
from labeler.exploring.models import Survey
from labeler.labeling import together
from labeler.projects.access import project_for
from labeler.projects.models import Project

router = Router(tags=["exploring"])


class ClusterWish(BodySchema):
    """Which feature set to group by (the serving one if left out), and into how many clusters
    (as many as suggested if left out)."""

    features: str | None = None
    k: Annotated[int, Field(ge=clusters.FEWEST, le=clusters.MOST)] | None = None


class SurveyOut(Schema):
    """Work over the whole pool: how far it is."""

    id: int
    state: str
    phase: str
    done: int
    total: int
    error: str


class ClusterOut(Schema):
    """One cluster. `label` is what most say of its images labeled one by one, `purity` their
    share with its 95 % interval `low` to `high`; null while fewer than five were."""

    number: int
    size: int
    unlabeled: int
    judged: int
    label: int | None
    purity: float | None
    low: float | None
    high: float | None


class ClustersOut(Schema):
    """The newest clusters of a feature set. `counts` compares numbers of clusters."""

    survey: int
    features: str
    images: int
    suggested: int
    counts: dict[str, Any]
    clusters: list[ClusterOut]


class MembersOut(Schema):
    """Image ids from the centre out: those that wait for an answer, and those that have one;
    `audit` counts those of the audit sample, which are not told."""

    open: list[int]
    answered: list[int]
    audit: int


@router.post("/projects/{int:project_id}/clusters", response={202: SurveyOut, **ERRORS})
def make_clusters(request: HttpRequest, project_id: int, body: ClusterWish) -> Status[Any]:
    """Group the pool anew, in the background; the work under way if there is some."""
    project = project_for(request.user, project_id, "explore")
    spaces = vectors.spaces_of(project)
    space = next((s for s in spaces if body.features in (None, s.features)), None)
    if space is None:
        words = _("No image has vectors of that feature set yet.")
        raise Refused(409, "no_vectors", words)
    user: Any = request.user
    options = {"k": body.k} if body.k else {}
    return Status(202, surveys.ask(project, user, Survey.Kind.CLUSTERS, space, options))


@router.get("/projects/{int:project_id}/clusters", response={200: ClustersOut, **ERRORS})
def list_clusters(
    request: HttpRequest,
    project_id: int,
    features: Annotated[str | None, Query()] = None,
    sort: Annotated[Sort, Query()] = "unlabeled",
) -> dict[str, Any]:
    """The newest clusters with what people say of them."""
    project = project_for(request.user, project_id, "explore")
    found = _found(project, features)
    facts = found.survey.facts
    return {
        "survey": found.survey.pk, "features": found.survey.features,
        "images": found.survey.images, "suggested": facts["suggested"],
        "counts": facts["counts"], "clusters": clustered.listed(project, found, sort),
    }  # fmt: skip


@router.get(
    "/projects/{int:project_id}/clusters/{int:cluster}", response={200: MembersOut, **ERRORS}
)
def list_cluster_members(
    request: HttpRequest,
    project_id: int,
    cluster: int,
    features: Annotated[str | None, Query()] = None,
) -> Any:
    """The images of one cluster, at most 20,000, the nearest to its centre."""
    project = project_for(request.user, project_id, "explore")
    found = _found(project, features)
    if cluster >= len(found):
        raise Refused(404, "not_found", _("There is no such cluster."))
    return clustered.members(project, found, cluster, together.MOST)


def _found(project: Project, features: str | None) -> Clustered:
    found = clustered.newest(project, features)
    if found is None:
        raise Refused(404, "not_found", _("There are no clusters yet. Ask for some first."))
    return found
