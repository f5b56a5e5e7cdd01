"""Whatever is sent: a clear 4xx in the form of an error, never a 500, and nothing changed."""

import errno
import json

import pytest
from django.test import Client

from labeler.labeling.models import Annotation
from labeler.projects.models import Project
from tests.api.calls import everything

pytestmark = pytest.mark.django_db

HUGE = ["0", "-1", str(2**31), str(2**63), str(2**64), "9" * 5_000, "1.0", "1%00", "٣", "x", "1e3"]


@pytest.fixture
def api(world, as_user, owner):
    return as_user(owner)


def is_error(response, *statuses):
    """An error in the form that the API promises, with one of the statuses."""
    assert response.status_code in statuses, (response.status_code, response.content[:300])
    assert response["Content-Type"].startswith("application/json")
    told = response.json()
    assert set(told) <= {"detail", "code", "errors"}
    assert told["detail"]
    assert told["code"]
    return told


def post(client, where, body, **kwargs):
    return client.post(where, body, content_type="application/json", **kwargs)


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "path", ["projects/{}", "projects/{}/images", "images/{}", "images/{}/file",
             "projects/{}/metrics", "projects/{}/rounds"],
)  # fmt: skip
def test_a_strange_number_is_not_found(api, path, number):
    is_error(api.get(f"/api/v1/{path.format(number)}"), 404)


@pytest.mark.parametrize("number", HUGE)
def test_a_strange_import_is_not_found(api, world, number):
    is_error(api.get(f"/api/v1/projects/{world.project.pk}/imports/{number}"), 404)


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        ("", (400, 422)), ("null", (422,)), ("[]", (422,)), ("{", (400,)), ('"x"', (422,)),
        ('{"name": NaN}', (400,)), ("[" * 100_000, (400,)),
        ('{"name": "é"}'.encode("latin-1"), (400,)),
        (b"\x1f\x8b\x08\x00", (400,)), ('{"name": ' + "9" * 5_000 + "}", (400, 422)),
        ('{"name": "x", "labels": [{"name": "a"}], "audit_share": 1e999999}', (422,)),
        ('{"name": "x", "labels": null}', (422,)),
    ],
)  # fmt: skip
def test_a_body_that_is_no_project(api, body, statuses):
    before = everything()
    is_error(post(api, "/api/v1/projects", body), *statuses)
    assert everything() == before


def project(**changes):
    return {"name": "x", "labels": [{"name": "a"}]} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""}, {"name": "   "}, {"name": "x" * 10_000}, {"name": "a\x00b"}, {"name": None},
        {"labels": {}}, {"labels": [{"name": "a"}, {"name": " A "}]}, {"labels": ["a"]},
        {"labels": [{"name": "a", "key": "1"}, {"name": "b", "key": "1"}]},
        {"labels": [{"name": "a", "key": "Escape"}]}, {"labels": [{"name": "a", "key": "U"}]},
        {"labels": [{"name": "a", "colour": "red;background:url(//x)"}]},
        {"labels": [{"name": str(i)} for i in range(5_001)]},
        {"labels": [{"name": "a", "id": 3}]},
        {"strategy": "psychic"}, {"kind": "triple"}, {"kind": ["single"]},
        {"audit_share": -1}, {"audit_share": 2}, {"audit_share": "0.1"}, {"audit_share": True},
        {"overlap": 0}, {"overlap": 1_000}, {"overlap": 1.5},
        {"retrain_after": 0}, {"retrain_after": 10**9}, {"features": "../x"}, {"head": "pickle"},
        {"id": 1}, {"owner": 1}, {"created_by": 1}, {"created_at": "2020-01-01"}, {"__class__": 1},
    ],
)  # fmt: skip
def test_a_project_that_cannot_be(api, changes):
    before = everything()
    is_error(post(api, "/api/v1/projects", project(**changes)), 422)
    assert everything() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "multi"}, {"id": 9}, {"owner": 1}, {"role": "admin"}, {"is_demo": True},
        {"audit_rate": 1.0}, {"next_row": 0}, {"name": ""}, {"audit_share": None},
        {"labels": [{"name": "healthy", "key": "2"}]}, {"labels": [{"id": 999_999}]},
        {"labels": [{"key": "7"}]}, {"labels": [{"id": 2**63, "name": "x"}]},
        {"name": "ok", "labels": [{"name": "x" * 41}]},
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_changes_nothing(api, world, changes):
    before = everything()
    where = f"/api/v1/projects/{world.project.pk}"
    is_error(api.patch(where, changes, content_type="application/json"), 422)
    assert everything() == before


@pytest.mark.parametrize(
    "query",
    [
        "annotations__user__password__startswith=pbkdf2", "order=user__password",
        "order=-created_at",
        "project__memberships__user__email__icontains=a", "state__regex=(a%2B)%2B$", "page=999",
        "state=open&state=labeled", "state[]=open", "order=row,password", "state=any",
        "limit=0", "limit=-5", "limit=1000000000", "limit=x", "limit=٣٣",
        "cursor=x", "cursor=" + "x" * 2_000, "cursor=WzEsMl0:1abc:x",
        "min_confidence=0.9&max_confidence=0.1", "min_confidence=NaN", "max_confidence=1e999999",
        "min_confidence=-0.1", "label=nothing", "label=%00", "predicted=nothing",
        "label=" + "x" * 5_000,
    ],
)  # fmt: skip
def test_filters_that_are_not_on_the_list(api, world, query):
    is_error(api.get(f"/api/v1/projects/{world.project.pk}/images?{query}"), 400, 422)


def test_a_cursor_is_good_for_its_own_list_and_user_only(api, world, as_user, admin):
    where = f"/api/v1/projects/{world.project.pk}/images"
    cursor = api.get(f"{where}?limit=1").json()["next"]
    assert api.get(f"{where}?limit=1&cursor={cursor}").status_code == 200
    is_error(api.get(f"{where}?limit=1&state=open&cursor={cursor}"), 400)
    is_error(api.get(f"/api/v1/projects?cursor={cursor}"), 400)
    is_error(as_user(admin).get(f"{where}?limit=1&cursor={cursor}"), 400)
    is_error(api.get(f"{where}?limit=1&cursor={cursor[:-1]}"), 400)


@pytest.mark.parametrize(
    "query",
    ["threshold=-0.1", "threshold=1.1", "threshold=NaN", "threshold=", "threshold=1e999999",
     "model_version=x", "model_version=0", f"model_version={2**70}", "model_version=7"],
)  # fmt: skip
def test_metrics_that_cannot_be(api, world, query):
    is_error(api.get(f"/api/v1/projects/{world.project.pk}/metrics?{query}"), 404, 422)


@pytest.mark.parametrize("count", [0, -1, 51, 10**9, "x", 1.5, None, True, [1]])
def test_a_claim_that_cannot_be(api, world, count):
    before = everything()
    is_error(post(api, f"/api/v1/projects/{world.project.pk}/queue/claim", {"count": count}), 422)
    assert everything() == before


GOOD = "123e4567-e89b-42d3-a456-426614174000"


@pytest.mark.parametrize(
    "body",
    [
        {}, {"uuid": GOOD}, {"uuid": "x", "item": 1, "labels": ["rust"]},
        {"uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12, "item": "item", "labels": ["rust"]},
        {"uuid": GOOD, "item": "item"}, {"uuid": GOOD, "item": "item", "labels": []},
        {"uuid": GOOD, "item": "item", "labels": ["rust"], "skip": "unsure"},
        {"uuid": GOOD, "item": "item", "labels": ["unknown"]},
        {"uuid": GOOD, "item": "item", "labels": ["rust", "rust"]},
        {"uuid": GOOD, "item": "item", "labels": list(range(10_000))},
        {"uuid": GOOD, "item": "item", "skip": "bored"},
        {"uuid": GOOD, "item": "item", "skip": "unsure", "elapsed_ms": -1},
        {"uuid": GOOD, "item": "item", "skip": "unsure", "elapsed_ms": 1e308},
        {"uuid": GOOD, "item": "item", "skip": "unsure", "elapsed_ms": "12"},
        {"uuid": GOOD, "item": "item", "skip": "unsure", "user": 1},
        {"uuid": GOOD, "item": 2**63, "skip": "unsure"},
        {"uuid": GOOD, "item": 10**9, "skip": "unsure"},
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be(api, world, body):
    body = {k: world.item.pk if v == "item" else v for k, v in body.items()}
    before = everything()
    is_error(post(api, f"/api/v1/projects/{world.project.pk}/annotations", body), 404, 422)
    assert everything() == before


@pytest.mark.parametrize("body", [[], [{}] * 501, None, 1, "x"])
def test_a_list_of_answers_that_cannot_be(api, world, body):
    text = json.dumps(body)
    is_error(post(api, f"/api/v1/projects/{world.project.pk}/annotations", text), 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_an_answer_says_that_it_is_json(api, world, kind):
    where = f"/api/v1/projects/{world.project.pk}/annotations"
    is_error(api.generic("POST", where, "{}", content_type=kind), 400, 415)


def test_a_body_over_the_limit_is_413(api, world):
    body = json.dumps([{"uuid": "x" * 3_000_000}])
    is_error(post(api, f"/api/v1/projects/{world.project.pk}/annotations", body), 413)


@pytest.mark.parametrize(
    "body",
    [{}, {"source": 1}, {"source": ""}, {"source": "/etc"}, {"source": "a\x00b"},
     {"source": "../../etc"}, {"source": "file:///etc/passwd"}, {"source": "http://127.0.0.1/"},
     {"source": "s3://"}, {"source": "https://10.0.0.1/x"}, {"source": "/etc", "anywhere": True},
     {"source": "x" * 100_000}, {"source": "/etc", "folders": "maybe"}],
)  # fmt: skip
def test_an_import_that_cannot_be(api, world, body):
    before = everything()
    is_error(post(api, f"/api/v1/projects/{world.project.pk}/imports", body), 422)
    assert everything() == before


@pytest.mark.parametrize("form", [{}, {"files": "text"}, {"other": "x"}, {"files": "", "x": "y"}])
def test_an_upload_without_files(api, world, form):
    before = everything()
    is_error(api.post(f"/api/v1/projects/{world.project.pk}/imports", form), 422)
    assert everything() == before


def test_a_broken_multipart_body(api, world):
    where = f"/api/v1/projects/{world.project.pk}/imports"
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        is_error(api.generic("POST", where, b"--x\r\nnothing", content_type=kind), 400, 422)


@pytest.mark.parametrize("query", ["format=exe", "format=", "format=csv&format=jsonl", "images=2"])
def test_an_export_that_cannot_be(api, world, query):
    is_error(api.get(f"/api/v1/projects/{world.project.pk}/export?{query}"), 400, 422)


@pytest.mark.parametrize("size", ["../../x", "huge", "", "thumb%00"])
def test_a_size_that_there_is_not(api, world, size):
    is_error(api.get(f"/api/v1/images/{world.image.pk}/file?size={size}"), 422)


@pytest.mark.parametrize("uuid", ["x", GOOD, "0" * 36, "../x", "%00"])
def test_an_undo_that_cannot_be(api, world, uuid):
    where = f"/api/v1/projects/{world.project.pk}/annotations/{uuid}/undo"
    is_error(post(api, where, ""), 404, 422)
    assert Annotation.objects.count() == 1


@pytest.mark.parametrize(
    "path", ["", "nothing", "projects/1/nothing", "../../etc/passwd", "%2e%2e"]
)
def test_unknown_addresses_of_the_api_speak_json(api, path):
    is_error(api.get(f"/api/v1/{path}", headers={"Accept": "text/html"}), 404)


@pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "OPTIONS", "BREW"])
def test_other_methods_speak_json_and_say_which_are_right(api, method):
    response = api.generic(method, "/api/v1/projects")
    is_error(response, 405)
    assert "GET" in response["Allow"]


@pytest.mark.parametrize("host", ["evil", "localhost.evil", "127.0.0.1@evil", "a b", "[::1", ""])
def test_an_unknown_host_is_refused_everywhere(host):
    client = Client(raise_request_exception=False)
    for path in ("/", "/sign-in", "/api/v1/projects", "/healthz"):
        response = client.get(path, headers={"Host": host}, SERVER_NAME=host or "x")
        assert response.status_code == 400
        assert b"ALLOWED_HOSTS" not in response.content


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil"])
def test_a_page_of_another_site_cannot_drive_us(world, as_token, owner, origin):
    before = everything()
    client = as_token(owner)
    before = everything()
    where = f"/api/v1/projects/{world.project.pk}/rounds"
    is_error(client.post(where, headers={"Origin": origin}), 403)
    assert Client().post("/sign-in", {}, headers={"Origin": origin}).status_code == 403
    assert everything() == before


def test_an_error_never_leaks(api, world, monkeypatch, settings):
    def broken(*args, **kwargs):
        raise RuntimeError(f"secret {settings.SECRET_KEY}")

    monkeypatch.setattr("labeler.api.projects.as_dict", broken)
    monkeypatch.setattr("labeler.home._counted", broken)
    told = is_error(api.get(f"/api/v1/projects/{world.project.pk}"), 500)
    assert "secret" not in str(told)
    page = api.get("/")
    assert page.status_code == 500
    for word in ("secret", "Traceback", "RuntimeError", "home.py"):
        assert word not in page.content.decode()
    assert "Something broke." in page.content.decode()


def test_without_a_database_it_is_503_with_a_time_to_try_again(client, owner, monkeypatch):
    from django.db import OperationalError

    def away(*args, **kwargs):
        raise OperationalError("no route to host db.internal")

    client.raise_request_exception = False
    client.force_login(owner)
    monkeypatch.setattr("labeler.home._counted", away)
    monkeypatch.setattr("labeler.api.projects.projects_of", away)
    page = client.get("/")
    assert page.status_code == 503
    assert int(page["Retry-After"]) > 0
    assert b"db.internal" not in page.content
    told = client.get("/api/v1/projects")
    is_error(told, 503)
    assert "Retry-After" in told


@pytest.mark.parametrize("why", ["SQLite", "PostgreSQL", "file"])
def test_on_a_full_disk_it_says_so_and_when_to_try_again(client, owner, monkeypatch, why):
    from django.db import OperationalError

    errors = {
        "SQLite": OperationalError("database or disk is full"),
        "PostgreSQL": OperationalError('could not extend file "base/1": No space left on device'),
        "file": OSError(errno.ENOSPC, "No space left on device"),
    }

    def full(*args, **kwargs):
        raise errors[why]

    client.raise_request_exception = False
    client.force_login(owner)
    monkeypatch.setattr("labeler.home._counted", full)
    monkeypatch.setattr("labeler.api.projects.projects_of", full)
    page = client.get("/")
    assert (page.status_code, int(page["Retry-After"]) > 0) == (503, True)
    assert "disk is full" in page.content.decode()
    told = client.get("/api/v1/projects")
    assert is_error(told, 503)["code"] == "disk_full"
    assert "Retry-After" in told


def test_too_many_fields_and_parameters(api, world):
    form = "&".join(f"f{i}=1" for i in range(2_000))
    where = f"/projects/{world.project.pk}/settings"
    sent = api.generic("POST", where, form, "application/x-www-form-urlencoded")
    assert sent.status_code == 400
    query = "&".join(f"f{i}=1" for i in range(5_000))
    is_error(api.get(f"/api/v1/projects?{query}"), 400)
    assert Project.objects.get(pk=world.project.pk).name == "Leaves"
