"""Cases of docs/explanation/security.md that no other test covers, and the pages of cases."""

import ast
import logging
import re
import stat
from functools import cache
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from labeler import env
from labeler.projects.models import User

ROOT = Path(__file__).parents[2]
CANARY = "canary-7f3a"


# S06 ---------------------------------------------------------------------------------------

PATHS = [
    "../canary", "..%2fcanary", "%2e%2e/canary", "..%252fcanary", "..\\canary", "/etc/passwd",
    "C:/canary", "canary%00.png", "#../canary", "%c0%ae%c0%ae/canary", "CANARY", "canary%0a",
    "....//canary", "thumb/../../canary",
]  # fmt: skip
PLACES = ["/images/{pk}/", "/static/", "/static../", "/api/v1/images/{pk}/file?size=", "/words/"]


@pytest.mark.django_db
@pytest.mark.parametrize("place", PLACES)
def test_no_path_leads_to_a_file_of_the_server(place, world, as_user, owner, tmp_path, settings):
    for folder in (tmp_path, settings.DATA, tmp_path / "files"):
        folder.mkdir(exist_ok=True)
        (folder / "canary").write_text(CANARY)
    client = as_user(owner)
    for path in PATHS:
        answer = client.get(place.format(pk=world.image.pk) + path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code in (400, 404, 422), (path, answer.status_code)
        assert CANARY.encode() not in body
        assert b"root:" not in body


# S20 ---------------------------------------------------------------------------------------


def test_each_installation_makes_a_secret_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("LABELER_SECRET_KEY", raising=False)
    one = env.secret_key(tmp_path / "one", team=False)
    assert len(one) >= 50
    assert one == env.secret_key(tmp_path / "one", team=False)
    assert one != env.secret_key(tmp_path / "two", team=False)
    assert stat.S_IMODE((tmp_path / "one" / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize("key", ["", "change-me", "x" * 49])
def test_a_team_without_a_good_secret_does_not_start(tmp_path, monkeypatch, key):
    monkeypatch.setenv("LABELER_SECRET_KEY", key)
    with pytest.raises(ImproperlyConfigured):
        env.secret_key(tmp_path, team=True)


# S27 ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "origin", ["https://evil", "null", "https://testserver.evil", "https://eviltestserver"]
)
def test_no_other_site_reads_an_answer(origin, world, as_user, owner):
    client = as_user(owner)
    for path in ("/", "/api/v1/projects", f"/images/{world.image.pk}/original", "/healthz"):
        answer = client.get(path, headers={"Origin": origin})
        assert not any(name.startswith("Access-Control") for name in answer.headers)
        assert client.options(path, headers={"Origin": origin}).status_code in (200, 405)


# S32, list 98 ------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["x" * 1_500_000, "a\r\nb: forged line", "a\0b", "' OR 1=1 --", "оwner", "owner "]
)
def test_a_strange_name_gets_nobody_in_and_little_into_the_log(name, owner, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = Client().post("/sign-in", {"username": name, "password": CANARY})
    assert answer.status_code in (400, 413)
    told = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
    assert len(told) < 2_000
    assert CANARY not in told
    assert "forged line\n" not in told


# S34 ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("number", ["1e999999", "NaN", "-1", "99999999999999999999", "٣", "1%00"])
def test_numbers_beyond_reason_are_refused(number, world, as_user, owner):
    for name in ("limit", "min_confidence"):
        where = f"/api/v1/projects/{world.project.pk}/images?{name}={number}"
        assert as_user(owner).get(where).status_code == 422


# S37 ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_looks_like_code_comes_back_as_it_was_written(world, as_user, admin, settings):
    name = "{{7*7}} ${7*7} $HOME %(x)s {settings.SECRET_KEY}"
    path = f"/api/v1/projects/{world.project.pk}"
    changed = as_user(admin).patch(path, f'{{"name": "{name}"}}', content_type="application/json")
    assert changed.json()["name"] == name
    page = as_user(admin).get("/").content.decode()
    assert name in page
    assert settings.SECRET_KEY not in page


# The pages ---------------------------------------------------------------------------------


@cache
def _tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


PAGES = {
    "security": [f"S{n:02}" for n in range(1, 43)],
    "bad-inputs": [*(str(n) for n in range(1, 111)), *(f"C{n}" for n in range(1, 6))],
    "reliability": [f"R{n:02}" for n in range(1, 31)],
}


def missing(page: str, cases: list[str]) -> list[str]:
    """What is wrong with a page of cases: each has tests that exist, or says why it has none."""
    rows = dict(re.findall(r"^\| ([SRC]?\d+) \|(.*)\|$", page, re.M))
    wrong = sorted(rows.keys() ^ set(cases))
    for case, row in rows.items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)
        wrong += [case] if not named and "does not apply" not in row else []
        wrong += [f"{case}: {file}::{test}" for file, test in named if not _there(file, test)]
    return wrong


def _there(file: str, test: str) -> bool:
    return (ROOT / file).exists() and test in _tests(ROOT / file)


@pytest.mark.parametrize("name", PAGES)
def test_every_case_is_on_its_page_with_tests_that_exist(name):
    page = (ROOT / "docs" / "explanation" / f"{name}.md").read_text(encoding="utf-8")
    assert missing(page, PAGES[name]) == []


def test_the_check_finds_what_is_missing():
    here = "`tests/api/test_cases.py::test_the_check_finds_what_is_missing`"
    page = f"| 1 | a | {here} |\n| 2 | a | |\n| 3 | a | {here[:-2]}x` |\n| 4 | does not apply |"
    gone = "3: tests/api/test_cases.py::test_the_check_finds_what_is_missinx"
    assert missing(page, ["1", "2", "3", "4", "5"]) == ["5", "2", gone]


@pytest.mark.django_db
def test_nobody_is_made_an_owner_by_a_body(world, as_user, annotator):
    """S16: fields that a form or a body does not know change nothing."""
    client = as_user(annotator)
    sent = {"name": "x", "is_superuser": "1", "is_staff": "1", "role": "admin", "email": "x@y.z"}
    client.post("/me", sent)
    client.post(f"/projects/{world.project.pk}/keys", sent)
    user = User.objects.get(pk=annotator.pk)
    assert (user.is_superuser, user.is_staff, user.email) == (False, False, "")
    assert user.memberships.get().role == "annotator"
