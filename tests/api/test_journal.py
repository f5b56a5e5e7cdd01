"""The journal: whatever an admin or owner changes leaves a line, whoever adds a route."""

import csv
import json

import pytest
from django.test import Client
from django.urls import resolve

from labeler.journal import noting, words
from labeler.journal.models import Entry
from labeler.projects import members, tokens
from labeler.projects.models import Membership
from tests.api.calls import address, send
from tests.api.table import TABLE

pytestmark = pytest.mark.django_db

UNSAFE = sorted(
    key for key, row in TABLE.items()
    if row.who in ("admin", "owner") and not key.startswith("GET ")
)  # fmt: skip
# The pieces of an upload; its beginning and its end have lines.
PIECES = ("/uploads", "/files")


@pytest.mark.parametrize("key", UNSAFE)
def test_what_an_admin_changes_leaves_a_line(key, world, as_user, owner):
    Entry.objects.all()._raw_delete("default")
    where = address(key.partition(" ")[2], world)
    response = send(as_user(owner), key, where)
    lines = list(Entry.objects.all())
    if response.status_code >= 400 or any(piece in key for piece in PIECES):
        return
    assert lines, response.status_code
    assert {line.who for line in lines} == {"owner"}
    assert "projects" not in key or lines[0].project == world.project.pk


@pytest.mark.parametrize("key", [key for key in UNSAFE if " api/" not in key])
def test_every_page_of_an_admin_has_words(key, world):
    name = resolve(address(key.partition(" ")[2], world)).url_name
    quiet = name in noting.QUIET or "/uploads" in key
    assert quiet or name in words.ACTS


def test_a_refused_request_leaves_no_line(world, as_user, reviewer, admin):
    before = Entry.objects.count()
    where = f"/projects/{world.project.pk}"
    assert as_user(reviewer).post(f"{where}/settings/archive").status_code == 403
    assert as_user(admin).post(f"{where}/settings", {"name": ""}).status_code == 400
    assert Entry.objects.count() == before


def test_a_line_tells_before_and_after(world, as_user, admin):
    path = f"/api/v1/projects/{world.project.pk}"
    body = json.dumps({"name": "Blades", "overlap": 2, "target": 0.9})
    as_user(admin).patch(path, body, content_type="application/json")
    line = Entry.objects.latest("pk")
    assert (line.who, line.act, line.way) == ("admin", "change_settings", "session")
    assert (line.before, line.after) == (
        {"name": "Leaves", "overlap": 1},
        {"name": "Blades", "overlap": 2},
    )
    assert words.changes(line) == ["name: Leaves → Blades", "overlap: 1 → 2"]


def test_a_token_a_page_and_a_command_are_told_apart(world, as_user, admin, settings):
    settings.BEHIND_PROXY = True
    _, given = tokens.issue(user=admin, name="x")
    headers = {"Authorization": f"Bearer {given}", "X-Forwarded-For": "192.0.2.7"}
    Client(headers=headers).post(f"/api/v1/projects/{world.project.pk}/archive")
    line = Entry.objects.latest("pk")
    assert (line.way, line.who, line.address) == ("token", "admin", "192.0.2.7")
    members.change_role(world.project, world.member.pk, "reviewer")
    line = Entry.objects.latest("pk")
    assert (line.way, line.who, line.target) == ("command", "", "spare")


def test_what_is_undone_leaves_no_line(world):
    last = Membership.objects.get(project=world.project, role="admin")
    before = Entry.objects.count()
    with pytest.raises(members.LastAdmin):
        members.remove(world.project, last.pk)
    assert Entry.objects.count() == before


def test_lines_are_neither_changed_nor_taken_out_but_by_age(world, as_user, admin):
    as_user(admin).post(f"/projects/{world.project.pk}/settings/archive")
    line = Entry.objects.latest("pk")
    for act in (line.save, line.delete):
        with pytest.raises(TypeError):
            act()
    assert noting.forget(0) == 0
    assert noting.forget(1) == 0
    Entry.objects.update(at="2000-01-01T00:00:00Z")
    assert noting.forget(30)
    assert not Entry.objects.exists()


def test_admins_read_their_projects_lines_and_owners_all(world, as_user, admin, owner):
    noting.note("change_settings", project=world.project, after={"name": "<b>x</b>"}, user=admin)
    noting.note("change_settings", project=world.elsewhere, target="secret", user=owner)
    page = as_user(admin).get(f"/projects/{world.project.pk}/journal").content.decode()
    assert "changed the settings" in page
    assert "&lt;b&gt;x" in page
    assert "secret" not in page
    assert "secret" in as_user(owner).get("/journal").content.decode()
    told = as_user(admin).get(f"/api/v1/projects/{world.project.pk}/journal").json()["items"]
    assert {line["project"] for line in told} == {world.project.pk}
    narrow = tokens.issue(user=owner, name="x", role="reviewer")[1]
    bearer = {"Authorization": f"Bearer {narrow}"}
    assert Client().get("/api/v1/journal", headers=bearer).status_code == 403


def test_the_file_runs_nothing_in_a_spreadsheet(world, as_user, owner):
    noting.note("invite", project=world.project, target='=cmd|"/c calc"!A1', user=owner)
    answer = as_user(owner).get("/journal.csv")
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert rows[0]["target"].startswith("'=cmd")
    assert rows[0]["project_name"] == "Leaves"
