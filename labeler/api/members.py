"""Who belongs to a project: members, their roles, invitations."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema
from labeler.projects import invitations, members
from labeler.projects.access import project_for
from labeler.projects.models import Invitation, Membership, Project, User

router = Router(tags=["members"])
MEMBERS = "/projects/{int:project_id}/members"
INVITATIONS = "/projects/{int:project_id}/invitations"
Role = Literal["annotator", "reviewer", "admin"]


class MemberOut(Schema):
    """A member. `active` is false for one who was shut out and keeps name and answers."""

    id: int
    user: str
    name: str
    role: Role
    active: bool
    since: datetime


class MemberList(Schema):
    """A page of members."""

    items: list[MemberOut]
    next: str | None


class MemberChange(BodySchema):
    """Another role, or in and out; what is left out stays."""

    role: Role | None = None
    active: bool | None = None


class NewInvitation(BodySchema):
    """As what, and a note for yourself: for whom it is."""

    role: Role = "annotator"
    note: Annotated[str, Field(max_length=100)] = ""


class InvitationOut(Schema):
    """An invitation that nobody has accepted yet. Its link is shown once, when it is made."""

    id: int
    role: Role
    note: str
    invited_by: str
    expires_at: datetime | None


class InvitationMade(InvitationOut):
    """The invitation with its link; null where a repeated request is answered."""

    link: str | None


class InvitationList(Schema):
    """A page of open invitations."""

    items: list[InvitationOut]
    next: str | None


class Joining(BodySchema):
    """The secret of an invitation: what its link ends with."""

    secret: Annotated[str, Field(min_length=1, max_length=200)]


class Joined(Schema):
    """Where the caller belongs now, and as what."""

    project: int
    name: str
    role: Role


@router.get(MEMBERS, response={200: MemberList, **ERRORS})
def list_members(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """The members of the project, inactive ones too."""
    project = project_for(request.user, project_id, "invite")
    found, more = by_pk(request, project.memberships.select_related("user"), page)
    return {"items": [_member(each) for each in found], "next": more}


@router.patch(f"{MEMBERS}/{{int:member_id}}", response={200: MemberOut, **ERRORS})
def change_member(
    request: HttpRequest, project_id: int, member_id: int, body: MemberChange
) -> dict[str, Any]:
    """Give a member another role, shut them out, or let them in again. One admin always stays."""
    project = project_for(request.user, project_id, "invite")
    try:
        with transaction.atomic():
            if body.role is not None:
                _there(members.change_role(project, member_id, body.role))
            if body.active is not None:
                act = members.reactivate if body.active else members.deactivate
                _there(act(project, member_id))
    except members.LastAdmin as error:
        raise _last() from error
    return _member(_there(_one(project, member_id)))


@router.delete(f"{MEMBERS}/{{int:member_id}}", response={204: None, **ERRORS})
def remove_member(request: HttpRequest, project_id: int, member_id: int) -> Status[None]:
    """Take a member out of the project. Their answers stay."""
    project = project_for(request.user, project_id, "invite")
    try:
        _there(members.remove(project, member_id))
    except members.LastAdmin as error:
        raise _last() from error
    return Status(204, None)


@router.get(INVITATIONS, response={200: InvitationList, **ERRORS})
def list_invitations(request: HttpRequest, project_id: int, page: Query[Page]) -> dict[str, Any]:
    """Invitations that can still be accepted, newest first."""
    project = project_for(request.user, project_id, "invite")
    rows = invitations.open_ones(project).select_related("invited_by")
    found, more = by_pk(request, rows, page, newest=True)
    return {"items": [_invitation(each) for each in found], "next": more}


@router.post(INVITATIONS, response={201: InvitationMade, **ERRORS})
def invite(request: HttpRequest, project_id: int, body: NewInvitation) -> Status[Any]:
    """Make a link that lets one person join within seven days. It is shown this once."""
    project = project_for(request.user, project_id, "invite")
    given = invitations.invite(project=project, by=cast(User, request.user), **body.dict())
    made = invitations.find(given)
    assert made is not None
    link = request.build_absolute_uri(f"/invitations/{given}")
    return Status(201, _invitation(made) | {"link": link})


@router.delete(f"{INVITATIONS}/{{int:invitation_id}}", response={204: None, **ERRORS})
def withdraw_invitation(request: HttpRequest, project_id: int, invitation_id: int) -> Status[None]:
    """Take an open invitation back: its link lets nobody in any more."""
    project = project_for(request.user, project_id, "invite")
    if invitation_id >= 2**63 or not invitations.withdraw(project, invitation_id):
        raise Http404
    return Status(204, None)


@router.post("/invitations/accept", response={200: Joined, **ERRORS})
def accept_invitation(request: HttpRequest, body: Joining) -> dict[str, Any]:
    """Join a project with the secret of an invitation."""
    user = cast(User, request.user)
    token = getattr(user, "token", None)
    if token and token.project_id:
        words = _("This token is for one project; join with one for all of yours.")
        raise Refused(403, "narrow_token", words)
    member = invitations.accept(body.secret, user)
    if member is None:
        raise Http404
    return {"project": member.project_id, "name": member.project.name, "role": member.role}


def _one(project: Project, pk: int) -> Membership | None:
    rows = project.memberships.select_related("user")
    return rows.filter(pk=pk).first() if 0 < pk < 2**63 else None


def _there(member: Membership | None) -> Membership:
    if member is None:
        raise Http404
    return member


def _last() -> Refused:
    words = _("A project needs an active admin. Give somebody else that role first.")
    return Refused(409, "last_admin", words)


def _member(member: Membership) -> dict[str, Any]:
    return {
        "id": member.pk, "user": member.user.username, "name": member.user.get_full_name(),
        "role": member.role, "active": member.deactivated_at is None, "since": member.created_at,
    }  # fmt: skip


def _invitation(made: Invitation) -> dict[str, Any]:
    return {
        "id": made.pk, "role": made.role, "note": made.note,
        "invited_by": made.invited_by.username, "expires_at": made.expires_at,
    }  # fmt: skip
