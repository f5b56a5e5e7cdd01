"""Who calls: a session with its CSRF token, or a bearer token."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import HttpBasicAuth, HttpBearer
from ninja.security.apikey import APIKeyCookie
from ninja.utils import check_csrf

from labeler.projects import tokens
from labeler.projects.models import User


def caller(request: HttpRequest) -> User | AnonymousUser:
    """The user of the bearer token if one is sent, else of the session.

    A bad token is nobody: it never falls back to the session.
    """
    sent = request.headers.get("Authorization")
    if sent is None:
        return request.user
    kind, _, given = sent.partition(" ")
    token = tokens.find(given.strip()) if kind.lower() == "bearer" else None
    return token.user if token else AnonymousUser()


class Bearer(HttpBearer):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = caller(request)
        if not isinstance(user, User):
            return None
        request.user = user
        return user


class Basic(HttpBasicAuth):
    """A user name, which is not looked at, and a token as the password: for tools that have a form
    for nothing else."""

    def authenticate(self, request: HttpRequest, username: str, password: str) -> User | None:
        token = tokens.find(password.strip())
        if token is None:
            return None
        # With limits of tokens (see _let_in in later versions): _let_in(request, token)
        request.user = token.user
        return token.user


class Session(APIKeyCookie):
    """A signed-in browser; unsafe methods need the X-CSRFToken header."""

    param_name = "session"

    def __call__(self, request: HttpRequest) -> Any:
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise HttpError(403, "Send the CSRF token of the session in the X-CSRFToken header.")
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        raise NotImplementedError  # __call__ needs no key: Django has read the cookie
