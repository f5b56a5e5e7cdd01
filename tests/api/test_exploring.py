"""Clusters and near-duplicates through the API."""

import pytest

from labeler.exploring import columns
from labeler.pools.models import Image
from tests.exploring.test_clusters import made
from tests.exploring.test_decisions import pool as twins  # noqa: F401 - a fixture
from tests.training.invented import FEATURES, answer, fill

JSON = "application/json"


@pytest.fixture
def signed_in(reviewer, client):
    columns.forget()
    client.force_login(reviewer)
    return client


def test_clusters_are_asked_for_listed_and_read(project, signed_in):
    fill(project)
    at = f"/api/v1/projects/{project.pk}/clusters"
    assert signed_in.get(at).status_code == 404
    asked = signed_in.post(at, {"k": 3}, content_type=JSON)
    assert (asked.status_code, asked.json()["state"]) == (202, "due")
    again = signed_in.post(at, {"k": 4, "features": FEATURES}, content_type=JSON)
    assert again.json()["id"] == asked.json()["id"]
    made(project, k=3)
    answer(project, [0, 3, 6, 12, 15])
    told = signed_in.get(at, {"sort": "size"}).json()
    assert [each["size"] for each in told["clusters"]] == [20, 20, 20]
    assert {each["purity"] for each in told["clusters"]} == {None, 1.0}
    some = signed_in.get(f"{at}/0").json()
    assert len(some["open"]) + len(some["answered"]) + some["audit"] == 20
    assert signed_in.get(f"{at}/3").status_code == 404


def test_features_without_vectors_are_refused(project, signed_in):
    at = f"/api/v1/projects/{project.pk}/clusters"
    assert signed_in.post(at, {}, content_type=JSON).status_code == 409
    assert signed_in.post(at, {"k": 1}, content_type=JSON).status_code == 422


def test_groups_are_decided_about_and_brought_back(twins, signed_in):  # noqa: F811
    at = f"/api/v1/projects/{twins.pk}/duplicates"
    told = signed_in.get(at, {"level": 3}).json()
    assert (told["left"], len(told["groups"])) == (2, 2)
    group = [each["id"] for each in told["groups"][0]["images"]]
    body = {"images": group, "verdict": "keep_one", "kept": group[0]}
    done = signed_in.post(f"{at}/decide", body, content_type=JSON)
    assert (done.status_code, done.json()["verdict"]) == (201, "keep_one")
    assert Image.objects.filter(project=twins, state="aside").count() == len(group) - 1
    assert signed_in.get(at, {"level": 3}).json()["left"] == 1
    undone = f"{at}/decisions/{done.json()['id']}"
    assert [signed_in.delete(undone).status_code for _ in range(2)] == [204, 204]
    assert not Image.objects.filter(project=twins, state="aside").exists()
    body["kept"] = 10**9
    assert signed_in.post(f"{at}/decide", body, content_type=JSON).status_code == 422
    assert signed_in.get(at, {"level": 4}).status_code == 422
