"""Who calls: a session with its CSRF token, or a bearer token."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.security import HttpBasicAuth, HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.utils import check_csrf

from labeler.api import limits
from labeler.projects import tokens
from labeler.projects.models import Token, User

READS = frozenset({"GET", "HEAD", "OPTIONS"})
ASKS = "/predict"  # a POST that changes nothing


class ReadOnly(PermissionDenied):
    """A token that may only read was sent with a change."""


def caller(request: HttpRequest) -> User | AnonymousUser:
    """The user of the bearer token if one is sent, else of the session.

    A bad token is nobody: it never falls back to the session.
    """
    sent = request.headers.get("Authorization")
    if sent is None:
        return request.user
    kind, _sep, given = sent.partition(" ")
    token = tokens.find(given.strip()) if kind.lower() == "bearer" else None
    return token.user if token else AnonymousUser()


class Bearer(HttpBearer):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = caller(request)
        if not isinstance(user, User):
            return None
        _let_in(request, user.token)  # type: ignore[attr-defined]
        request.user = user
        return user


class Basic(HttpBasicAuth):
    """A user name, which is not looked at, and a token as the password: for tools that have a form
    for nothing else."""

    def authenticate(self, request: HttpRequest, username: str, password: str) -> User | None:
        token = tokens.find(password.strip())
        if token is None:
            return None
        _let_in(request, token)
        request.user = token.user
        return token.user


def _let_in(request: HttpRequest, token: Token) -> None:
    """Keep the token to its rate and to reading, if it may only read."""
    limits.spend(("token", token.pk))
    if token.read_only and request.method not in READS and not request.path.endswith(ASKS):
        raise ReadOnly(_("This token may only read. Make one that may also write."))
    tokens.note_use(token)


class Session(APIKeyCookie):
    """A signed-in browser; unsafe methods need the X-CSRFToken header."""

    param_name = "session"

    def __call__(self, request: HttpRequest) -> Any:
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "Send the CSRF token of the session in the X-CSRFToken header.")
        limits.spend(("user", request.user.pk))
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        raise NotImplementedError  # __call__ needs no key: Django has read the cookie
