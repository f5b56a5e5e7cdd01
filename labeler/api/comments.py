"""Comments on images."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router, Schema
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id
from labeler.labeling import comments
from labeler.labeling.answers import Refused as NotTaken
from labeler.projects.access import may, project_for
from labeler.projects.models import User

router = Router(tags=["comments"])
Text = Annotated[str, Field(max_length=2 * comments.LONGEST)]
Uuid = Annotated[str, Field(max_length=36)]


class CommentOut(Schema):
    """A comment on an image; it is open while `resolved_at` is null."""

    uuid: str
    image: int
    user: str
    text: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


class CommentList(Schema):
    """A page of comments, newest first."""

    items: list[CommentOut]
    next: str | None


class Which(Page):
    """Which comments: of one image, open or resolved, or only those that name the caller."""

    image: Id | None = None
    state: Literal["open", "resolved"] | None = None
    named: bool = False


class NewComment(BodySchema):
    """A comment; `uuid` is fresh for each, and makes one of the same comment sent twice."""

    uuid: Uuid
    image: Id
    text: Text


class Resolved(BodySchema):
    """Whether the comment is settled."""

    resolved: bool = True


@router.get("/projects/{int:project_id}/comments", response={200: CommentList, **ERRORS})
def list_comments(request: HttpRequest, project_id: int, asked: Query[Which]) -> dict[str, Any]:
    """Comments, newest first. Annotators see those on images they answered or wrote about."""
    project = project_for(request.user, project_id, "label")
    user = cast(User, request.user)
    allowed = comments.visible(user, may_review=may(user, project, "review"))
    rows = comments.of_project(project).filter(allowed)
    if asked.image is not None:
        rows = rows.filter(image=asked.image)
    if asked.state is not None:
        rows = rows.filter(resolved_at__isnull=asked.state == "open")
    if asked.named:
        rows = rows.filter(mentions__user=user)
    found, after = by_pk(request, rows, asked, newest=True)
    return {"items": [comments.as_dict(each) for each in found], "next": after}


@router.post(
    "/projects/{int:project_id}/comments",
    response={200: CommentOut, 201: CommentOut, **ERRORS},
)
def add_comment(request: HttpRequest, project_id: int, body: NewComment) -> HttpResponse:
    """Remark on an image; `@name` tells a member. 200 when the UUID was seen before."""
    project = project_for(request.user, project_id, "label")
    user = cast(User, request.user)
    try:
        comment, made = comments.add(
            project=project, user=user, image_id=body.image, uuid=body.uuid, text=body.text
        )
    except NotTaken as refused:
        raise Refused(refused.status, refused.code, refused.detail) from refused
    return JsonResponse(comments.as_dict(comment), status=201 if made else 200)


@router.post(
    "/projects/{int:project_id}/comments/{str:uuid}/resolve",
    response={200: CommentOut, **ERRORS},
)
def resolve_comment(
    request: HttpRequest, project_id: int, uuid: str, body: Resolved | None = None
) -> dict[str, Any]:
    """Settle a comment, or with `resolved: false` open it again. Its writer and reviewers may."""
    project = project_for(request.user, project_id, "label")
    user = cast(User, request.user)
    done = body.resolved if body else True
    try:
        found = comments.resolve(
            project=project, user=user, uuid=uuid, done=done,
            may_review=may(user, project, "review"),
        )  # fmt: skip
    except NotTaken as refused:
        raise Refused(refused.status, refused.code, refused.detail) from refused
    return comments.as_dict(found)
