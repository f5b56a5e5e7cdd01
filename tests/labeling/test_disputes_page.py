"""The page of disagreements: what it tells, and what it refuses."""

from uuid import uuid4

import pytest
from django.urls import reverse

from labeler.labeling import disputes
from labeler.labeling.models import Annotation
from labeler.projects.models import Project
from tests.evaluation.conftest import Bench


@pytest.fixture
def disputed(project, people, reviewer, client):
    """Three images; Ann says healthy, Ben rust, on each. The reviewer is signed in."""
    Project.objects.filter(pk=project.pk).update(overlap=2)
    project.refresh_from_db()
    ann, ben = people(2)
    bench = Bench(project, ann)
    made = bench.images(3, audit=False)
    for image in made:
        bench.answer(image, 0)
        row = bench.answer(image, 1, user=ben)
        disputes.settle(image, [row, *Annotation.objects.filter(image=image, user=ann)])
    client.force_login(reviewer)
    return made


def settle(client, image, **fields):
    url = reverse("settle_dispute", args=[image.project_id])
    return client.post(url, {"image": image.pk, "uuid": str(uuid4()), **fields})


def test_the_page_knows_the_cases_but_no_names(client, project, disputed):
    response = client.get(reverse("disputes", args=[project.pk]))
    cases = response.context["data"]["cases"]
    assert [case["image"] for case in cases] == [image.pk for image in disputed]
    assert [side["people"] for side in cases[0]["sides"]] == [1, 1]
    assert b"person0" not in response.content


def test_more_leaves_out_what_is_known(client, project, disputed):
    url = reverse("more_disputes", args=[project.pk])
    told = client.get(url, {"known": f"{disputed[0].pk},x,{disputed[2].pk}"}).json()
    assert [case["image"] for case in told["cases"]] == [disputed[1].pk]
    assert told["waiting"] == 3


def test_settling_tells_who_had_said_what(client, project, disputed, labels):
    response = settle(client, disputed[0], labels=labels["rust"])
    assert response.status_code == 201
    told = response.json()
    assert told["waiting"] == 2
    assert [side["people"] for side in told["sides"]] == [["person0"], ["person1"]]
    row = Annotation.objects.get(image=disputed[0], current=True)
    assert (row.source, row.labels.get().name) == ("review", "rust")


def test_what_somebody_else_settled_is_not_overwritten(client, project, disputed, labels):
    settle(client, disputed[0], labels=labels["rust"])
    response = settle(client, disputed[0], labels=labels["mildew"])
    assert response.status_code == 409
    assert response.json()["code"] == "settled"
    assert Annotation.objects.get(image=disputed[0], current=True).labels.get().name == "rust"


def test_the_same_decision_twice_is_one(client, project, disputed, labels):
    uuid = str(uuid4())
    first = settle(client, disputed[0], labels=labels["rust"], uuid=uuid)
    again = settle(client, disputed[0], labels=labels["rust"], uuid=uuid)
    assert (first.status_code, again.status_code) == (201, 200)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "one_label"),
        ({"labels": "999999"}, "unknown_label"),
        ({"skip": "perhaps"}, "bad_skip"),
        ({"uuid": "x", "labels": "1"}, "bad_uuid"),
    ],
)
def test_bad_decisions_are_refused_in_words(client, project, disputed, fields, code):
    response = settle(client, disputed[0], **fields)
    assert response.status_code == 422
    assert response.json()["code"] == code
    assert response.json()["detail"]
    assert disputes.count(project) == 3


def test_undo_opens_the_dispute_again(client, project, disputed, labels):
    uuid = str(uuid4())
    settle(client, disputed[0], skip="not_applicable", uuid=uuid)
    assert disputes.count(project) == 2
    response = client.post(reverse("undo_dispute", args=[project.pk]), {"uuid": uuid})
    assert (response.status_code, response.json()["waiting"]) == (201, 3)


def test_an_image_of_another_project_is_not_found(client, project, disputed, outsider):
    elsewhere = Project.objects.get(name="Elsewhere")
    image = Bench(elsewhere, outsider).images(1)[0]
    url = reverse("settle_dispute", args=[project.pk])
    assert client.post(url, {"image": image.pk, "uuid": str(uuid4())}).status_code == 404


def test_nobody_disagrees(client, project, reviewer):
    client.force_login(reviewer)
    response = client.get(reverse("disputes", args=[project.pk]))
    assert b"asked of one person only" in response.content


def test_keys_do_not_clash(client, project, disputed):
    project.labels.filter(name="rust").update(key="a")
    response = client.get(reverse("disputes", args=[project.pk]))
    assert "A" not in response.context["data"]["side_keys"]


def test_review_says_how_many_wait(client, project, disputed):
    page = client.get(reverse("review", args=[project.pk])).content.decode()
    assert 'Disagreements <span class="num tag">3</span>' in page
