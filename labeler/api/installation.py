"""The installation: its accounts, for its owner, and whether its workers are up."""

from datetime import datetime
from typing import Any, Literal, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema

from labeler.accounts import leaving
from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.quality import Line
from labeler.api.schema import BodySchema, QuerySchema
from labeler.evaluation import status
from labeler.projects import accounts
from labeler.projects.models import User

router = Router(tags=["installation"])


class AccountOut(Schema):
    """Somebody's account. `projects`: how many they can come into."""

    id: int
    user: str
    name: str
    owner: bool
    active: bool
    last_login: datetime | None
    projects: int


class AccountList(Schema):
    """A page of accounts."""

    items: list[AccountOut]
    next: str | None


class AccountChange(BodySchema):
    """Whether they may come in."""

    active: bool


class LeavingWish(QuerySchema):
    """What becomes of the answers."""

    answers: Literal["keep", "delete"] = "keep"


class Left(Schema):
    """What the account is called now; answers that are kept are under this name."""

    user: str


@router.get("/accounts", response={200: AccountList, **ERRORS})
def list_accounts(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """Everybody who has an account; for the owner of the installation."""
    owner_of(request)
    found, after = by_pk(request, User.objects.all(), page)
    return {"items": [_account(person) for person in found], "next": after}


@router.patch("/accounts/{int:account_id}", response={200: AccountOut, **ERRORS})
def change_account(request: HttpRequest, account_id: int, body: AccountChange) -> dict[str, Any]:
    """Shut somebody out of the installation, or let them in again. Their answers stay."""
    owner = owner_of(request)
    try:
        if body.active:
            person = accounts.reactivate(account_id)
        else:
            person = accounts.deactivate(account_id, by=owner)
    except accounts.OwnAccount as error:
        words = _("Another owner can deactivate your account, but not you.")
        raise Refused(409, "own_account", words) from error
    if person is None:
        raise Http404
    return _account(person)


@router.delete("/accounts/{int:account_id}", response={200: Left, **ERRORS})
def delete_account(
    request: HttpRequest, account_id: int, wish: Query[LeavingWish]
) -> dict[str, str]:
    """Delete an account for good. `answers=delete` lets a worker take out the answers, too."""
    owner = owner_of(request)
    person = User.objects.filter(pk=min(account_id, 2**63 - 1)).first()
    if person is None:
        raise Http404
    if person.pk == owner.pk:
        words = _("Another owner can delete your account, but not you.")
        raise Refused(409, "own_account", words)
    try:
        return {"user": leaving.delete(person, by=owner, answers=wish.answers)}
    except leaving.LastOwner as error:
        words = _("This is the last owner. Make another one first.")
        raise Refused(409, "last_owner", words) from error


@router.get("/status", response={200: Line, **ERRORS})
def installation_status(request: HttpRequest) -> status.Line:
    """Whether workers are up, in a few words."""
    return status.of_installation()


def owner_of(request: HttpRequest) -> User:
    """The owner; a token of theirs only if it is for everything."""
    user = cast(User, request.user)
    token = getattr(user, "token", None)
    narrow = token and (token.project_id or token.role != "admin")
    if not user.is_superuser or narrow:
        raise PermissionDenied(_("This is for the owner of the installation."))
    return user


def _account(person: User) -> dict[str, Any]:
    places = person.memberships.filter(deactivated_at=None, project__leaving_at=None)
    return {
        "id": person.pk, "user": person.username, "name": person.get_full_name(),
        "owner": person.is_superuser, "active": person.is_active,
        "last_login": person.last_login, "projects": places.count(),
    }  # fmt: skip
