"""Pictures for browsers that are signed in, answered before the rest of the program is asked.

A page of the grid fetches fifty pictures, and each of them would pay for a session, a person, a
CSRF token, messages and a role, looked up one by one. Here the same is asked of the database in two
look-ups: whether the session is alive, and whether its person is active, knows the password's
hash and belongs to the image's project. Nothing is remembered but what follows from the bytes
alone, so a sign-out, a change of password and a role taken away count with the next request, in
every process. Whatever is not plainly allowed goes the long way, which says why.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare

from labeler.pools import serving
from labeler.pools.models import Image
from labeler.pools.storage import SIZES
from labeler.projects.models import Membership, User
from labeler.projects.sessions import SessionStore, stored
from labeler.projects.statements import statement

PICTURE = re.compile(r"/images/([1-9][0-9]{0,17})/(thumb|screen|original)", re.ASCII)
KNOWN = 4096  # sessions and passwords whose digests are kept

Handler = Callable[[HttpRequest], HttpResponseBase]


def pictures(get_response: Handler) -> Handler:
    """Middleware: the picture, or whatever the rest of the program says."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        asked = PICTURE.fullmatch(request.path_info)
        if asked and request.method in ("GET", "HEAD"):
            request.get_host()  # a name that is not ours is refused, here as elsewhere
            if image := _allowed(request, int(asked[1])):
                return _answer(request, image, asked[2]) or get_response(request)
        return get_response(request)

    return middleware


def _answer(request: HttpRequest, image: Image, size: str) -> HttpResponseBase | None:
    wish = SIZES[SIZES.index(size)]  # type: ignore[arg-type]
    try:
        response = serving.response(request, image, wish)
    except Http404:
        return None
    response["X-Frame-Options"] = settings.X_FRAME_OPTIONS
    response["Permissions-Policy"] = settings.PERMISSIONS_POLICY
    patch_vary_headers(response, ("Cookie",))
    return response


def _allowed(request: HttpRequest, pk: int) -> Image | None:
    """The image, if the session's person may see it."""
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if not key or "Authorization" in request.headers:
        return None
    told = stored(key)
    session = _read(told) if told else None
    if session is None:
        return None
    user, digest = session
    image: Any = _seen_by.first(pk, user)
    if image is None or not image.password or not (image.member or image.owner):
        return None
    return image if constant_time_compare(digest, _digest(image.password)) else None


@lru_cache(KNOWN)
def _read(told: str) -> tuple[int, str] | None:
    """(user id, digest of the password) of what a session holds, if it is signed by us."""
    held = SessionStore().decode(told)
    if held.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    if settings.SECOND_FACTOR != "optional" and not held.get("second_factor"):
        return None  # the long way knows whether this person needs one
    try:
        return int(held[SESSION_KEY]), str(held[HASH_SESSION_KEY])
    except (KeyError, ValueError):
        return None


@lru_cache(KNOWN)
def _digest(password: str) -> str:
    """What a session holds of a password's hash; it differs once the password is changed."""
    return User(password=password).get_session_auth_hash()


@statement
def _seen_by(image: int, user: int) -> "QuerySet[Image]":
    person = User.objects.filter(pk=user, is_active=True)
    mine = Membership.objects.filter(user=user, project=OuterRef("project"), deactivated_at=None)
    return (
        Image.objects.filter(pk=image, project__leaving_at=None)
        .annotate(
            password=Subquery(person.values("password")),
            owner=Subquery(person.values("is_superuser")),
            member=Exists(mine),
        )
        .only("project_id", "sha256", "format", "in_place", "address")
    )
