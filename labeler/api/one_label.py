"""One label: read it, change it."""

from typing import Annotated, cast

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from labeler.api import etags
from labeler.api.errors import ERRORS
from labeler.api.labels import LabelOut, facts
from labeler.api.schema import BodySchema
from labeler.projects import labels
from labeler.projects.access import project_for
from labeler.projects.models import Label, Project, User

router = Router(tags=["labels"])
PATH = "/projects/{int:project_id}/labels/{int:label_id}"
Text = Annotated[str, Field(max_length=1_000)]  # the rules proper are in `labels`


class LabelChange(BodySchema):
    """What shall be otherwise; what is left out or null stays. `retired` takes it out of use."""

    name: Text | None = None
    key: Text | None = None
    colour: Text | None = None
    retired: bool | None = None


@router.get(PATH, response={200: LabelOut, **ERRORS})
def get_label(
    request: HttpRequest, response: HttpResponse, project_id: int, label_id: int
) -> Label:
    """One label. Its `ETag` is what `If-Match` of a change takes."""
    project = project_for(request.user, project_id, "label")
    return _tagged(response, _label(project, label_id))


@router.patch(PATH, response={200: LabelOut, **ERRORS})
def change_label(
    request: HttpRequest, response: HttpResponse, project_id: int, label_id: int, body: LabelChange
) -> Label:
    """Rename a label, move its key, change its colour, retire it or bring it back."""
    project = project_for(request.user, project_id, "set")
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        label = _label(project, label_id)
        etags.check(request, etags.tag(facts(label)))
        labels.store(project, [_wish(label, body)], user=cast(User, request.user))
    return _tagged(response, _label(project, label_id))


def _wish(label: Label, body: LabelChange) -> labels.Wish:
    now = {name: getattr(label, name) for name in ("name", "key", "colour", "retired")}
    changed = {name: value for name, value in body.dict().items() if value is not None}
    return labels.Wish(**{**now, **changed}, pk=label.pk)


def _label(project: Project, pk: int) -> Label:
    found = Label.objects.filter(project=project, pk=min(pk, 2**63 - 1)).first()
    if found is None:
        raise Http404
    return found


def _tagged(response: HttpResponse, label: Label) -> Label:
    response["ETag"] = etags.tag(facts(label))
    return label
