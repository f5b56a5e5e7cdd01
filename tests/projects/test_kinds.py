"""Yes/no projects from beginning to end, and labels that are added in passing."""

import json
import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import translation

from labeler.pools import folder_labels
from labeler.pools.refusing import ImportFailed
from labeler.projects import creation, labels
from labeler.projects.labels import LabelsRefused, Wish
from labeler.projects.models import Label, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def hats(owner):
    return creation.create(user=owner, name="Hats", wishes=[], kind="yesno")


def told(project):
    return [(label.name, label.key) for label in project.labels.all()]


def test_yes_and_no_come_by_themselves_under_the_forefingers(hats):
    assert told(hats) == [("Yes", "J"), ("No", "F")]
    assert hats.is_yes_no
    assert not hats.is_multi


def test_in_the_language_of_whoever_makes_it(owner, monkeypatch):
    words = {"Yes": "はい", "No": "いいえ"}
    monkeypatch.setattr(labels, "_", words.get)
    with translation.override("ja"):
        made = creation.create(user=owner, name="Hats", wishes=[], kind="yesno")
    assert told(made) == [("はい", "J"), ("いいえ", "F")]


@pytest.mark.parametrize("names", [["hat"], ["a", "b", "c"]])
def test_one_label_or_three_are_refused(owner, names):
    wishes = [Wish(name) for name in names]
    with pytest.raises(LabelsRefused, match="two labels"):
        creation.create(user=owner, name="Hats", wishes=wishes, kind="yesno")


def test_the_two_are_renamed_never_more_never_fewer(hats):
    yes, no = hats.labels.all()
    labels.store(hats, [Wish("hat", "H", "", yes.pk), Wish("no hat", "F", "", no.pk)])
    assert told(hats) == [("hat", "H"), ("no hat", "F")]
    for wish in (Wish("perhaps"), Wish("hat", "H", "", yes.pk, retired=True)):
        with pytest.raises(LabelsRefused, match="two labels"):
            labels.store(hats, [wish])
    with pytest.raises(LabelsRefused):
        labels.add(hats, "perhaps")


def test_from_the_page_the_command_and_the_api(client, owner):
    client.force_login(owner)
    form = {"name": "Page", "kind": "yesno", "labels": "", "strategy": "margin",
            "audit_share": "10", "retrain": "adaptive"}  # fmt: skip
    assert client.post("/projects/new", form).status_code == 302
    call_command("create_project", "Command", "--kind", "yesno", stdout=StringIO())
    body = {"name": "Api", "kind": "yesno", "labels": [{"name": "hat"}, {"name": "none"}]}
    made = client.post("/api/v1/projects", json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    assert [label["key"] for label in made.json()["labels"]] == ["J", "F"]
    kinds = Project.objects.order_by("pk").values_list("name", "kind")
    assert list(kinds) == [("Page", "yesno"), ("Command", "yesno"), ("Api", "yesno")]
    assert "yes or no" in client.get("/").content.decode()
    assert client.get(f"/projects/{made.json()['id']}/settings").status_code == 200


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_other_kinds_may_begin_without_a_label(client, owner, kind):
    call_command("create_project", "By command", "--kind", kind)
    client.force_login(owner)
    sent = {"name": "By form", "kind": kind, "strategy": "margin", "audit_share": 10,
            "retrain": "adaptive"}  # fmt: skip
    assert client.post("/projects/new", sent).status_code == 302
    path = "/api/v1/projects"
    made = client.post(path, {"name": "By API", "kind": kind}, content_type="application/json")
    assert made.json()["labels"] == []
    assert Project.objects.filter(kind=kind, labels=None).count() == 3


def test_folders_named_as_the_answers_are_taken_and_others_refused(hats):
    folder_labels.check(hats, ["yes", "No"])
    with pytest.raises(ImportFailed, match="“hats” is neither"):
        folder_labels.check(hats, ["yes", "hats"])


def test_the_label_page_has_two_large_answers(client, hats, owner):
    client.force_login(owner)
    shown = client.get(f"/projects/{hats.pk}/label").content.decode()
    yes, no = hats.labels.all()
    # No stands on the left, as its key does.
    assert shown.index(f'data-label="{no.pk}"') < shown.index(f'data-label="{yes.pk}"')
    assert 'class="answers yes-no"' in shown


# ---- labels in passing ---------------------------------------------------------------------------


def add(client, project, name):
    body = json.dumps({"name": name})
    where = f"/api/v1/projects/{project.pk}/labels"
    return client.post(where, body, content_type="application/json")


def test_a_label_is_added_once_with_key_and_colour(client, project, admin):
    client.force_login(admin)
    first, again = add(client, project, " leaf  scorch"), add(client, project, "Leaf Scorch")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["name"], first.json()["key"]) == ("leaf scorch", "4")
    assert Label.objects.get(name="leaf scorch").place == 3


@pytest.mark.parametrize(
    ("least", "codes"),
    [("annotator", (201, 200, 200)), ("reviewer", (403, 201, 200)), ("admin", (403, 403, 201))],
)
def test_who_may_add_is_the_projects_choice(
    client, project, annotator, reviewer, admin, least, codes
):
    Project.objects.filter(pk=project.pk).update(label_adders=least)
    found = []
    for user in (annotator, reviewer, admin):
        client.force_login(user)
        found.append(add(client, project, "scorch").status_code)
        offered = "data-add=" in client.get(f"/projects/{project.pk}/label").content.decode()
        assert offered == (found[-1] != 403)
    assert tuple(found) == codes


@pytest.mark.parametrize("name", ["", "x" * 41, "a\x07b"])
def test_a_name_that_cannot_be_is_told(client, project, admin, name):
    client.force_login(admin)
    refused = add(client, project, name)
    assert refused.status_code == 422
    assert refused.json()["code"] == "invalid_labels"
    assert project.labels.count() == 3


def test_a_retired_name_is_an_admins_to_bring_back(client, project, annotator, admin):
    Project.objects.filter(pk=project.pk).update(label_adders="annotator")
    project.labels.filter(name="rust").update(retired=True)
    client.force_login(annotator)
    assert add(client, project, "rust").status_code == 422
    client.force_login(admin)
    assert add(client, project, "rust").status_code == 201
    assert not project.labels.get(name="rust").retired


@pytest.mark.django_db(transaction=True)
def test_people_who_add_the_same_name_at_once_get_one_label(project):
    start, found = threading.Barrier(4), []

    def one():
        start.wait()
        found.append(labels.add(project, "scorch"))
        connection.close()

    people = [threading.Thread(target=one) for _ in range(4)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(made for _, made in found) == [False, False, False, True]
    assert len({label.pk for label, _ in found}) == 1


def test_open_pages_can_tell_that_the_labels_changed(client, project, annotator):
    client.force_login(annotator)
    state = f"/projects/{project.pk}/label/state"
    before = client.get(state).json()["labels_version"]
    assert client.get(state).json()["labels_version"] == before
    claim = f"/api/v1/projects/{project.pk}/queue/claim"
    claimed = client.post(claim, {"count": 1}, content_type="application/json").json()
    assert claimed["labels_version"] == before
    labels.add(project, "scorch")
    after = client.get(state).json()["labels_version"]
    assert after != before
    shown = client.get(f"/projects/{project.pk}/label/answers").content.decode()
    assert f'data-labels-version="{after}"' in shown
    assert "scorch" in shown
