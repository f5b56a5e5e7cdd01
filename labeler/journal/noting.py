"""Write into the journal.

Whatever changes something of an admin's or owner's calls `note`, in the transaction that changes it
and with before and after. A request that only an admin or owner may make, and that changed
something without a line, gets one from `watch`: so a new route cannot be forgotten.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from labeler.journal.models import Entry

SAFE = ("GET", "HEAD", "OPTIONS")
# Pieces of an upload: its beginning and its end have lines.
QUIET = frozenset({"import_files", "import_upload", "import_uploads"})
LONGEST = 500  # letters of one value


@dataclass
class Scene:
    """The request at hand: whether an admin's right was asked for, and whether a line is there."""

    request: HttpRequest
    address: str
    asked: bool = False
    project: Any = None
    noted: bool = False


_scene: ContextVar[Scene | None] = ContextVar("scene", default=None)


def note(
    act: str,
    *,
    project: Any = None,
    target: object = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    user: Any = None,
) -> Entry | None:
    """Add a line: who did `act` (a word of `words.ACTS`) to `target`; None where nothing changed.

    `before` and `after` hold values by name; those that are the same in both are left out.
    """
    old, new = _differing(before or {}, after or {})
    if before is not None and after is not None and not (old or new):
        return None
    scene = _scene.get()
    person = user
    if scene:
        scene.noted = True
        found = getattr(scene.request, "user", None)
        person = found if found is not None and found.is_authenticated else user
    return Entry.objects.create(
        user=person, who=str(getattr(person, "username", "")), way=_way(scene),
        address=scene.address if scene else "", act=act, target=str(target)[:200],
        project=getattr(project, "pk", None), project_name=str(getattr(project, "name", ""))[:100],
        before=old, after=new,
    )  # fmt: skip


def asked(project: Any = None) -> None:
    """The request at hand needs the right of an admin (of `project`) or of an owner."""
    if scene := _scene.get():
        scene.asked, scene.project = True, project


def watch(
    get_response: Callable[[HttpRequest], HttpResponseBase],
    address_of: Callable[[HttpRequest], str] = lambda request: request.META.get("REMOTE_ADDR", ""),
) -> Callable[..., HttpResponseBase]:
    """Middleware: a line for every change that needed an admin or owner and left none."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method in SAFE:
            return get_response(request)
        scene = Scene(request, address_of(request))
        before = _scene.set(scene)
        try:
            response = get_response(request)
            if scene.asked and not scene.noted and response.status_code < 400:
                _note_route(scene)
            return response
        finally:
            _scene.reset(before)

    return middleware


def _note_route(scene: Scene) -> None:
    found = scene.request.resolver_match
    if found is None or found.url_name in QUIET or "/uploads" in scene.request.path:
        return
    act = f"{scene.request.method} {found.route}" if "api/" in found.route else found.url_name
    given = {
        name: value for name, value in found.kwargs.items() if name not in ("pk", "project_id")
    }
    told = ", ".join(f"{name} {value}" for name, value in given.items())
    note(str(act), project=scene.project, target=told)


def forget(days: int) -> int:
    """Take out the lines older than so many days; 0 keeps them all."""
    if not days:
        return 0
    old = Entry.objects.filter(at__lt=timezone.now() - timedelta(days=days))
    number = old.count()
    old._raw_delete(old.db)
    return number


def _way(scene: Scene | None) -> str:
    if scene is None:
        return "command"
    if "Authorization" in scene.request.headers:
        return "token"
    return "session" if scene.request.path.startswith("/api/") else "page"


def _differing(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in before | after if before.get(name) != after.get(name)]
    return (
        {name: _short(before[name]) for name in names if name in before},
        {name: _short(after[name]) for name in names if name in after},
    )


def _short(value: Any) -> Any:
    plain = value is None or isinstance(value, bool | int | float)
    return value if plain else str(value)[:LONGEST]
