"""Which language a person reads: her own choice, this browser's, or what the browser asks for."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.functional import LazyObject

from labeler.projects.models import User

YEAR = 365 * 24 * 60 * 60  # seconds
CODES = tuple(code for code, _ in settings.LANGUAGES)


class Language:
    """Middleware: every answer in the person's language.

    The cookie decides, so that most requests need no look-up. Without one, a signed-in person's
    setting does, and else `Accept-Language`. Once her setting is known, the cookie follows it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            if response.headers.get("Content-Type", "").startswith("text/html"):
                self._tell(request, response)
            return response

    def _tell(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers.setdefault("Content-Language", translation.get_language())
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        chosen = of_user(_loaded_user(request))
        known = (request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME), "")
        if chosen not in known and settings.LANGUAGE_COOKIE_NAME not in response.cookies:
            remember(response, chosen)

    def process_view(self, request: HttpRequest, *args: object) -> None:
        """Without a cookie, ask for the setting of whoever is signed in; pages only."""
        if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or request.path.startswith("/api/"):
            return
        if settings.SESSION_COOKIE_NAME in request.COOKIES and hasattr(request, "user"):
            chosen = of_user(request.user if request.user.is_authenticated else None)
            if chosen:
                translation.activate(chosen)


def of_user(user: object) -> str:
    """The language that the person chose, or ""."""
    chosen = user.settings.get("language", "") if isinstance(user, User) else ""
    return chosen if chosen in CODES else ""


def remember(response: HttpResponseBase, language: str) -> None:
    """Let this browser keep the language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax",
        secure=settings.HTTPS, httponly=True,
    )  # fmt: skip


def _loaded_user(request: HttpRequest) -> object:
    """Who is signed in, if this request has asked for it anyway; asks the database nothing."""
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):
        return request.__dict__.get("_cached_user")
    return user


def words_version(language: str) -> str:
    """A mark of the catalog for scripts, new whenever its words are. "" where there is none."""
    if language not in _versions:
        _versions[language] = _digest(language)
    return _versions[language]


_versions: dict[str, str] = {}


def _digest(language: str) -> str:
    files = [
        Path(folder) / language / "LC_MESSAGES" / "djangojs.mo" for folder in settings.LOCALE_PATHS
    ]
    there = [file.read_bytes() for file in files if file.is_file()]
    return sha256(b"".join(there)).hexdigest()[:12] if there else ""
