"""Who may do what: every route, every method, every caller, against one table.

A route without a row fails, and so does a row without a route. A refused call changes nothing.
"""

import hashlib
import re
from dataclasses import dataclass

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from labeler.api.docs import document
from labeler.projects.models import User

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
RANK = {"annotator": 1, "reviewer": 2, "admin": 3}


@dataclass(frozen=True)
class Row:
    """Who may: a role in the project, "owner", "creator", "any" (signed in) or "public".

    ok: further answers, beside success and a clear complaint about the body, that mean "let in".
    """

    who: str
    body: object = None  # a dict is a form, or JSON under api/
    ok: tuple[int, ...] = ()


P, A = "projects/<int:pk>", "api/v1/projects/<int:project_id>"
ANSWER = {"uuid": "123e4567-e89b-42d3-a456-426614174000", "item": 1, "skip": "unsure"}
PAGE = {"batch": ANSWER["uuid"], "answers": [ANSWER]}
COMMENT = {"uuid": ANSWER["uuid"], "image": 1, "text": "Which is it?"}
TABLE = {
    # people
    "GET ": Row("any"),
    "GET sign-in": Row("public"),
    "POST sign-in": Row("public"),
    "GET sign-in/<str:secret>": Row("public", ok=(404,)),
    "POST sign-out": Row("public"),
    "GET invitations/<str:secret>": Row("public", ok=(404,)),
    "POST invitations/<str:secret>": Row("public", ok=(404,)),
    "POST invitations/<str:secret>/join": Row("any", ok=(404,)),
    "POST language": Row("public"),
    "GET words/<str:language>/<str:version>.js": Row("public", ok=(404,)),
    "GET me": Row("any"),
    "POST me": Row("any"),
    "GET me/password": Row("any"),
    "POST me/password": Row("any"),
    "GET me/tokens": Row("any"),
    "POST me/tokens": Row("any"),
    "POST me/tokens/<int:pk>/revoke": Row("any", ok=(404,)),
    "GET status": Row("any"),
    # projects
    "GET projects/new": Row("creator"),
    "POST projects/new": Row("creator"),
    "GET projects/labels.css": Row("any"),
    f"GET {P}/labels.css": Row("annotator"),
    f"GET {P}/members": Row("admin"),
    f"POST {P}/members": Row("admin", {"role": "reviewer"}),
    f"POST {P}/members/<int:member>/role": Row("admin", {"role": "reviewer"}),
    f"POST {P}/members/<int:member>/remove": Row("admin"),
    f"POST {P}/members/<int:member>/deactivate": Row("admin"),
    f"POST {P}/members/<int:member>/reactivate": Row("admin"),
    f"POST {P}/invitations/<int:invitation>/withdraw": Row("admin"),
    f"GET {P}/labels/history": Row("reviewer"),
    f"GET {P}/labels/<int:label>": Row("admin"),
    f"POST {P}/labels/<int:label>": Row("admin", {"names": "one\ntwo"}),
    f"GET {P}/keys": Row("annotator"),
    f"POST {P}/keys": Row("annotator"),
    f"GET {P}/settings": Row("admin"),
    f"POST {P}/settings": Row("admin", {"name": "Mine now"}),
    f"POST {P}/settings/archive": Row("admin"),
    f"POST {P}/settings/reopen": Row("admin"),
    f"POST {P}/settings/duplicate": Row("admin", {"name": "Leaves again"}),
    f"GET {P}/storage": Row("admin"),
    f"POST {P}/settings/delete": Row("admin", {"name": "Leaves"}),
    # pools
    "GET images/<int:image>/about": Row("annotator"),
    "GET images/<int:image>/<str:size>": Row("annotator"),
    f"GET {P}/import": Row("admin"),
    f"POST {P}/import": Row("admin"),
    f"GET {P}/import/runs": Row("admin"),
    f"POST {P}/import/begin": Row("admin", {"folders": "ignore"}),
    f"GET {P}/import/<int:number>": Row("admin"),
    f"POST {P}/import/<int:number>/files": Row("admin"),
    f"GET {P}/import/unfinished": Row("admin"),
    f"GET {P}/import/<int:number>/uploads": Row("admin"),
    f"POST {P}/import/<int:number>/uploads": Row("admin"),
    f"POST {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404, 405)),
    f"PATCH {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404,)),
    f"DELETE {P}/import/<int:number>/uploads/<uuid:uuid>": Row("admin", ok=(404,)),
    f"POST {P}/import/<int:number>/seal": Row("admin"),
    f"GET {P}/import/<int:number>/review": Row("admin"),
    f"POST {P}/import/<int:number>/decide": Row("admin"),
    f"POST {P}/import/<int:number>/pause": Row("admin"),
    f"POST {P}/import/<int:number>/go-on": Row("admin"),
    f"POST {P}/import/<int:number>/cancel": Row("admin"),
    f"POST {P}/import/<int:number>/again": Row("admin"),
    f"GET {P}/import/<int:number>/refused.csv": Row("admin"),
    f"GET {P}/import/<int:number>/report.csv": Row("admin"),
    f"GET {P}/import/<int:number>/report.json": Row("admin"),
    f"POST {P}/import/origins/<int:origin>/new": Row("admin", ok=(404,)),
    # labeling
    f"GET {P}/label": Row("annotator"),
    f"POST {P}/label": Row("annotator"),
    f"GET {P}/label/state": Row("annotator"),
    f"GET {P}/label/answers": Row("annotator"),
    f"POST {P}/label/keep": Row("annotator"),
    f"POST {P}/label/release": Row("annotator"),
    f"POST {P}/label/suggestions": Row("annotator"),
    f"GET {P}/images/<int:image>": Row("annotator"),
    f"POST {P}/images/<int:image>/answer": Row("reviewer", {"skip": "broken"}),
    f"POST {P}/images/<int:image>/undo": Row("reviewer"),
    f"GET {P}/images/<int:image>/comments": Row("annotator"),
    f"POST {P}/images/<int:image>/comment": Row("annotator", {"text": "Which is it?"}),
    f"GET {P}/comments": Row("annotator"),
    f"POST {P}/comments/resolve": Row("annotator"),
    "GET me/mentions": Row("any"),
    "POST me/mentions/seen": Row("any"),
    f"GET {P}/mine": Row("annotator"),
    f"GET {P}/instructions": Row("annotator"),
    f"POST {P}/instructions/seen": Row("annotator"),
    f"GET {P}/instructions/pick": Row("reviewer", ok=(404,)),
    f"POST {P}/instructions/pick": Row("reviewer", ok=(404,)),
    f"POST {P}/instructions/arrange": Row("reviewer"),
    f"GET {P}/review/skips": Row("reviewer"),
    f"POST {P}/review/skips": Row("reviewer", {"again_all": "1", "reason": "unsure"}),
    f"GET {P}/label/grid": Row("annotator"),
    f"GET {P}/review/disputes": Row("reviewer"),
    f"GET {P}/review/disputes/more": Row("reviewer"),
    f"POST {P}/review/disputes/settle": Row("reviewer", ok=(404,)),
    f"POST {P}/review/disputes/undo": Row("reviewer", ok=(404,)),
    f"GET {P}/gold": Row("reviewer"),
    f"POST {P}/gold": Row("reviewer"),
    f"GET {P}/agreement": Row("reviewer"),
    f"GET {P}/export": Row("reviewer"),
    f"POST {P}/export": Row("reviewer", {"format": "csv"}),
    # evaluation
    f"GET {P}/": Row("annotator"),
    f"GET {P}/live": Row("reviewer"),
    f"GET {P}/status": Row("annotator"),
    f"GET {P}/review": Row("reviewer"),
    f"POST {P}/review/answer": Row("reviewer"),
    f"POST {P}/review/undo": Row("reviewer"),
    f"POST {P}/review/threshold": Row("reviewer"),
    f"GET {P}/models": Row("reviewer"),
    f"POST {P}/train": Row("admin"),
    # the API
    "GET api/v1/openapi.json": Row("any"),
    "GET api/v1/docs": Row("any"),
    "GET api/v1/": Row("public", ok=(404,)),
    "GET api/v1/projects": Row("any"),
    "POST api/v1/projects": Row("creator", {"name": "x", "labels": [{"name": "a"}]}),
    f"GET {A}": Row("annotator"),
    f"PATCH {A}": Row("admin", {"name": "Mine now"}),
    f"DELETE {A}": Row("admin"),
    f"GET {A}/labels": Row("annotator"),
    f"GET {A}/labels/history": Row("reviewer"),
    f"POST {A}/labels/order": Row("admin", {"labels": []}),
    f"POST {A}/labels/<int:label_id>/merge": Row("admin", {"into": 2}),
    f"POST {A}/labels/<int:label_id>/split": Row("admin", {"names": ["one", "two"]}),
    f"POST {A}/labels": Row("admin", {"name": "scorch"}),
    f"POST {A}/archive": Row("admin"),
    f"POST {A}/reopen": Row("admin"),
    # A token for one project makes no other.
    f"POST {A}/duplicate": Row("admin", {"name": "Leaves again"}, ok=(403,)),
    f"GET {A}/imports": Row("admin"),
    f"POST {A}/imports": Row("admin", {"source": "/etc"}),
    f"GET {A}/imports/<int:number>": Row("admin"),
    f"POST {A}/imports/open": Row("admin", {}),
    f"GET {A}/imports/<int:number>/uploads": Row("admin"),
    f"POST {A}/imports/<int:number>/uploads": Row("admin"),
    f"POST {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404, 405)),
    f"PATCH {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404,)),
    f"DELETE {A}/imports/<int:number>/uploads/<uuidstr:uuid>": Row("admin", ok=(404,)),
    f"POST {A}/imports/<int:number>/seal": Row("admin"),
    f"POST {A}/imports/<int:number>/decide": Row("admin", {}),
    f"POST {A}/imports/<int:number>/go": Row("admin"),
    f"POST {A}/imports/<int:number>/pause": Row("admin"),
    f"POST {A}/imports/<int:number>/go_on": Row("admin"),
    f"POST {A}/imports/<int:number>/cancel": Row("admin"),
    f"GET {A}/imports/<int:number>/report": Row("admin"),
    f"GET {A}/imports/<int:number>/refusals": Row("admin"),
    f"GET {A}/images": Row("reviewer"),
    "GET api/v1/images/<int:image_id>": Row("annotator"),
    "GET api/v1/images/<int:image_id>/file": Row("annotator"),
    f"POST {A}/queue/claim": Row("annotator", {"count": 1}),
    f"POST {A}/annotations": Row("annotator", ANSWER, ok=(404,)),
    f"POST {A}/annotations/<str:uuid>/undo": Row("annotator", {}, ok=(404,)),
    f"POST {A}/grid/claim": Row("annotator", {"label": 1}),
    f"POST {A}/grid/confirm": Row("annotator", PAGE, ok=(404,)),
    f"POST {A}/grid/<str:batch>/undo": Row("annotator", {}, ok=(404,)),
    f"GET {A}/comments": Row("annotator"),
    f"POST {A}/comments": Row("annotator", COMMENT, ok=(404,)),
    f"POST {A}/comments/<str:uuid>/resolve": Row("annotator", {}, ok=(404,)),
    f"GET {A}/metrics": Row("reviewer"),
    f"GET {A}/rounds": Row("reviewer"),
    f"POST {A}/rounds": Row("admin"),
    f"GET {A}/model-versions": Row("reviewer"),
    f"GET {A}/export": Row("reviewer"),
    f"GET {A}/export/size": Row("reviewer"),
    # the installation
    "GET healthz": Row("public"),
    "GET readyz": Row("public", ok=(503,)),
    "GET metrics": Row("owner"),
}


def routes(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, path)
        else:
            yield path.replace("images/<int:pk>", "images/<int:image>")


def address(path, world):
    """The path with the ids of the world's project."""
    filled = {
        "pk": world.project.pk, "project_id": world.project.pk, "number": 1,
        "image": world.image.pk, "image_id": world.image.pk, "size": "thumb",
        "member": world.member.pk, "invitation": world.invitation.pk,
        "uuid": world.answered.uuid, "batch": world.answered.uuid, "secret": "nonsense",
        "label": world.label.pk, "label_id": world.label.pk, "language": "ja", "version": "old",
        "origin": 1,
    }  # fmt: skip
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: str(filled[found[1]]), path)


def send(client, key, where):
    method, _, path = key.partition(" ")
    body = TABLE[key].body if key in TABLE else None
    if method == "GET":
        return client.get(where)
    if path.startswith("api/"):
        return client.generic(method, where, _json(body), content_type="application/json")
    return client.generic(method, where, _form(body), "application/x-www-form-urlencoded")


def _json(body):
    import json

    return "" if body is None else json.dumps(body)


def _form(body):
    from urllib.parse import urlencode

    return urlencode(body or {})


# Written by every signed-in request or by the sign-in itself; no business of a project.
# Scores are derived: a page that shows a version for the first time keeps what it measured.
BYSTANDERS = {"session", "accessattempt", "accesslog", "accessfailurelog", "score"}


def everything():
    """A digest of every table."""
    told = hashlib.sha256()
    for model in apps.get_models(include_auto_created=True):
        if model._meta.model_name not in BYSTANDERS:
            rows = model._base_manager.order_by("pk").values_list()
            told.update(repr((model._meta.label, list(rows))).encode())
    return told.hexdigest()


def callers(world, as_user, as_token):
    """(name, client, user, role in the project or None, creator, owner, by token)"""
    people = {u.username: u for u in User.objects.all()}
    anyone = Client(raise_request_exception=False)
    yield "anonymous", anyone, AnonymousUser(), None, False, False
    yield "outsider", as_user(people["outsider"]), people["outsider"], None, True, False
    for role in RANK:
        yield role, as_user(people[role]), people[role], role, role == "admin", False
    yield "owner", as_user(people["owner"]), people["owner"], "admin", True, True


def token_callers(world, as_user, as_token):
    people = {u.username: u for u in User.objects.all()}
    bad = Client(raise_request_exception=False, headers={"Authorization": "Bearer lbl_wrong"})
    yield "wrong token", bad, AnonymousUser(), None, False, False
    elsewhere = as_token(people["owner"], project=world.elsewhere)
    yield "token for elsewhere", elsewhere, people["owner"], None, False, False
    foreign = as_token(people["outsider"])
    yield "token of outsider", foreign, people["outsider"], None, True, False
    for role in RANK:
        narrow = as_token(people["owner"], role=role, project=world.project)
        yield f"owner's token as {role}", narrow, people["owner"], role, False, False
    weak = as_token(people["annotator"], role="admin")
    yield "annotator's admin token", weak, people["annotator"], "annotator", False, False
    full = as_token(people["owner"])
    yield "owner's token", full, people["owner"], "admin", True, True


def verdict(row, *, signed_in, role, creator, owner):
    if row.who == "public":
        return "in"
    if not signed_in:
        return "sign in"
    if row.who in RANK:
        if role is None:
            return "not found"
        return "in" if RANK[role] >= RANK[row.who] else "forbidden"
    let = {"any": True, "creator": creator, "owner": owner}[row.who]
    return "in" if let else "forbidden"


def judged(response):
    """What the response says, in the words of `verdict`."""
    code = response.status_code
    to_sign_in = code == 302 and response.headers["Location"].startswith("/sign-in?")
    if to_sign_in or code == 401:
        return "sign in"
    if code in (403, 404):
        return "forbidden" if code == 403 else "not found"
    return "in" if code < 400 or code in (400, 409, 413, 415, 422) else f"broken: {code}"


@pytest.mark.parametrize("key", sorted(TABLE))
def test_every_caller_gets_what_the_table_says(key, world, as_user, as_token):
    row, path = TABLE[key], key.partition(" ")[2]
    where, crowd = address(path, world), list(callers(world, as_user, as_token))
    if path.startswith("api/v1/") and path != "api/v1/docs":
        crowd += token_callers(world, as_user, as_token)
    before = everything()
    for name, client, user, role, creator, owner in crowd:
        point = transaction.savepoint()
        response = send(client, key, where)
        wanted = verdict(
            row, signed_in=user.is_authenticated, role=role, creator=creator, owner=owner
        )
        let_in = wanted == "in" and response.status_code in row.ok
        assert let_in or judged(response) == wanted, (name, response.status_code)
        if wanted != "in":
            assert everything() == before, f"{name} was refused and changed something"
            told = b"".join(response.streaming_content) if response.streaming else response.content
            assert b"Leaves" not in told, name
        transaction.savepoint_rollback(point)


def test_every_route_has_a_row_and_every_row_a_route():
    named = {key.partition(" ")[2] for key in TABLE}
    assert named == set(routes())


def test_every_operation_of_the_document_has_a_row():
    for path, methods in document()["paths"].items():
        pattern = path.strip("/")
        shapes = {re.sub(r"<\w+:(\w+)>", r"{\1}", key) for key in TABLE}
        for method in methods:
            assert f"{method.upper()} {pattern}" in shapes


@pytest.mark.parametrize("path", sorted({key.partition(" ")[2] for key in TABLE}))
def test_other_methods_are_refused_and_change_nothing(path, world, as_user, owner):
    client, where = as_user(owner), address(path, world)
    before = everything()
    for method in METHODS:
        if f"{method} {path}" not in TABLE:
            response = client.generic(method, where, "{}", content_type="application/json")
            assert response.status_code == (404 if path == "api/v1/" else 405), method
            assert everything() == before, method


READS = sorted(key for key in TABLE if key.startswith("GET "))


@pytest.mark.parametrize("key", READS)
def test_reading_never_changes_anything(key, world, as_user, owner):
    client = as_user(owner)
    before = everything()
    response = send(client, key, address(key.partition(" ")[2], world))
    if response.streaming:
        b"".join(response.streaming_content)
    assert everything() == before


@pytest.mark.parametrize("key", READS)
def test_every_page_has_an_enforced_policy(key, world, as_user, owner):
    for client in (as_user(owner), Client(raise_request_exception=False)):
        response = send(client, key, address(key.partition(" ")[2], world))
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert "camera=()" in response.headers["Permissions-Policy"]
        assert "Access-Control-Allow-Origin" not in response.headers
        if response.headers["Content-Type"].startswith("text/html"):
            for part in ("script-src 'self'", "object-src 'none'", "base-uri 'none'"):
                assert part in policy
            text = response.content.decode()
            assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
            assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", text)


@pytest.mark.parametrize("key", sorted(key for key in TABLE if not key.startswith("GET ")))
def test_a_session_without_its_csrf_token_changes_nothing(key, world, owner):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(owner)
    before = everything()
    path = key.partition(" ")[2]
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        method = key.partition(" ")[0]
        response = client.generic(method, address(path, world), "{}", content_type=kind)
        assert response.status_code == 403, kind
    assert everything() == before


def test_a_foreign_and_a_missing_project_read_the_same(world, as_user, outsider):
    client = as_user(outsider)
    tokens = re.compile(rb'X-CSRFToken": "\w+"')
    for key in TABLE:
        if "<int:pk>" in key or "<int:project_id>" in key:
            path = key.partition(" ")[2]
            there = address(path, world)
            gone = there.replace(f"projects/{world.project.pk}", "projects/999999")
            one, other = send(client, key, there), send(client, key, gone)
            assert one.status_code == other.status_code, key
            assert tokens.sub(b"", one.content) == tokens.sub(b"", other.content), key
