"""The grid through the API: bodies that make no sense are told so, pages come back as they went."""

from uuid import uuid4

import pytest

from labeler.labeling import annotations, refill
from labeler.labeling.models import Annotation, QueueItem
from labeler.projects.models import Label, Project


@pytest.fixture
def rust(project, images):
    """The label; the model calls eight images so, the surest first by row."""
    label = Label.objects.get(project=project, name="rust")
    rows = [refill.Ranked(i.pk, 0.1, {}, label.pk, 1 - i.row / 100) for i in images[2:]]
    refill.replace(project, rows, strategy="margin", version=1)
    return label


@pytest.fixture
def post(client, project, annotator):
    client.force_login(annotator)

    def send(path, body, **headers):
        url = f"/api/v1/projects/{project.pk}/grid/{path}"
        return client.post(url, body, content_type="application/json", **headers)

    return send


def page(items, **more):
    answers = [{"uuid": str(uuid4()), "item": each["item"], "labels": ["rust"]} for each in items]
    return {"batch": str(uuid4()), "answers": answers, **more}


def test_a_page_is_claimed_confirmed_and_undone(post, rust):
    claimed = post("claim", {"label": rust.pk, "count": 12}).json()
    assert [each["confidence"] for each in claimed["items"]] == [1 - n / 100 for n in range(2, 10)]
    assert claimed["counts"] == {str(rust.pk): 8}
    *some, last = claimed["items"]
    body = page(some, taken_out=[last["item"]])
    confirmed = post("confirm", body)
    assert (confirmed.status_code, confirmed.json()["saved"]) == (201, 7)
    again = post("confirm", body)
    assert (again.status_code, again.json()["results"][0]["status"]) == (200, 200)
    undone = post(f"{body['batch']}/undo", {}).json()
    assert (undone["undone"], undone["left"]) == (7, 0)
    assert [each["item"] for each in undone["items"]] == [each["item"] for each in some]


def test_what_somebody_else_answered_is_told_beside_what_was_saved(post, rust, reviewer, answer_as):
    items = post("claim", {"label": rust.pk, "count": 3}).json()["items"]
    QueueItem.objects.exclude(claimed_by=None).update(claimed_until="2001-01-01T00:00:00Z")
    answer_as(reviewer, items[0]["item"])
    reply = post("confirm", page(items)).json()
    assert reply["saved"] == 2
    assert [each.get("code") for each in reply["results"]] == ["claim_lost", None, None]


@pytest.fixture
def answer_as(project):
    def answer(user, item):
        sent = {"uuid": str(uuid4()), "item": item, "labels": ["mildew"]}
        assert annotations.record(project=project, user=user, answers=[sent])[0].stored

    return answer


def test_a_page_that_was_wholly_lost_is_no_error(post, rust, reviewer, answer_as):
    items = post("claim", {"label": rust.pk, "count": 1}).json()["items"]
    QueueItem.objects.exclude(claimed_by=None).update(claimed_until="2001-01-01T00:00:00Z")
    answer_as(reviewer, items[0]["item"])
    reply = post("confirm", page(items))
    assert (reply.status_code, reply.json()["saved"]) == (200, 0)


def test_a_page_that_cannot_be_taken_says_why(post, rust):
    items = post("claim", {"label": rust.pk, "count": 2}).json()["items"]
    Label.objects.filter(pk=rust.pk).update(retired=True)
    reply = post("confirm", page(items))
    assert (reply.status_code, reply.json()["code"]) == (422, "retired_label")
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("claim", {}, 422),
        ("claim", {"label": 0}, 422),
        ("claim", {"label": 9_999_999}, 422),
        ("claim", {"label": 1, "count": 61}, 422),
        ("claim", {"label": 1, "known": ["x"]}, 422),
        ("confirm", {"batch": "x", "answers": []}, 422),
        ("confirm", {"batch": str(uuid4()), "answers": [1]}, 422),
        ("confirm", {"batch": str(uuid4()), "answers": [{"item": 1}]}, 422),
        ("confirm", {"batch": str(uuid4()), "answers": [], "taken_out": [0]}, 422),
        ("x/undo", {}, 422),
        (f"{uuid4()}/undo", {}, 404),
    ],
)
def test_a_crooked_body_is_told_what_is_wrong(post, rust, path, body, status):
    reply = post(path, body)
    assert reply.status_code == status, reply.content
    assert reply.json()["code"]
    assert reply.json()["detail"]


def test_a_project_without_suggestions_has_no_grid(post, project, rust):
    Project.objects.filter(pk=project.pk).update(suggestion_share=0)
    reply = post("claim", {"label": rust.pk})
    assert (reply.status_code, reply.json()["code"]) == (409, "no_suggestions")


def test_the_page_says_why_it_is_empty(client, project, images, annotator):
    client.force_login(annotator)
    url = f"/projects/{project.pk}/label/grid"
    assert "No model yet." in client.get(url).content.decode()
    Project.objects.filter(pk=project.pk).update(suggestion_share=0)
    assert "This project shows no suggestions." in client.get(url).content.decode()


def test_opening_the_page_claims_nothing_and_escapes_names(client, project, rust, annotator):
    Label.objects.filter(pk=rust.pk).update(name="</script><img src=x>")
    client.force_login(annotator)
    html = client.get(f"/projects/{project.pk}/label/grid?label={rust.pk}").content.decode()
    assert "<img src=x" not in html
    assert not QueueItem.objects.filter(claimed_by__isnull=False).exists()
