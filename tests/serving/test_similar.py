"""The images of the pool most like a picture, on request, and never what an audit image is."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from tests.training.drawn import striped

pytestmark = pytest.mark.django_db


def ask(client, user, project, query="?similar=5", row=4):
    client.force_login(user)
    sent = [SimpleUploadedFile("x.png", striped(row), "image/png")]
    return client.post(f"/api/v1/projects/{project.pk}/predict{query}", {"files": sent})


def test_the_picture_itself_is_the_most_alike_and_labels_come_along(client, served, reviewer):
    project, made = served
    found = ask(client, reviewer, project).json()["predictions"][0]["similar"]
    assert len(found) == 5
    assert found[0]["id"] == made[4].pk
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert [one["similarity"] for one in found] == sorted(
        (one["similarity"] for one in found), reverse=True
    )
    labels = list(project.labels.order_by("place"))
    assert found[0]["labels"] == [labels[1].name]


def test_the_label_of_an_open_audit_image_is_not_told(client, served, reviewer):
    project, made = served
    said = Annotation.objects.filter(image=made[4])
    assert said.exists()
    Image.objects.filter(pk=made[4].pk).update(audit=True, state=Image.State.OPEN)
    found = ask(client, reviewer, project).json()["predictions"][0]["similar"]
    assert (found[0]["id"], found[0]["labels"]) == (made[4].pk, [])


def test_without_the_wish_nothing_is_looked_up(client, served, reviewer):
    assert "similar" not in ask(client, reviewer, served[0], "").json()["predictions"][0]


@pytest.mark.parametrize("wish", ["-1", "51", "all", "9" * 30])
def test_wishes_that_cannot_be_are_refused(client, served, reviewer, wish):
    assert ask(client, reviewer, served[0], f"?similar={wish}").status_code == 422


def test_a_model_whose_vectors_are_gone_still_answers_and_says_so(client, served, reviewer):
    project, _ = served
    project.shards.all().delete()
    told = ask(client, reviewer, project).json()
    assert told["predictions"][0]["similar"] == []
    assert told["predictions"][0]["scores"]
    assert told["note"]
