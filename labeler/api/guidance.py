"""Instructions and the examples beside them."""

from typing import Annotated, Any, Literal, cast

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS
from labeler.api.schema import BodySchema, Id
from labeler.labeling import examples, instructions
from labeler.projects.access import project_for
from labeler.projects.models import Label, User

router = Router(tags=["instructions"])
PATH = "/projects/{int:project_id}/instructions"
EXAMPLES = "/projects/{int:project_id}/examples"


class ExampleOut(Schema):
    """An image that shows what a label means."""

    id: int
    label: int
    image: int
    name: str


class Guidance(Schema):
    """The text, whether the caller has read it ("", "new" or "changed"), and the examples."""

    text: str
    unseen: str
    examples: list[ExampleOut]


class NewExamples(BodySchema):
    """Images that show what the label means; no audit and no gold images."""

    label: Id
    images: Annotated[list[Id], Field(min_length=1, max_length=examples.MOST)]


class Move(BodySchema):
    """Towards the front of its row, or the end."""

    to: Literal["left", "right"]


@router.get(PATH, response={200: Guidance, **ERRORS})
def get_instructions(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """What people read before they label. `instructions` of the project changes the text."""
    project = project_for(request.user, project_id, "label")
    rows = [row for _, found in examples.of_project(project) for row in found]
    return {
        "text": project.instructions,
        "unseen": instructions.unseen(project, cast(User, request.user)),
        "examples": [
            {"id": row.pk, "label": row.label_id, "image": row.image_id, "name": row.image.name}
            for row in rows
        ],
    }


@router.post(f"{PATH}/seen", response={204: None, **ERRORS})
def see_instructions(request: HttpRequest, project_id: int) -> Status[None]:
    """The caller has read them."""
    project = project_for(request.user, project_id, "label")
    instructions.see(project, cast(User, request.user))
    return Status(204, None)


@router.post(EXAMPLES, response={201: Guidance, **ERRORS})
def add_examples(request: HttpRequest, project_id: int, body: NewExamples) -> Status[Any]:
    """Put images behind the examples of a label."""
    project = project_for(request.user, project_id, "review")
    label = Label.objects.filter(project=project, retired=False, pk=body.label).first()
    if label is None:
        raise Http404
    examples.add(label=label, image_ids=body.images)
    return Status(201, get_instructions(request, project_id))


@router.post(f"{EXAMPLES}/{{int:example_id}}/move", response={200: Guidance, **ERRORS})
def move_example(
    request: HttpRequest, project_id: int, example_id: int, body: Move
) -> dict[str, Any]:
    """Move an example by one place; at the end of its row it stays."""
    project = project_for(request.user, project_id, "review")
    examples.move(project, min(example_id, 2**63 - 1), -1 if body.to == "left" else 1)
    return get_instructions(request, project_id)


@router.delete(f"{EXAMPLES}/{{int:example_id}}", response={204: None, **ERRORS})
def remove_example(request: HttpRequest, project_id: int, example_id: int) -> Status[None]:
    """Take an example away; the image and its answers stay."""
    project = project_for(request.user, project_id, "review")
    if not examples.remove(project, min(example_id, 2**63 - 1)):
        raise Http404
    return Status(204, None)
