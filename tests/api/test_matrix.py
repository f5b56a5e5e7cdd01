"""Who may do what: every route, every method, every caller, against one table (`table.py`).

A route without a row fails, and so does a row without a route. A refused call changes nothing.
"""

import re

import pytest
from django.db import transaction
from django.test import Client

from labeler.api.document import document
from tests.api.callers import callers, judged, token_callers, verdict
from tests.api.calls import address, everything, send
from tests.api.table import TABLE, routes

pytestmark = pytest.mark.django_db

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


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


def test_the_digest_sees_what_was_written_and_what_was_taken_back(world):
    before, point = everything(), transaction.savepoint()
    world.project.labels.update(retired=True)
    assert everything() != before
    transaction.savepoint_rollback(point)
    world.project.labels.update(retired=False)
    assert everything() == before


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
