"""A person's own keys: what they replace, what they may not be, and the page to choose them."""

import pytest

from labeler.projects import keys
from labeler.projects.keys import KeysRefused, choose, keys_for, labels_of
from labeler.projects.models import Label, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def rust(project):
    return project.labels.get(name="rust")


def mine(user, project):
    user.refresh_from_db()
    found = keys_for(user, project, labels_of(project))
    names = {label.pk: label.name for label in labels_of(project)}
    return {names[pk]: key for pk, key in found.labels.items()}


def test_without_own_keys_the_projects_are_used(annotator, project):
    assert mine(annotator, project) == {"healthy": "1", "rust": "2", "mildew": "3"}
    found = keys_for(annotator, project, [])
    assert (found.unsure, found.not_applicable, found.broken, found.undo) == ("U", "N", "B", "Z")


def test_own_keys_are_for_one_person_in_one_project(annotator, reviewer, project, rust):
    choose(annotator, project, {str(rust.pk): "q", "undo": "x"})
    assert mine(annotator, project)["rust"] == "Q"
    assert keys_for(annotator, project, []).undo == "X"
    assert mine(reviewer, project)["rust"] == "2"
    other = Project.objects.create(name="Other", audit_seed=1, created_by=annotator)
    assert keys_for(annotator, other, []).undo == "Z"


def test_only_what_differs_is_kept_and_reset_forgets_it(annotator, project, rust):
    annotator.settings["language"] = "ja"
    annotator.save()
    choose(annotator, project, {str(rust.pk): "Q", "unsure": "U"})
    assert annotator.settings["keys"] == {str(project.pk): {str(rust.pk): "Q"}}
    keys.reset(annotator, project)
    annotator.refresh_from_db()
    assert annotator.settings == {"keys": {}, "language": "ja"}


def test_two_keys_can_be_swapped_and_one_left_empty(annotator, project, rust):
    healthy = project.labels.get(name="healthy")
    choose(annotator, project, {str(rust.pk): "1", str(healthy.pk): "2", "broken": ""})
    assert mine(annotator, project) == {"healthy": "2", "rust": "1", "mildew": "3"}
    assert keys_for(annotator, project, []).broken == ""


@pytest.mark.parametrize("key", ["3", "u", "w", "?", "/", "+", "12", "Enter"])
def test_a_key_that_something_else_has_is_refused_with_its_reason(annotator, project, rust, key):
    with pytest.raises(KeysRefused) as refused:
        choose(annotator, project, {str(rust.pk): key})
    assert len(refused.value.problems) == 1
    assert mine(annotator, project)["rust"] == "2"


def test_a_clash_names_the_other(annotator, project, rust):
    with pytest.raises(KeysRefused, match="3 is that of “rust” already"):
        choose(annotator, project, {str(rust.pk): "3"})


def test_with_several_labels_per_image_zero_stays_none_of_these(annotator, project, rust):
    choose(annotator, project, {str(rust.pk): "0"})
    Project.objects.filter(pk=project.pk).update(kind="multi")
    project.refresh_from_db()
    with pytest.raises(KeysRefused):
        choose(annotator, project, {str(rust.pk): "0"})


def test_a_key_the_project_gives_out_later_does_not_take_ones_own(annotator, project, rust):
    choose(annotator, project, {str(rust.pk): "4"})
    Label.objects.create(project=project, name="scorch", place=3, key="4")
    assert mine(annotator, project)["rust"] == "4"
    assert mine(annotator, project)["scorch"] == ""


def test_letters_turned_off_leave_no_key(annotator, project):
    annotator.settings["letter_keys"] = False
    annotator.save()
    assert set(mine(annotator, project).values()) == {""}


@pytest.mark.parametrize(
    "stored", ["x", [1], {"7": "Q"}, {"undo": 7}, {"undo": "QQ"}, {"undo": None}]
)
def test_what_is_stored_and_means_nothing_is_passed_over(annotator, project, stored):
    annotator.settings["keys"] = {str(project.pk): stored}
    annotator.save()
    assert keys_for(annotator, project, labels_of(project)).undo == "Z"


def test_the_page_stores_refuses_and_resets(client, annotator, project, rust):
    client.force_login(annotator)
    where = f"/projects/{project.pk}/keys"
    assert client.post(where, {f"key-{rust.pk}": "q"}).status_code == 302
    shown = client.get(where).content.decode()
    assert 'value="Q"' in shown
    assert "in the project: <kbd>2</kbd>" in shown
    refused = client.post(where, {f"key-{rust.pk}": "3"})
    assert refused.status_code == 400
    assert "3 is that of “rust” already" in refused.content.decode()
    assert mine(annotator, project)["rust"] == "Q"
    client.post(where, {"reset": "1"})
    assert mine(annotator, project)["rust"] == "2"


def test_the_label_page_shows_the_persons_keys(client, annotator, project, rust):
    choose(annotator, project, {str(rust.pk): "Q", "unsure": "X"})
    client.force_login(annotator)
    shown = client.get(f"/projects/{project.pk}/label").content.decode()
    assert f'value="{rust.pk}" data-label="{rust.pk}" data-answer aria-keyshortcuts="Q"' in shown
    assert 'value="unsure" aria-keyshortcuts="X"' in shown
