"""create_project and create_token."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from labeler.projects.models import Project, Token

pytestmark = pytest.mark.django_db


def run(*args):
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_a_project_is_made(owner):
    told = json.loads(run("create_project", "Tea", "--labels", "rust", "mildew", "--json"))
    project = Project.objects.get(pk=told["id"])
    assert told["labels"] == ["rust", "mildew"]
    assert project.memberships.get().user == owner


@pytest.mark.parametrize(
    "args",
    [
        ["", "--labels", "a"], ["Tea", "--labels", "a", "A"], ["Tea", "--labels", "a" * 41],
        ["Tea", "--labels", "a", "--owner", "nobody"], ["Tea", "--labels", "a", "--strategy", "x"],
    ],
)  # fmt: skip
def test_a_project_that_cannot_be_is_refused(owner, args):
    with pytest.raises(CommandError):
        run("create_project", *args)
    assert not Project.objects.exists()


def test_without_an_owner_it_says_so(db):
    with pytest.raises(CommandError, match="owner"):
        run("create_project", "Tea", "--labels", "a")


def test_a_token_works_and_keeps_its_bounds(owner, project):
    args = ("create_token", "owner", "--project", "Leaves", "--role", "annotator", "--json")
    told = json.loads(run(*args))
    client = Client(headers={"Authorization": f"Bearer {told['token']}"})
    assert client.get(f"/api/v1/projects/{project.pk}").json()["role"] == "annotator"
    assert client.get(f"/api/v1/projects/{project.pk}/metrics").status_code == 403
    assert Token.objects.get().expires_at is not None


@pytest.mark.parametrize(
    "args", [["nobody"], ["owner", "--project", "99"], ["owner", "--days", "-1"],
             ["owner", "--project", "Twice"], ["owner", "--project", "9" * 40]]
)  # fmt: skip
def test_a_token_that_cannot_be_is_refused(owner, args):
    for _ in range(2):
        Project.objects.create(name="Twice", audit_seed=1, created_by=owner)
    with pytest.raises(CommandError):
        run("create_token", *args)
    assert not Token.objects.exists()
