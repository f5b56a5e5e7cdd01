"""A picture that the model got wrong, sent into the pool with its right label."""

from typing import Any, cast
from uuid import uuid4

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema
from ninja.responses import Status

from labeler.api.errors import ERRORS, Refused
from labeler.labeling import answers, handed_in
from labeler.labeling.history import Outcome
from labeler.projects.access import project_for
from labeler.projects.models import User

router = Router(tags=["predictions"])

BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "label"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "label": {"type": "array", "items": {"type": "string"}},
                        "uuid": {"type": "string", "format": "uuid"},
                    },
                }
            }
        },
    }
}


class CorrectionOut(Schema):
    """The image, if the pool has it already, or the number of the import that brings it."""

    image: int | None
    import_number: int | None


@router.post(
    "/projects/{int:project_id}/corrections",
    response={200: CorrectionOut, 201: CorrectionOut, 202: CorrectionOut, **ERRORS},
    openapi_extra=BODY,
)
def send_correction(request: HttpRequest, project_id: int) -> Status[Any]:
    """Send a picture with its right label: `file`, and `label` once for each.

    201: the pool has the picture, and it got the label. 202: an import brings it, which takes an
    admin. On an image of the audit sample the label is kept, never measured against.
    """
    project = project_for(request.user, project_id, "review")
    file = request.FILES.get("file")
    if file is None or set(request.FILES) != {"file"}:
        raise Refused(422, "no_file", _("Send one picture as `file`, and its `label`."))
    user, data = cast(User, request.user), file.read()
    labels = handed_in.names(request.POST.getlist("label"))
    if image := handed_in.known(project, data):
        uuid = request.POST.get("uuid") or uuid4()
        outcome = handed_in.label(project=project, user=user, image=image, uuid=uuid, labels=labels)
        return stored(outcome)
    project = project_for(request.user, project_id, "import")
    try:
        begun = handed_in.bring(
            project=project, user=user, name=file.name or "", data=data, labels=labels
        )
    except answers.Refused as why:
        raise Refused(why.status, why.code, why.detail) from why
    return Status(202, {"image": None, "import_number": begun.number})


def stored(outcome: Outcome) -> Status[Any]:
    """The answer to a label that was stored; raises Refused for one that was not."""
    if outcome.annotation is None:
        raise Refused(outcome.status, outcome.code, outcome.detail)
    return Status(outcome.status, {"image": outcome.annotation.image_id, "import_number": None})
