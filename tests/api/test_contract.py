"""What holds for every operation: repeats, tags, tokens, rates, and errors in one form."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from labeler.api import limits
from labeler.exploring import feature_sets
from labeler.pools.models import Import
from labeler.projects import tokens
from labeler.projects.models import Invitation, Project, Repeat, Token
from tests.conftest import picture

pytestmark = pytest.mark.django_db
TEA = {"name": "Tea", "labels": [{"name": "rust"}]}


@pytest.fixture
def api(world, as_token, owner):
    return as_token(owner)


@pytest.fixture
def where(world):
    return f"/api/v1/projects/{world.project.pk}"


def post(client, address, body=None, key=None, **headers):
    if key is not None:
        headers["Idempotency-Key"] = key
    return client.post(address, body, content_type="application/json", headers=headers)


# Repeats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "x" * 256, "a\x01b"])
def test_a_key_that_is_none_is_refused(api, key):
    told = post(api, "/api/v1/projects", TEA, key)
    assert (told.status_code, told.json()["code"]) == (400, "bad_key")
    assert not Project.objects.filter(name="Tea").exists()


def test_the_same_request_twice_makes_one_project(api):
    first, again = (post(api, "/api/v1/projects", TEA, "k1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert json.loads(first.content) == json.loads(again.content)
    assert again["Idempotency-Replayed"] == "true"
    assert Project.objects.filter(name="Tea").count() == 1


def test_a_key_with_another_body_is_refused(api):
    post(api, "/api/v1/projects", TEA, "k1")
    told = post(api, "/api/v1/projects", TEA | {"name": "Coffee"}, "k1")
    assert (told.status_code, told.json()["code"]) == (422, "key_reused")
    assert not Project.objects.filter(name="Coffee").exists()


def test_a_key_is_for_one_caller_one_address_and_one_day(api, as_token, owner, where):
    post(api, "/api/v1/projects", TEA, "k1")
    assert post(as_token(owner), "/api/v1/projects", TEA, "k1").status_code == 201
    assert Project.objects.filter(name="Tea").count() == 2
    assert post(api, f"{where}/labels", {"name": "scorch"}, "k1").status_code == 201
    Repeat.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    assert post(api, "/api/v1/projects", TEA, "k1").status_code == 201
    assert Project.objects.filter(name="Tea").count() == 3
    assert Repeat.objects.count() == 1


def test_what_was_refused_may_be_sent_again_with_its_key(api, world, where):
    Project.objects.filter(pk=world.project.pk).update(archived_at=timezone.now())
    assert post(api, f"{where}/labels", {"name": "scorch"}, "k1").status_code == 409
    Project.objects.filter(pk=world.project.pk).update(archived_at=None)
    assert post(api, f"{where}/labels", {"name": "scorch"}, "k1").status_code == 201


def test_a_key_opens_nothing_for_a_session_without_its_csrf_token(api, owner):
    post(api, "/api/v1/projects", TEA, "k1")
    forged = Client(enforce_csrf_checks=True, raise_request_exception=False)
    forged.force_login(owner)
    assert post(forged, "/api/v1/projects", TEA, "k1").status_code == 403
    assert post(Client(), "/api/v1/projects", TEA, "k1").status_code == 401


def test_files_sent_twice_are_one_import(api, where, world):
    def send(seed):
        file = SimpleUploadedFile("a.png", picture(seed))
        return api.post(f"{where}/imports", {"files": [file]}, headers={"Idempotency-Key": "k1"})

    first, again, other = send(1), send(1), send(2)
    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 422
    assert Import.objects.filter(project=world.project).count() == 2


@pytest.mark.django_db(transaction=True)
def test_four_at_once_with_one_key_make_one_project(owner):
    given = tokens.issue(user=owner, name="test")[1]

    def send(_):
        api = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {given}"})
        try:
            return post(api, "/api/v1/projects", TEA, "k1")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        told = list(people.map(send, range(4)))
    assert {each.status_code for each in told} == {201}
    assert len({each.json()["id"] for each in told}) == 1
    assert sum("Idempotency-Replayed" in each.headers for each in told) == 3
    assert Project.objects.count() == 1


def test_a_link_is_shown_once(api, where):
    body = {"role": "reviewer", "note": "Mika"}
    first, again = (post(api, f"{where}/invitations", body, "k1") for _ in range(2))
    assert "/invitations/" in first.json()["link"]
    assert again.json() == first.json() | {"link": None}
    assert Invitation.objects.filter(note="Mika").count() == 1
    assert first.json()["link"].rsplit("/", 1)[1] not in Repeat.objects.get().answer


# Tags ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/labels", "/images", "/metrics", "/model-versions"])
def test_what_has_not_changed_is_not_sent_again(api, where, path):
    first = api.get(where + path)
    again = api.get(where + path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(first["Vary"].split(", "))
    assert api.get(where + path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_the_document_has_a_tag(api):
    tag = api.get("/api/v1/openapi.json")["ETag"]
    again = api.get("/api/v1/openapi.json", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get("/api/v1/openapi.json", headers={"If-None-Match": tag}).status_code == 401


def test_a_tag_is_of_what_the_caller_may_see(world, as_user, annotator, reviewer, outsider):
    address = f"/api/v1/images/{world.images[0].pk}"
    theirs = as_user(reviewer).get(address)["ETag"]
    asked = {"If-None-Match": theirs}
    assert as_user(annotator).get(address, headers=asked).status_code == 200
    assert as_user(outsider).get(address, headers=asked).status_code == 404


def change(client, where, body, tag=None):
    headers = {} if tag is None else {"If-Match": tag}
    return client.patch(where, body, content_type="application/json", headers=headers)


def test_two_admins_do_not_overwrite_each_other(api, where, world):
    read = api.get(where)["ETag"]
    assert change(api, where, {"question": "Which?"}, read).status_code == 200
    late = change(api, where, {"question": "What?"}, read)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert api.get(where).json()["question"] == "Which?"
    assert api.delete(where, headers={"If-Match": read}).status_code == 412
    assert change(api, where, {"question": "What?"}, api.get(where)["ETag"]).status_code == 200
    assert change(api, where, {"question": "Any"}, "*").status_code == 200
    assert change(api, where, {"question": "Free"}).status_code == 200


def test_images_that_come_in_do_not_stop_a_change(api, where, world):
    read = api.get(where)["ETag"]
    Project.objects.filter(pk=world.project.pk).update(next_row=99)
    world.images[3].delete()
    assert api.get(where, headers={"If-None-Match": read}).status_code == 200
    assert change(api, where, {"question": "Which?"}, read).status_code == 200


def test_a_label_is_changed_by_itself(api, where, world):
    address = f"{where}/labels/{world.label.pk}"
    read = api.get(address)
    changed = change(api, address, {"name": "sound"}, read["ETag"])
    assert (changed.status_code, changed.json()["name"]) == (200, "sound")
    assert changed["ETag"] == api.get(address)["ETag"]
    assert change(api, address, {"name": "well"}, read["ETag"]).status_code == 412
    assert change(api, address, {"key": "2"}).status_code == 422  # another label's key
    assert change(api, address, {"retired": True}).json()["retired"]
    assert api.get(f"{where}/labels/999999").status_code == 404


# Tokens -------------------------------------------------------------------------------------------


def test_a_token_that_may_only_read_changes_nothing(world, as_token, owner, where):
    reads = as_token(owner, read_only=True)
    assert reads.get(where).status_code == 200
    told = post(reads, "/api/v1/projects", TEA)
    assert (told.status_code, told.json()["code"]) == (403, "read_only_token")
    assert reads.delete(where).status_code == 403
    assert post(reads, f"{where}/predict", {"images": [1]}).status_code != 403


def test_when_a_token_was_used_is_known(world, as_token, owner, where):
    api = as_token(owner)
    assert Token.objects.get().last_used_at is None
    api.get(where)
    first = Token.objects.get().last_used_at
    assert timezone.now() - first < timedelta(minutes=1)
    api.get(where)
    assert Token.objects.get().last_used_at == first


def test_the_page_makes_a_token_that_reads_and_shows_its_use(as_user, owner):
    page = as_user(owner)
    sent = {"name": "nightly", "role": "admin", "days": "30", "read_only": "on"}
    told = page.post("/me/tokens", sent).content.decode()
    assert "to read only" in told
    assert "never" in told
    Token.objects.update(last_used_at=timezone.now())
    assert f"{timezone.now():%Y-%m-%d}" in page.get("/me/tokens").content.decode()
    assert Token.objects.get().read_only


def test_tokens_are_made_listed_and_revoked(api):
    body = {"name": "nightly", "role": "reviewer", "days": 30, "read_only": True}
    made = post(api, "/api/v1/tokens", body).json()
    assert made["token"].startswith(tokens.PREFIX)
    listed = api.get("/api/v1/tokens").json()["items"]
    assert [each["name"] for each in listed] == ["nightly", "test"]
    assert "token" not in listed[0]
    other = Client(headers={"Authorization": f"Bearer {made['token']}"})
    assert other.get("/api/v1/me").json()["token"]["read_only"]
    assert api.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert other.get("/api/v1/me").status_code == 401
    assert api.delete(f"/api/v1/tokens/{made['id']}").status_code == 404


WIDER = [{}, {"role": "admin"}, {"project": "elsewhere"}, {"project": None}, {"days": 0}]


@pytest.mark.parametrize("wish", WIDER, ids=str)
def test_a_token_neither_makes_nor_sees_one_wider_than_itself(world, as_token, owner, wish):
    tokens.issue(user=owner, name="wide")
    ends = timezone.now() + timedelta(days=2)
    narrow = as_token(owner, project=world.project, role="reviewer", expires_at=ends)
    fits = {"name": "x", "role": "annotator", "project": world.project.pk, "days": 1}
    assert post(narrow, "/api/v1/tokens", fits).status_code == 201
    assert {each["name"] for each in narrow.get("/api/v1/tokens").json()["items"]} == {"x", "test"}
    wide = Token.objects.get(name="wide")
    assert narrow.delete(f"/api/v1/tokens/{wide.pk}").status_code == 404
    wish = {k: world.elsewhere.pk if v == "elsewhere" else v for k, v in wish.items()}
    told = post(narrow, "/api/v1/tokens", fits | (wish or {"days": 90}))
    assert told.status_code in (403, 422)
    assert Token.objects.count() == 3


# A name that becomes a path -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["..", "../..", ".", "hog/../..", "no such set"])
def test_only_feature_sets_of_the_project_are_removed(api, where, world, monkeypatch, name):
    removed = []
    monkeypatch.setattr(feature_sets.shutil, "rmtree", lambda place, **_: removed.append(place))
    told = post(api, f"{where}/feature-sets/recompute", {"features": name})
    assert told.status_code == 404
    with pytest.raises(feature_sets.Refused):
        feature_sets.delete(world.project, name)
    assert removed == []


# Rates --------------------------------------------------------------------------------------------


def test_who_asks_too_often_is_asked_to_wait(world, as_token, as_user, owner, settings, where):
    settings.API_RATE = 3
    limits.forget()
    api = as_token(owner)
    assert [api.get(where).status_code for _ in range(3)] == [200, 200, 200]
    told = api.get(where)
    assert (told.status_code, told.json()["code"]) == (429, "too_many")
    assert 1 <= int(told["Retry-After"]) <= 21
    assert as_token(owner).get(where).status_code == 200  # another token has its own
    assert as_user(owner).get(where).status_code == 200
    limits.forget()


def test_what_was_spent_comes_back(settings, monkeypatch):
    settings.API_RATE = 60
    limits.forget()
    now = [1000.0]
    monkeypatch.setattr(limits.time, "monotonic", lambda: now[0])
    for _ in range(60):
        limits.spend("x")
    with pytest.raises(limits.TooFast) as refused:
        limits.spend("x")
    assert refused.value.seconds == 2
    now[0] += 1
    limits.spend("x")
    limits.forget()


def test_silent_callers_are_forgotten_first(settings, monkeypatch):
    settings.API_RATE = 60
    monkeypatch.setattr(limits, "MOST_CALLERS", 2)
    limits.forget()
    for caller in ("a", "b", "a", "c"):
        limits.spend(caller)
    assert list(limits._left) == ["a", "c"]
    limits.forget()


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "kind", "body", "status"),
    [
        ("GET", "/api/v1/nothing", "", b"", 404),
        ("GET", "/api/v2/projects", "", b"", 404),
        ("PUT", "/api/v1/projects", "application/json", b"{}", 405),
        ("POST", "/api/v1/openapi.json", "application/json", b"{}", 405),
        ("POST", "/api/v1/projects", "application/json", b"{", 400),
        ("POST", "/api/v1/projects", "text/plain", b'{"name": "x"}', 415),
        ("POST", "/api/v1/projects", "application/x-www-form-urlencoded", b"name=x", 415),
        ("POST", "/api/v1/projects", "application/json", b" " * 3_000_000 + b"{}", 413),
        ("GET", "/api/v1/projects?cursor=x", "", b"", 400),
        ("GET", "/api/v1/projects?page=2", "", b"", 400),
        ("GET", "/api/v1/projects?limit=0", "", b"", 422),
    ],
)
def test_every_error_has_the_same_form(api, method, path, kind, body, status):
    told = api.generic(method, path, body, content_type=kind or "application/octet-stream")
    assert told.status_code == status
    assert told["Content-Type"].startswith("application/json")
    assert set(told.json()) - {"errors"} == {"detail", "code"}
    if status == 405:
        assert told["Allow"]
