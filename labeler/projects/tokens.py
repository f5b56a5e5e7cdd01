"""Access tokens: let a program act as its user, at most with a role and in one project."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from labeler.projects import secret
from labeler.projects.models import Project, Token, User

PREFIX = "lbl_"  # lets a secret scanner recognise a leaked token
MOST_PER_USER = 100


class TooManyTokens(Exception):
    """The user has as many working tokens as one may have."""


def issue(
    *,
    user: User,
    name: str,
    project: Project | None = None,
    role: str = "admin",
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """A new token and its secret, which is shown once and not kept. Raises TooManyTokens."""
    if working(user).count() >= MOST_PER_USER:
        raise TooManyTokens
    given = PREFIX + secret.new()
    token = Token.objects.create(
        user=user, name=name, project=project, role=role,
        digest=secret.digest(given), expires_at=expires_at,
    )  # fmt: skip
    return token, given


def find(given: str) -> Token | None:
    """The working token with this secret, of an active user; its user carries it as `.token`."""
    if not given.startswith(PREFIX):
        return None
    token = (
        secret.valid(Token, given)
        .filter(revoked_at=None, user__is_active=True)
        .select_related("user")
        .first()
    )
    if token is not None:
        token.user.token = token  # type: ignore[attr-defined]
    return token


def working(user: User) -> "QuerySet[Token]":
    """The user's tokens that are neither revoked nor expired, newest first."""
    mine = Token.objects.filter(user=user, revoked_at=None).exclude(expires_at__lte=timezone.now())
    mine = mine.exclude(project__leaving_at__isnull=False)
    return mine.select_related("project").order_by("-pk")


def revoke(user: User, pk: int) -> bool:
    """Revoke one of the user's tokens; False if there is no such working token."""
    return bool(working(user).filter(pk=pk).update(revoked_at=timezone.now()))


def revoke_all(user: User) -> int:
    """Revoke every token of the user, as after a change of password."""
    return working(user).update(revoked_at=timezone.now())
