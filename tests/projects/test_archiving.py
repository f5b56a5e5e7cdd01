"""An archived project can be read; nothing changes it but its reopening and its end."""

import json

import pytest
from django.urls import reverse

from labeler.labeling import queue
from labeler.labeling.models import QueueItem
from labeler.pools import imports
from labeler.pools.models import Import
from labeler.pools.refusing import ImportRefused
from labeler.projects import archiving, creation
from labeler.projects.models import Membership, Project, Token, User
from labeler.training import rounds
from labeler.training.models import Round

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(project, images):
    """The project with a question that waits."""
    QueueItem.objects.create(project=project, image=images[5], rank=0, strategy="random")
    return project


def as_(client, user):
    client.force_login(user)
    return client


def post(client, path, body=None):
    return client.post(path, json.dumps(body or {}), content_type="application/json")


def test_nothing_is_asked_and_no_answer_is_taken(client, asked, annotator):
    api = f"/api/v1/projects/{asked.pk}"
    assert (
        len(post(as_(client, annotator), f"{api}/queue/claim", {"count": 1}).json()["items"]) == 1
    )
    archiving.archive(asked)
    assert queue.claim(project=asked, user=annotator) == []
    for path in ("queue/claim", "annotations", "comments"):
        answer = post(client, f"{api}/{path}", {"count": 1})
        assert answer.status_code in (409, 422), path
    told = post(client, f"{api}/queue/claim", {"count": 1})
    assert (told.status_code, told.json()["code"]) == (409, "archived")
    assert "reopen" in told.json()["detail"]


def test_pages_are_read_and_say_so(client, asked, annotator, admin):
    archiving.archive(asked)
    page = as_(client, annotator).get(reverse("label", args=[asked.pk])).content.decode()
    assert "This project is archived." in page
    assert "Reopen it in the settings" not in page
    as_(client, admin)
    for name in ("dashboard", "import", "members", "settings", "export", "label"):
        answer = client.get(reverse(name, args=[asked.pk]))
        assert answer.status_code == 200, name
        assert "archived" in answer.content.decode(), name
    assert b"Reopen this project" in client.get(reverse("settings", args=[asked.pk])).content
    assert b"Nothing can be imported" in client.get(reverse("import", args=[asked.pk])).content
    boot = client.get(reverse("grid", args=[asked.pk])).context["boot"]
    assert (boot["empty"], boot["counts"]) == ("archived", {})


def test_settings_imports_and_rounds_are_refused_and_exports_are_not(client, asked, admin):
    archiving.archive(asked)
    as_(client, admin)
    for name in ("settings", "import", "train"):
        answer = client.post(f"/projects/{asked.pk}/{name}", {"name": "Other"})
        assert answer.status_code == 403, name
        assert "archived" in answer.content.decode()
    assert Project.objects.get(pk=asked.pk).name == "Leaves"
    assert client.post(reverse("export", args=[asked.pk]), {"format": "csv"}).status_code != 403
    members = reverse("members", args=[asked.pk])
    assert client.post(members, {"role": "annotator", "note": ""}).status_code == 200


def test_an_import_that_runs_pauses_and_a_round_ends(asked, admin):
    imp = imports.start(project=asked, user=admin, source="upload")
    round_ = Round.objects.create(project=asked, number=1, reason="asked")
    archiving.archive(asked)
    imp.refresh_from_db()
    round_.refresh_from_db()
    assert (imp.state, round_.state) == (Import.State.PAUSED, Round.State.CANCELLED)
    rounds.find()
    assert Round.objects.count() == 1


def test_an_import_by_command_is_refused_with_words(asked, admin):
    archiving.archive(asked)
    with pytest.raises(ImportRefused, match="archived"):
        imports.start(project=asked, user=admin, source="upload")


def test_an_admin_archives_and_reopens_it_on_the_settings_page(client, asked, admin, reviewer):
    path = reverse("archive_project", args=[asked.pk])
    assert as_(client, reviewer).post(path).status_code == 403
    assert as_(client, admin).post(path).status_code == 302
    asked.refresh_from_db()
    assert asked.archived_at
    client.post(reverse("reopen_project", args=[asked.pk]))
    asked.refresh_from_db()
    assert asked.archived_at is None
    assert len(queue.claim(project=asked, user=admin)) == 1


def test_the_list_shows_archived_projects_last_and_apart(client, asked, owner):
    creation.create(user=owner, name="Newer", wishes=[])
    archiving.archive(asked)
    page = as_(client, owner).get("/").content.decode()
    assert page.index("Newer") < page.index("Archived") < page.index("Leaves")
    archiving.reopen(asked)
    assert "Archived" not in client.get("/").content.decode()


# ---- Set up another like it ---------------------------------------------------------------


def test_a_duplicate_has_the_settings_and_labels_and_nothing_else(asked, admin, annotator):
    creation.change(asked, strategy="entropy", instructions="Look twice.", overlap=3, target=0.8)
    first, second, _third = asked.labels.all()
    first.colour, first.position = "#112233", 9
    first.save()
    second.retired = True
    second.save()
    away = User.objects.create_user("away")
    Membership.objects.create(
        project=asked, user=away, role="reviewer", deactivated_at=asked.created_at
    )
    twin = creation.duplicate(asked, user=admin, name="Needles", members=True)
    twin.refresh_from_db()
    for setting in creation.OPEN_SETTINGS:
        if setting != "name":
            assert getattr(twin, setting) == getattr(asked, setting), setting
    marks = [(label.name, label.key, label.colour, label.place) for label in twin.labels.all()]
    assert marks == [("mildew", "3", "", 2), ("healthy", "1", "#112233", 0)]
    roles = dict(twin.memberships.values_list("user__username", "role"))
    assert roles == {"admin": "admin", "annotator": "annotator"}
    assert (twin.next_row, twin.images.count(), twin.audit_rate) == (0, 0, 0)
    assert twin.audit_seed != asked.audit_seed
    assert asked.labels.count() == 3


def test_a_duplicate_is_made_on_the_page_and_by_the_api(client, asked, admin, reviewer):
    path = reverse("duplicate_project", args=[asked.pk])
    assert as_(client, reviewer).post(path, {"name": "x"}).status_code == 403
    empty = as_(client, admin).post(path, {"name": " "})
    assert empty.status_code == 400
    assert "Give the project a name." in empty.content.decode()
    assert client.post(path, {"name": "Needles"}).status_code == 302
    made = post(client, f"/api/v1/projects/{asked.pk}/duplicate", {"name": "Bark", "members": True})
    assert made.status_code == 201
    assert [label["name"] for label in made.json()["labels"]] == ["healthy", "rust", "mildew"]
    assert Project.objects.get(name="Needles").memberships.get().user == admin
    assert Project.objects.get(name="Bark").memberships.count() == 2
    refused = post(client, f"/api/v1/projects/{asked.pk}/duplicate", {"name": "y" * 101})
    assert refused.status_code == 422


def test_a_token_for_one_project_makes_no_other(client, asked, admin):
    from labeler.projects import tokens

    _, given = tokens.issue(user=admin, name="x", project=asked)
    answer = client.post(
        f"/api/v1/projects/{asked.pk}/duplicate", json.dumps({"name": "x"}),
        content_type="application/json", headers={"Authorization": f"Bearer {given}"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert Token.objects.exists()
