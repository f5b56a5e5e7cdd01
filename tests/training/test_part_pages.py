"""The part to train on: set on the settings page and in the API, told on the page of models."""

import pytest
from django.urls import reverse

from labeler.training import part
from labeler.training.models import Round
from labeler.training.part import Part
from tests.evaluation.pages import text_of
from tests.training.invented import answer, run_round

TAUGHT = [row for row in range(45) if row % 10 != 9]


@pytest.fixture
def taught(pool, annotator):
    answer(pool, TAUGHT[:30])
    answer(pool, TAUGHT[30:], user=annotator)
    run_round(pool)
    return pool


def save(client, project, user, **fields):
    client.force_login(user)
    return client.post(reverse("training_part", args=[project.pk]), fields)


def test_an_admin_chooses_a_part_and_a_round_begins(client, taught, admin, annotator):
    labels = list(taught.labels.order_by("place"))
    sent = {
        "people": [annotator.pk], "since": "2020-01-01", "without": [labels[2].pk],
        "weighing": "each", f"weight-{labels[0].pk}": "2,5", f"weight-{labels[1].pk}": "1",
    }  # fmt: skip
    assert save(client, taught, admin, **sent).status_code == 302
    taught.refresh_from_db()
    kept = part.of(taught)
    assert (kept.people, kept.without) == ((annotator.pk,), (labels[2].pk,))
    assert kept.weights == {labels[0].pk: 2.5}
    assert Round.objects.filter(project=taught, state="due", asked_by=admin).exists()
    shown = client.get(reverse("settings", args=[taught.pk]))
    assert "A round learns from 11 of 41 labeled images" in text_of(shown)
    assert 'value="2.5"' in shown.content.decode()


def test_the_models_page_tells_what_each_version_learned_from(client, taught, admin, annotator):
    save(client, taught, admin, people=[annotator.pk], weighing="balanced")
    taught.refresh_from_db()
    run_round(taught)
    told = text_of(client.get(reverse("models", args=[taught.pk])))
    assert f"only answers by {annotator}" in told
    assert "labels weighed alike" in told


def test_what_cannot_be_comes_back_with_what_was_written(client, taught, admin):
    label = taught.labels.first()
    sent = {"since": "soon", "weighing": "each", f"weight-{label.pk}": "<b>"}
    refused = save(client, taught, admin, **sent)
    assert refused.status_code == 400
    told = text_of(refused)
    assert "Write the day as 2026-01-31." in told and "above 0, up to 1000" in told
    assert 'value="&lt;b&gt;"' in refused.content.decode()
    taught.refresh_from_db()
    assert part.of(taught) == Part()


def test_only_admins_choose(client, taught, reviewer):
    assert save(client, taught, reviewer, reviewed="on").status_code == 403


def test_the_api_reads_and_changes_it(client, taught, admin, annotator):
    client.force_login(admin)
    address = f"/api/v1/projects/{taught.pk}"
    assert client.get(address).json()["training_part"] == {}
    wish = {"training_part": {"people": [annotator.username], "weights": "balanced"}}
    changed = client.patch(address, wish, content_type="application/json")
    assert changed.status_code == 200
    stored = {"people": [annotator.pk], "weights": "balanced"}
    assert changed.json()["training_part"] == stored
    wrong = {"training_part": {"splits": ["test"]}, "name": "Other"}
    refused = client.patch(address, wrong, content_type="application/json")
    assert refused.status_code == 422
    assert "held out" in str(refused.json())
    now = client.get(address).json()
    assert (now["name"], now["training_part"]) == (taught.name, stored)
    client.patch(address, {"training_part": {}}, content_type="application/json")
    assert client.get(address).json()["training_part"] == {}
