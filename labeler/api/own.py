"""The caller: who it is, own settings, own tokens, own keys, comments that name one."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from labeler.api.comments import CommentOut
from labeler.api.errors import ERRORS, Refused
from labeler.api.paging import Page, by_pk
from labeler.api.schema import BodySchema, Id
from labeler.labeling import comments, mentions, questions
from labeler.projects import keys, languages, secret, tokens
from labeler.projects.access import project_for, projects_of
from labeler.projects.models import Token, User

router = Router(tags=["me"])
KEYS = "/projects/{int:project_id}/keys"
Role = Literal["annotator", "reviewer", "admin"]


class TokenOut(Schema):
    """An access token, without its secret. `last_used_at` is true to ten minutes."""

    id: int
    name: str
    project: int | None
    role: Role
    read_only: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenMade(TokenOut):
    """The token with its secret, this once; null where a repeated request is answered."""

    token: str | None


class TokenList(Schema):
    """A page of tokens, newest first."""

    items: list[TokenOut]
    next: str | None


class NewToken(BodySchema):
    """What for, how far it reaches, and for how many days; 0: until it is revoked."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    project: Id | None = None
    role: Role = "admin"
    read_only: bool = False
    days: Annotated[int, Field(ge=0, le=36_500)] = 90


class Me(Schema):
    """The caller. `token` is the one that this request came with; null for a session."""

    id: int
    user: str
    name: str
    owner: bool
    language: str | None
    letter_keys: bool
    suggestions: bool
    unread: int
    token: TokenOut | None


class MyChange(BodySchema):
    """What shall be otherwise; what is left out stays."""

    name: Annotated[str, Field(max_length=60)] = ""
    language: Literal["en", "ja"] = "en"
    letter_keys: bool = True
    suggestions: bool = True


class Keys(Schema):
    """{label id, or unsure, not_applicable, broken, undo: key}. `own`: some are the caller's."""

    keys: dict[str, str]
    own: bool


class KeysWish(BodySchema):
    """The caller's keys; names that are left out keep the project's."""

    keys: Annotated[dict[str, Annotated[str, Field(max_length=10)]], Field(max_length=5_010)]


class MentionOut(Schema):
    """A comment that names the caller."""

    id: int
    project: int
    seen_at: datetime | None
    comment: CommentOut


class MentionList(Schema):
    """A page of mentions, newest first."""

    items: list[MentionOut]
    next: str | None


class Seen(BodySchema):
    """Which mentions were seen; all of them if left out."""

    mentions: Annotated[list[Id], Field(max_length=200)] | None = None


class Unread(Schema):
    """How many mentions are left."""

    unread: int


@router.get("/me", response={200: Me, **ERRORS})
def get_me(request: HttpRequest) -> dict[str, Any]:
    """Who the caller is, and what the token that was sent may do."""
    return _me(_user(request))


@router.patch("/me", response={200: Me, **ERRORS})
def change_me(request: HttpRequest, body: MyChange) -> dict[str, Any]:
    """Change one's own name, language, and how the Label page works. Passwords are for the page."""
    user, sent = _user(request), body.dict(exclude_unset=True)
    if "name" in sent:
        user.first_name, user.last_name = sent.pop("name").strip(), ""
    if "suggestions" in sent:
        user.settings[questions.HIDDEN] = not sent.pop("suggestions")
    user.settings |= sent
    user.save(update_fields=["first_name", "last_name", "settings"])
    return _me(user)


@router.get("/tokens", response={200: TokenList, **ERRORS})
def list_tokens(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """The caller's working tokens; to a token, those that reach no further than itself."""
    found, more = by_pk(request, tokens.working(_user(request)), page, newest=True)
    return {"items": [_token(each) for each in found], "next": more}


@router.post("/tokens", response={201: TokenMade, **ERRORS})
def create_token(request: HttpRequest, body: NewToken) -> Status[Any]:
    """Make a token. Its secret is shown this once; a token makes none wider than itself."""
    user, by = _user(request), getattr(request.user, "token", None)
    project = None
    if body.project is not None:
        project = projects_of(user).filter(pk=body.project).first()
        if project is None:
            raise Refused(422, "unknown_project", _("You are in no such project."))
    wish: dict[str, Any] = {
        "project": project, "role": body.role, "read_only": body.read_only,
        "expires_at": secret.in_days(body.days) if body.days else None,
    }  # fmt: skip
    try:
        tokens.narrow(by, **wish)
        made, given = tokens.issue(user=user, name=body.name, **wish)
    except tokens.TooWide as error:
        words = _("A token makes none that reaches further or lasts longer than itself.")
        raise Refused(403, "too_wide", words) from error
    except tokens.TooManyTokens as error:
        words = _("You have 100 tokens. Revoke one you no longer use.")
        raise Refused(409, "too_many_tokens", words) from error
    return Status(201, _token(made) | {"token": given})


@router.delete("/tokens/{int:token_id}", response={204: None, **ERRORS})
def revoke_token(request: HttpRequest, token_id: int) -> Status[None]:
    """Make a token worthless, from the next request on."""
    if token_id >= 2**63 or not tokens.revoke(_user(request), token_id):
        raise Http404
    return Status(204, None)


@router.get(KEYS, response={200: Keys, **ERRORS})
def get_keys(request: HttpRequest, project_id: int) -> dict[str, Any]:
    """The keys of the Label page, as the caller has them in the project."""
    project = project_for(request.user, project_id, "label")
    user, given = _user(request), keys.labels_of(project)
    now = keys.keys_for(user, project, given, ignore_letters=True)
    return {"keys": now.as_dict(), "own": keys.has_own(user, project)}


@router.put(KEYS, response={200: Keys, **ERRORS})
def choose_keys(request: HttpRequest, project_id: int, body: KeysWish) -> dict[str, Any]:
    """Move keys, for the caller alone; an empty object goes back to the project's."""
    project = project_for(request.user, project_id, "label")
    standard = keys.standard_keys(keys.labels_of(project))
    if unknown := sorted(set(body.keys) - set(standard)):
        words = _("This project has no label %(name)s.") % {"name": unknown[0][:40]}
        raise Refused(422, "unknown_label", words)
    try:
        keys.choose(_user(request), project, {**standard, **body.keys})
    except keys.KeysRefused as refused:
        raise Refused(422, "bad_keys", str(refused)) from refused
    return get_keys(request, project_id)


@router.get("/me/mentions", response={200: MentionList, **ERRORS})
def list_mentions(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """Comments that name the caller, in all projects, newest first."""
    rows = mentions.of_user(_user(request)).select_related(
        "comment__user", "comment__image", "comment__project", "comment__resolved_by"
    )
    found, more = by_pk(request, rows, page, newest=True)
    items = [
        {"id": each.pk, "project": each.comment.project_id, "seen_at": each.seen_at,
         "comment": comments.as_dict(each.comment)}
        for each in found
    ]  # fmt: skip
    return {"items": items, "next": more}


@router.post("/me/mentions/seen", response={200: Unread, **ERRORS})
def see_mentions(request: HttpRequest, body: Seen) -> dict[str, int]:
    """The caller has seen these mentions, or all."""
    user = _user(request)
    mentions.see(user, body.mentions)
    return {"unread": mentions.unread(user)}


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)


def _me(user: User) -> dict[str, Any]:
    token: Token | None = getattr(user, "token", None)
    language = user.settings.get("language")
    return {
        "id": user.pk, "user": user.username, "name": user.get_full_name(),
        "owner": user.is_superuser,
        "language": language if language in languages.CODES else None,
        "letter_keys": bool(user.settings.get(keys.LETTERS, True)),
        "suggestions": not user.settings.get(questions.HIDDEN, False),
        "unread": mentions.unread(user), "token": _token(token) if token else None,
    }  # fmt: skip


def _token(token: Token) -> dict[str, Any]:
    names = ("name", "role", "read_only", "created_at", "expires_at", "last_used_at")
    facts = {name: getattr(token, name) for name in names}
    return {"id": token.pk, "project": token.project_id, **facts}
