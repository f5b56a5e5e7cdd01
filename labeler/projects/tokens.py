"""Access tokens: let a program act as its user, at most with a role and in one project."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from labeler.journal import noting
from labeler.projects import secret
from labeler.projects.access import RANK
from labeler.projects.models import Membership, Project, Token, User
from labeler.projects.statements import statement

PREFIX = "lbl_"  # lets a secret scanner recognise a leaked token
MOST_PER_USER = 100
SELDOM = timedelta(minutes=10)  # how exactly `last_used_at` is kept: a request need not write


class TooManyTokens(Exception):
    """The user has as many working tokens as one may have."""


class TooWide(Exception):
    """A token would make one that reaches further than itself."""


def issue(
    *,
    user: User,
    name: str,
    project: Project | None = None,
    role: str = "admin",
    read_only: bool = False,
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """A new token and its secret, which is shown once and not kept. Raises TooManyTokens."""
    if working(user).count() >= MOST_PER_USER:
        raise TooManyTokens
    given = PREFIX + secret.new()
    token = Token.objects.create(
        user=user, name=name, project=project, role=role, read_only=read_only,
        digest=secret.digest(given), expires_at=expires_at,
    )  # fmt: skip
    noting.note("make_token", project=project, target=name, after={"role": role}, user=user)
    return token, given


def find(given: str) -> Token | None:
    """The working token with this secret, of an active user; its user carries it as `.token`."""
    if not given.startswith(PREFIX) or not secret.is_one(given):
        return None
    token = _of.first(secret.digest(given))
    if token is None or (token.expires_at and token.expires_at <= timezone.now()):
        return None
    token.user.token = token  # type: ignore[attr-defined]
    return token


@statement
def _of(digest: str) -> "QuerySet[Token]":
    """The token of this digest, whether it has expired or not."""
    found = Token.objects.filter(digest=digest, used_at=None, revoked_at=None)
    return found.filter(user__is_active=True).select_related("user")


def note_use(token: Token) -> None:
    """Remember that the token was used just now, to within SELDOM."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > SELDOM:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)


def working(user: User) -> "QuerySet[Token]":
    """The user's tokens that are neither revoked nor expired, newest first.

    A user who came with a token has those that reach no further than it: itself is one of them.
    """
    mine = Token.objects.filter(user=user, revoked_at=None).exclude(expires_at__lte=timezone.now())
    mine = mine.exclude(project__leaving_at__isnull=False)
    mine = mine.select_related("project").order_by("-pk")
    by: Token | None = getattr(user, "token", None)
    if by is None:
        return mine
    lower = [role for role in Membership.Role.values if RANK[role] <= RANK[by.role]]
    mine = mine.filter(role__in=lower)
    if by.project_id:
        mine = mine.filter(project=by.project_id)
    if by.read_only:
        mine = mine.filter(read_only=True)
    return mine.filter(Q(expires_at__lte=by.expires_at)) if by.expires_at else mine


def narrow(
    by: Token | None,
    *,
    project: Project | None,
    role: str,
    read_only: bool,
    expires_at: datetime | None,
) -> None:
    """Check that a token that `by` asks for reaches no further than it. Raises TooWide."""
    if by is None:
        return
    wider = (
        RANK[role] > RANK[by.role]
        or (by.project_id and by.project_id != (project.pk if project else None))
        or (by.read_only and not read_only)
        or (by.expires_at and (expires_at is None or expires_at > by.expires_at))
    )
    if wider:
        raise TooWide


def revoke(user: User, pk: int) -> bool:
    """Revoke one of the user's tokens; False if there is no such working token."""
    token = working(user).filter(pk=pk).first()
    revoked = bool(working(user).filter(pk=pk).update(revoked_at=timezone.now()))
    if token and revoked:
        noting.note("revoke_token", project=token.project, target=token.name, user=user)
    return revoked


def revoke_all(user: User) -> int:
    """Revoke every token of the user, as after a change of password."""
    return working(user).update(revoked_at=timezone.now())
