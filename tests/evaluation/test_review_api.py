"""Thresholds, galleries, reviews and second looks over the API."""

import uuid

import numpy as np
import pytest

from labeler.labeling.models import Annotation, QueueItem
from labeler.projects.models import Membership, User
from labeler.training import cross_validated, predictions, versions
from labeler.training.models import ModelVersion
from ml import arrays
from tests.evaluation.conftest import proba_of
from tests.evaluation.test_report import HEALTHY, MILDEW, RUST, sixty


@pytest.fixture
def api(client, bench, reviewer):
    """A function that calls the API as the reviewer."""
    client.force_login(reviewer)

    def call(method, path, body=None, **query):
        address = f"/api/v1/projects/{bench.project.pk}/{path}"
        if method == "get":
            return client.get(address, query)
        return getattr(client, method)(address, body, content_type="application/json")

    return call


@pytest.fixture
def other(bench):
    """One more annotator, who has answered nothing."""
    user = User.objects.create_user("other")
    Membership.objects.create(project=bench.project, user=user, role="annotator")
    return user


def test_thresholds_are_read_and_written_by_name(api, bench):
    assert api("get", "thresholds").json()["code"] == "no_model"
    sixty(bench)
    told = api("get", "thresholds").json()
    assert [each["threshold"] for each in told["labels"]] == [0, 0, 0]
    assert {each["standard"] for each in told["labels"]} == {True}
    done = api("put", "thresholds", {"all": 0.3, "thresholds": {"rust": 0.8, "mildew": None}})
    told = {each["name"]: each for each in done.json()["labels"]}
    assert [told[name]["threshold"] for name in ("healthy", "rust", "mildew")] == [0.3, 0.8, 0]
    assert (told["rust"]["picked_with"], told["rust"]["picked_on"]) == (1, "api")
    assert told["mildew"]["standard"] is True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"thresholds": {"scorch": 0.5}}, 422),
        ({"thresholds": {"rust": 1.5}}, 422),
        ({"all": -0.1}, 422),
        ({"model_version": 9, "thresholds": {"rust": 0.5}}, 409),
    ],
)
def test_thresholds_that_do_not_fit_change_nothing(api, bench, body, status):
    sixty(bench)
    response = api("put", "thresholds", body)
    assert (response.status_code, bool(response.json()["detail"])) == (status, True)
    assert ModelVersion.objects.get().thresholds == {}


def test_a_gallery_is_listed_in_pages(api, bench):
    sixty(bench)
    first = api("get", "gallery", label="rust", kind="tp", limit=10).json()
    assert (first["measured"], len(first["items"]), first["model_version"]) == ("audit", 10, 1)
    rest = api("get", "gallery", label="rust", kind="tp", limit=100, cursor="").json()
    second = api("get", "gallery", label="rust", kind="tp", limit=10, cursor=first["next"]).json()
    both = [each["image"] for each in first["items"] + second["items"]]
    assert both == [each["image"] for each in rest["items"]]
    wrong = api("get", "gallery", label="rust", kind="fp").json()["items"]
    assert [each["labels"] for each in wrong] == [["healthy"], ["healthy"]]
    assert wrong[0]["top"]["rust"] == pytest.approx(wrong[0]["score"], abs=1e-3)
    assert api("get", "gallery", label="rust", kind="tp", threshold=0.95).json()["items"] == []
    assert api("get", "gallery", label="scorch").status_code == 422


def test_cross_validated_scores_are_named_as_that(api, bench):
    images, version = sixty(bench)
    assert api("get", "gallery", label="rust", source="labels").json()["items"] == []
    taught = bench.images(6, audit=False)
    for image, place in zip(taught, (HEALTHY, RUST, RUST, MILDEW, MILDEW, RUST), strict=True):
        bench.answer(image, place)
    said = proba_of([RUST, RUST, RUST, RUST, MILDEW, HEALTHY], 3)
    rows = np.array([image.row for image in taught])
    cross_validated.write(versions.folder(version), rows, said)
    other = bench.version(images, proba_of([0] * len(images), 3))  # forgets the empty table
    told = api("get", "gallery", label="rust", source="labels").json()
    assert (told["measured"], told["model_version"], other.number) == ("cross_validated", 1, 2)
    assert {each["image"] for each in told["items"]} == {taught[0].pk, taught[3].pk}
    missed = api("get", "gallery", label="rust", source="labels", kind="fn").json()["items"]
    assert [each["image"] for each in missed] == [taught[5].pk]

    bench.answer(taught[0], RUST, user=bench.project.created_by)  # a tie: no answer any more
    told = api("get", "gallery", label="rust", source="labels").json()
    assert {each["image"] for each in told["items"]} == {taught[3].pk}


def test_the_models_own_answers_leave_out_what_people_answered(api, bench):
    _, version = sixty(bench)
    free = bench.images(5, audit=False)
    table = np.zeros((bench.project.next_row, 3), dtype=np.float32)
    table[:] = proba_of([HEALTHY] * len(table), 3)
    places = [RUST, RUST, RUST, MILDEW, RUST]
    for image, place, sure in zip(free, places, (0.6, 0.9, 0.7, 0.9, 0.95), strict=True):
        table[image.row] = proba_of([place], 3, sure)[0]
    arrays.write_shard(predictions.folder(version) / "0.npy", table)
    bench.answer(free[4], MILDEW)
    told = api("get", "gallery", label="rust", source="pool").json()
    assert told["measured"] is None
    assert [each["image"] for each in told["items"]] == [free[1].pk, free[2].pk, free[0].pk]
    assert told["items"][0]["labels"] is None
    least = api("get", "gallery", label="rust", source="pool", order="least").json()["items"]
    assert [each["image"] for each in least] == [free[0].pk, free[2].pk, free[1].pk]


def test_a_review_is_stored_once(api, bench):
    images, _ = sixty(bench)
    body = {"uuid": str(uuid.uuid4()), "image": images[28].pk, "labels": [bench.ids[RUST]]}
    assert api("post", "reviews", body).status_code == 201
    again = api("post", "reviews", body)
    assert (again.status_code, again.json()["code"]) == (200, "replayed")
    assert Annotation.objects.filter(source="review").count() == 1
    blind = bench.images(1)[0]
    fresh = {**body, "uuid": str(uuid.uuid4()), "image": blind.pk}
    assert api("post", "reviews", fresh).json()["code"] == "blind_first"
    assert api("post", "reviews", {**body, "uuid": "x"}).status_code == 422


def test_images_are_sent_to_another_person(api, bench, other):
    images, _ = sixty(bench)
    told = api("post", "second-looks", {"images": [images[0].pk, 10**9]}).json()
    assert (told["images"], told["held"], told["nobody"]) == ([images[0].pk], 0, 0)
    drawn = api("post", "second-looks", {"draw": 3}).json()
    assert (len(drawn["images"]), drawn["drawn"]["waiting"]) == (3, 3)
    assert QueueItem.objects.filter(strategy="drawn_look", audit=True).count() == 3
