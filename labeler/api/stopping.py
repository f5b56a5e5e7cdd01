"""Stop tests, declared before it is known how they end."""

from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router
from ninja.responses import Status
from pydantic import AfterValidator, Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.learning import StopTestOut, stop_test_as_dict
from labeler.api.schema import BodySchema, Id
from labeler.evaluation import stop_tests
from labeler.evaluation.learning_forms import CONFIDENCES
from labeler.projects.access import project_for
from labeler.projects.models import Label, User

router = Router(tags=["metrics"])
PATH = "/projects/{int:project_id}/stop-test"
LOOKS = 10  # as many as ml.stopping corrects for


def _known(value: float) -> float:
    if value not in CONFIDENCES:
        raise ValueError(f"The confidence is one of {CONFIDENCES}.")
    return value


Confidence = Annotated[
    float, AfterValidator(_known), Field(json_schema_extra={"enum": [*CONFIDENCES]})
]


class Plan(BodySchema):
    """Which figure must reach which target, how surely, and at how many looks, how far apart."""

    measure: Literal["macro_f1", "precision", "recall"] = "macro_f1"
    label: Id | None = None
    target: Annotated[float, Field(ge=0.01, le=0.999)] = 0.9
    confidence: Confidence = 0.95
    looks: Annotated[int, Field(ge=1, le=LOOKS)] = 5
    every: Annotated[int, Field(ge=10, le=1_000_000)] = 100


@router.post(PATH, response={201: StopTestOut, **ERRORS})
def declare_stop_test(request: HttpRequest, project_id: int, body: Plan) -> Status[Any]:
    """Declare a stop test; its first look comes `every` labels from now."""
    project = project_for(request.user, project_id, "review")
    mine = Label.objects.filter(project=project, retired=False)
    label = mine.filter(pk=body.label).first() if body.label else None
    if body.measure != "macro_f1" and label is None:
        raise Refused(422, "unknown_label", _("Say of which label."))
    plan = body.dict() | {"label": None if body.measure == "macro_f1" else label}
    try:
        test = stop_tests.declare(project, cast(User, request.user), **plan)
    except stop_tests.NotDeclared as error:
        words = _("A stop test is under way. Withdraw it before you plan another.")
        raise Refused(409, "under_way", words) from error
    return Status(201, stop_test_as_dict(test))


@router.delete(PATH, response={204: None, **ERRORS})
def withdraw_stop_test(request: HttpRequest, project_id: int) -> Status[None]:
    """End the open stop test unfinished; it stays in the count."""
    project = project_for(request.user, project_id, "review")
    if not stop_tests.withdraw(project):
        raise Refused(404, "not_found", _("No stop test is under way."))
    return Status(204, None)
