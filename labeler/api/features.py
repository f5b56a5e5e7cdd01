"""What the model sees of a project's images: how far it is, and learning anew."""

from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.responses import Status

from labeler.api.errors import ERRORS, Refused
from labeler.projects.access import project_for
from labeler.training import feature_fits, feature_states, spaces
from labeler.training.feature_states import FeatureState

router = Router(tags=["training"])


class FeaturesOut(Schema):
    """The features that the project's settings name, and how far they are.

    While `state` is "learning", `done` of `total` are images read or passes over them (`phase`
    says which); while it is "embedding", images. `serving` names the features of the serving
    model where those are others, or older ones of the same name.
    """

    features: str
    state: Literal["waiting", "learning", "embedding", "ready", "failed"]
    detail: str
    phase: str
    done: int
    total: int
    learns: bool
    fingerprint: str
    images: int | None
    dimensions: int | None
    kept: float | None
    losses: list[dict[str, float]]
    bytes: int
    serving: str


@router.get("/projects/{int:project_id}/features", response={200: FeaturesOut, **ERRORS})
def get_features(request: HttpRequest, project_id: int) -> FeatureState:
    """How far the project's features are."""
    project = project_for(request.user, project_id, "see_dashboard")
    return feature_states.of(project)


@router.post("/projects/{int:project_id}/features/learn", response={202: FeaturesOut, **ERRORS})
def learn_features(request: HttpRequest, project_id: int) -> Status[Any]:
    """Let features that learn from the pool learn anew; what they gave before serves meanwhile."""
    project = project_for(request.user, project_id, "set")
    if not spaces.learns(project.features):
        words = _("These features learn nothing; there is nothing to do again.")
        raise Refused(409, "learns_nothing", words)
    user: Any = request.user
    feature_fits.ask(project, project.features, user)
    return Status(202, feature_states.of(project))
