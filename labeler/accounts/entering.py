"""From "this is them" to a session: every way in passes here, and so the second factor."""

import time

from django.contrib.auth import login
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from labeler.accounts import factors
from labeler.projects.models import User

HALF_WAY = "half_way"  # in the session: who gave the first factor, and until when it counts
PASSED = "second_factor"  # in the session: this person gave a second factor, or has one elsewhere
SECONDS = 600
BACKEND = "labeler.projects.sessions.Backend"


def enter(request: HttpRequest, user: User, *, passed: bool = False) -> bool:
    """Sign the person in; False where they must give their second factor first.

    `passed`: whoever vouches for them asks for a second factor by itself.
    """
    if not passed and factors.of(user):
        request.session.flush()  # what was in there was not this person's
        until, proof = int(time.time()) + SECONDS, user.get_session_auth_hash()
        request.session[HALF_WAY] = {"user": user.pk, "until": until, "proof": proof}
        return False
    login(request, user, backend=BACKEND)
    if passed:
        request.session[PASSED] = True
    return True


def waiting(request: HttpRequest) -> User | None:
    """Who has given the first factor here, not long ago."""
    told = request.session.get(HALF_WAY)
    if not told or told["until"] < time.time():
        return None
    user = User.objects.filter(pk=told["user"], is_active=True).first()
    # A new password in between makes the first factor worthless.
    same = user and constant_time_compare(user.get_session_auth_hash(), told["proof"])
    return user if same else None


def finish(request: HttpRequest, user: User) -> None:
    """Sign in who has given both factors."""
    login(request, user, backend=BACKEND)
    request.session.pop(HALF_WAY, None)
    request.session[PASSED] = True
