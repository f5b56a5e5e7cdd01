"""A share of the requests goes to the newest version; no request mixes two; each is counted."""

from functools import partial

import pytest

from labeler.serving import answering, counting, warming
from labeler.serving.pictures import Asked
from labeler.training import canary, versions
from labeler.training.models import Canary, Served
from tests.conftest import picture

pytestmark = pytest.mark.django_db


def asked(*seeds):
    return [Asked(n, partial(picture, n), b"%d" % n) for n in seeds]


@pytest.fixture
def warm(two_versions):
    project, _ = two_versions
    for number in (1, 2):
        answering.shelf().pinned(project, number)
    counting._counts.clear()
    return project


def numbers(project, ids):
    return [answering.answer(project, asked(1, 2), request_id=one)["model_version"] for one in ids]


def put(client, user, project, share):
    client.force_login(user)
    url = f"/api/v1/projects/{project.pk}/canary"
    return client.put(url, {"share": share}, content_type="application/json")


def test_about_the_share_goes_to_the_newest_and_always_the_same_requests(warm):
    canary.set_share(warm, 0.3)
    ids = [f"request {n}" for n in range(200)]
    first = numbers(warm, ids)
    assert numbers(warm, ids) == first
    assert set(first) == {1, 2}
    assert 0.2 < first.count(2) / 200 < 0.4


def test_without_an_id_the_pictures_draw_and_no_answer_mixes(warm):
    canary.set_share(warm, 0.5)
    seen = set()
    for n in range(12):
        told = answering.answer(warm, asked(n, n + 1, n + 2))
        assert {said["model_version"] for said in told["predictions"]} == {told["model_version"]}
        assert (
            answering.answer(warm, asked(n, n + 1, n + 2))["model_version"] == told["model_version"]
        )
        seen.add(told["model_version"])
    assert seen == {1, 2}


def test_a_version_that_is_asked_by_number_is_not_drawn_nor_counted(warm):
    canary.set_share(warm, 0.5)
    for n in range(5):
        assert answering.answer(warm, asked(n), 1)["model_version"] == 1
    counting.flush()
    assert not Served.objects.filter(requests__gt=0).exists()


def test_until_the_newest_is_warm_the_serving_one_answers(two_versions, monkeypatch):
    project, _ = two_versions
    canary.set_share(project, 0.5)
    shelf = answering.shelf()
    beside = []
    monkeypatch.setattr(shelf, "_load_beside", beside.append)
    assert set(numbers(project, [f"{n}" for n in range(12)])) == {1}
    assert {version.number for version in beside} == {2}


def test_both_are_counted_and_told_beside_each_other(client, warm, admin):
    assert put(client, admin, warm, 0.5).status_code == 200
    drawn = numbers(warm, [f"{n}" for n in range(40)])
    counting.flush()
    told = client.get(f"/api/v1/projects/{warm.pk}/canary").json()
    assert told["share"] == 0.5
    for name, number in (("serving", 1), ("newest", 2)):
        figures = told[name]
        assert (figures["version"], figures["requests"]) == (number, drawn.count(number))
        assert figures["pictures"] == 2 * drawn.count(number)
        assert 0 < figures["mean_confidence"] <= 1
        assert figures["unknown_share"] == 0
    put(client, admin, warm, 0.25)  # counted from nought
    assert client.get(f"/api/v1/projects/{warm.pk}/canary").json()["newest"]["requests"] == 0


@pytest.mark.parametrize("share", [-0.1, 0.51, 1, "half", None])
def test_shares_that_cannot_be_are_refused(client, two_versions, admin, share):
    answered = put(client, admin, two_versions[0], share)
    assert answered.status_code == 422
    assert not Canary.objects.exists()


def test_a_share_pins_what_serves(client, served, admin):
    project, _ = served
    assert put(client, admin, project, 0.1).status_code == 200
    assert versions.serving(project).pinned


def test_without_a_model_there_is_no_canary(client, project, admin):
    assert put(client, admin, project, 0.1).json()["code"] == "no_model"


def test_promote_lets_in_only_what_was_looked_at(client, warm, admin):
    put(client, admin, warm, 0.5)
    url = f"/api/v1/projects/{warm.pk}/canary/promote"
    post = partial(client.post, url, content_type="application/json")
    assert post({"version": 1}).status_code == 409
    assert versions.serving(warm).number == 1
    assert post({"version": 2}).json()["share"] == 0
    assert versions.serving(warm).number == 2
    assert versions.serving(warm).pinned


def test_roll_back_leaves_the_older_one_alone(warm):
    canary.set_share(warm, 0.5)
    canary.set_share(warm, 0.0)
    assert set(numbers(warm, [f"{n}" for n in range(20)])) == {1}


def test_the_page_shows_both_and_its_buttons_work(client, warm, admin):
    client.force_login(admin)
    page = f"/projects/{warm.pk}/models"
    client.post(f"{page}/canary", {"share": "20"})
    assert canary.of(warm).share == 0.2
    numbers(warm, [f"{n}" for n in range(20)])
    counting.flush()
    text = client.get(page).content.decode()
    assert "Promote version 2" in text
    assert "Roll back" in text
    client.post(f"{page}/canary", {"share": "99"})
    assert canary.of(warm).share == 0.2
    client.post(f"{page}/canary/promote", {"version": "2"})
    assert versions.serving(warm).number == 2


class TestReady:
    @pytest.fixture(autouse=True)
    def _cold(self):
        warming._warm.clear()
        yield
        warming._warm.clear()

    def test_a_service_is_ready_once_the_models_asked_lately_are_warm(self, client, served):
        project, _ = served
        answering.answer(project, asked(1))
        counting.flush()
        answering._shelf.clear()
        assert client.get("/healthz").status_code == 200
        cold = client.get("/readyz")
        assert (cold.status_code, cold.json()["models"]) == (503, False)
        assert cold.headers["Retry-After"]
        warming.warm()
        assert client.get("/readyz").status_code == 200
        assert list(answering.shelf()._loaded) == [versions.serving(project).pk]

    def test_a_damaged_model_does_not_keep_the_others_waiting(self, client, served):
        project, _ = served
        answering.answer(project, asked(1))
        counting.flush()
        answering._shelf.clear()
        (versions.folder(versions.serving(project)) / "manifest.json").write_bytes(b"{}")
        warming.warm()
        assert client.get("/readyz").status_code == 200
