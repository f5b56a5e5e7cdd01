"""The autolabel page, the sorted galleries, and the API of acceptances."""

import json

import pytest

from labeler.labeling.models import Acceptance
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import sureness
from tests.evaluation.pool_of_model import scored_pool, work


@pytest.fixture
def where(project):
    return f"/projects/{project.pk}/autolabel"


@pytest.fixture
def pool(bench):
    version, opened = scored_pool(bench)
    sureness.make(version, lambda done, total: None)
    return version, opened


@pytest.fixture
def admin(client, owner):
    client.force_login(owner)
    return client


def text(response):
    return " ".join(response.content.decode().split())


def test_before_a_model_it_says_what_is_missing(admin, where, project):
    assert "No model yet" in text(admin.get(where))


def test_it_asks_a_worker_to_count_and_reloads_when_that_is_done(admin, where, bench):
    scored_pool(bench)
    assert "data-poll" in text(admin.get(where))
    assert "HX-Refresh" not in admin.get(f"{where}/state").headers
    work()
    assert admin.get(f"{where}/state").headers["HX-Refresh"] == "true"
    assert "of 200 open images" in text(admin.get(where))


def test_offer_accept_and_revoke(admin, where, pool, project):
    page = text(admin.get(where, {"tolerated": "5"}))
    assert "Accept 160 images" in page
    assert "0 wrong of 240 audit images" in page
    sent = {"tolerated": "5", "version": "1"}
    done = admin.post(f"{where}/accept", sent, follow=True)
    assert "Acceptance 1 is on its way" in text(done)
    work()
    page = text(admin.get(where))
    assert "Revoke, open 160 images again" in page
    assert "not checked yet" in page
    done = admin.post(f"{where}/1", {"do": "revoke"}, follow=True)
    assert "Revoked: 160 images are open again" in text(done)
    work()
    assert Image.objects.filter(project=project, state="accepted").count() == 0


@pytest.mark.parametrize("rate", ["0", "90", "much"])
def test_a_rate_that_is_none_gets_a_message(admin, where, pool, rate):
    assert "A tolerated error lies between" in text(admin.get(where, {"tolerated": rate}))


def test_a_sample_that_is_too_small_is_told(admin, where, pool):
    page = text(admin.get(where, {"tolerated": "1"}))
    assert "too small to promise 1.0" in page
    assert "About 160 more" in page
    assert "Accept " not in page.split("Accepted so far")[0].split("What would be accepted")[-1]


def test_a_label_with_its_own_rate(admin, where, pool, bench):
    page = text(admin.get(where, {"tolerated": "5", f"label_{bench.ids[0]}": "3"}))
    assert "Seen wrong" in page
    assert "Accept 160 images" in page


def test_a_reviewer_sees_and_does_not_accept(client, reviewer, where, pool):
    client.force_login(reviewer)
    page = text(client.get(where))
    assert "An admin of the project can accept them." in page
    assert client.post(f"{where}/accept", {"version": "1"}).status_code == 403


def test_sorted_galleries_are_paged(admin, where, pool, project, bench):
    admin.post(f"{where}/accept", {"tolerated": "5", "version": "1"})
    work()
    base = f"/projects/{project.pk}/sorted"
    page = text(admin.get(f"{base}/accepted"))
    assert "160 images" in page
    assert page.count('class="tile"') == 60
    after = page.split("?after=")[1].split('"')[0]
    assert text(admin.get(f"{base}/accepted", {"after": after})).count('class="tile"') == 60
    assert text(admin.get(f"{base}/accepted", {"label": bench.ids[1]})).count('class="tile"') == 0
    assert "40 images" in text(admin.get(f"{base}/unknown"))
    assert admin.get(f"{base}/rejected").status_code == 404, "one label per image rejects nothing"


def test_the_image_page_says_whose_label_it_is(admin, where, pool, project):
    admin.post(f"{where}/accept", {"tolerated": "5", "version": "1"})
    work()
    image = Image.objects.filter(project=project, state="accepted").first()
    page = text(admin.get(f"/projects/{project.pk}/images/{image.pk}"))
    assert "the model's, accepted" in page or "the model&#x27;s, accepted" in page


def test_yes_or_no_rejects_the_noes(admin, where, bench, project):
    Project.objects.filter(pk=project.pk).update(kind="yesno")
    bench.labels[2].retired = True
    bench.labels[2].save()
    version, _ = scored_pool(bench)
    version.project.refresh_from_db()
    sureness.make(version, lambda done, total: None)
    admin.post(f"{where}/accept", {"tolerated": "5", "version": "1"})
    work()
    page = text(admin.get(f"/projects/{project.pk}/sorted/rejected"))
    assert "0 images" in page
    Acceptance.objects.get().annotations.update(label_ids=[bench.ids[1]])
    assert "160 images" in text(admin.get(f"/projects/{project.pk}/sorted/rejected"))


def test_the_api_accepts_and_revokes(admin, pool, project):
    base = f"/api/v1/projects/{project.pk}/acceptances"
    answer = admin.post(base, json.dumps({"tolerated": 0.05}), content_type="application/json")
    assert answer.status_code == 202, answer.content
    assert answer.json()["state"] == "due"
    work()
    (row,) = admin.get(base).json()["items"]
    assert (row["images"], row["standing"], row["promise"], row["state"]) == (
        160, 160, "unknown", "done",
    )  # fmt: skip
    revoked = admin.post(f"{base}/1/revoke")
    assert revoked.status_code == 202
    assert revoked.json()["revoked_at"]
    assert admin.post(f"{base}/7/revoke").status_code == 404
    none = admin.post(base, json.dumps({"tolerated": 0.001}), content_type="application/json")
    assert (none.status_code, none.json()["code"]) == (409, "nothing_to_accept")
