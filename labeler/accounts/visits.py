"""A person's sessions: listed, ended one by one, and never older than the settings allow."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from labeler.accounts import addresses
from labeler.accounts.models import Visit
from labeler.projects.models import User

BEGAN, SEEN = "began", "seen"  # in the session: seconds since 1970


def begin(request: HttpRequest, user: User) -> None:
    """Note the session that has just begun, or was given a new key."""
    now = int(timezone.now().timestamp())
    request.session[BEGAN] = request.session.get(BEGAN, now)
    request.session[SEEN] = now
    Visit.objects.get_or_create(
        key=str(request.session.session_key),
        defaults={
            "user": user, "browser": request.META.get("HTTP_USER_AGENT", "")[:200],
            "address": addresses.client(request),
        },
    )  # fmt: skip


def of(user: User) -> "QuerySet[Visit]":
    """The person's living sessions, newest first."""
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return Visit.objects.filter(user=user, key__in=living).order_by("-pk")


def end(user: User, pk: int) -> bool:
    """Sign the person out there; False if there is no such session of theirs."""
    return bool(0 < pk < 2**63 and _end(Visit.objects.filter(user=user, pk=pk)))


def end_all(user: User, *, but: str | None = None) -> int:
    """Sign the person out everywhere, but in the session with the key `but`."""
    return _end(Visit.objects.filter(user=user).exclude(key=but or ""))


def _end(visits: "QuerySet[Visit]") -> int:
    keys = list(visits.values_list("key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return Visit.objects.filter(key__in=keys).delete()[0]


def forget_ended() -> int:
    """Remove the sessions that ended by themselves, and what was noted about them."""
    Session.objects.filter(expire_date__lte=timezone.now()).delete()
    there = Session.objects.values("session_key")
    return Visit.objects.exclude(key__in=there).delete()[0]


def ages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., Any]:
    """Middleware: end sessions that are too old; keep those alive in which somebody works.

    Django ends a session so long after it was last stored. It is stored again when a tenth of the
    time has gone by: labeling for hours must not end in a sign-in, nor write a row per label.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        session = request.session
        if settings.SESSION_COOKIE_NAME in request.COOKIES and "_auth_user_id" in session:
            now = timezone.now().timestamp()
            if now - session.get(BEGAN, now) > settings.SESSION_LONGEST:
                logout(request)
            elif now - session.get(SEEN, 0) > settings.SESSION_COOKIE_AGE / 10:
                session.setdefault(BEGAN, int(now))
                session[SEEN] = int(now)
        return get_response(request)

    return middleware
