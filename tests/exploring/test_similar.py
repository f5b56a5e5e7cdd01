"""Similar images: exactly in small pools, by an index in large ones."""

import numpy as np
import pytest
from django.urls import reverse

from labeler.exploring import neighbour_index, similar, surveys, vectors
from labeler.exploring.models import Survey
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training.spaces import Space
from ml.neighbours import nearest
from tests.training.invented import FEATURES, fill, work_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pool(project):
    project.table = fill(project, 60).astype(np.float16)
    return project


def rows(answer):
    return [like.image.row for like in answer.found]


def image(project, row):
    return Image.objects.select_related("project").get(project=project, row=row)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_most_alike_come_first_and_not_the_image_itself(pool, metric):
    answer = similar.to_image(image(pool, 4), 7, metric=metric)
    right = nearest(pool.table[4:5], pool.table, 8, metric=metric)
    assert rows(answer) == right.position[0, 1:].tolist()
    assert [like.value for like in answer.found] == pytest.approx(
        right.value[0, 1:].tolist(), abs=2e-3, rel=2e-3
    )
    assert (answer.how, answer.features) == ("exact", FEATURES)


def test_images_that_left_the_pool_are_passed_over(pool):
    first = similar.to_image(image(pool, 4), 1).found[0].image
    first.delete()
    assert first.row not in rows(similar.to_image(image(pool, 4), 5))
    assert len(similar.to_image(image(pool, 4), 5).found) == 5


def test_without_vectors_it_says_what_to_wait_for(project, images):
    with pytest.raises(similar.NotReady, match="No image has been embedded"):
        similar.to_image(image(project, 2), 5)


def test_a_new_image_has_no_neighbours_yet(pool):
    new = Image.objects.create(
        project=pool, row=60, sha256="f" * 64, name="new.png", width=9, height=9, format="PNG",
        bytes=9, key=0.5,
    )  # fmt: skip
    with pytest.raises(similar.NotReady, match="no features yet"):
        similar.to_image(new, 5)


def test_a_large_pool_is_asked_through_an_index(pool, monkeypatch):
    monkeypatch.setattr(similar, "EXACT_UP_TO", 50)
    with pytest.raises(similar.NotReady, match="makes an index"):
        similar.to_image(image(pool, 4), 5)
    work_on("survey")
    row = Survey.objects.get()
    assert (row.kind, row.state, row.error) == ("index", "done", "")
    assert row.facts["recall"]["cosine"] >= 0.95
    answer = similar.to_image(image(pool, 4), 5)
    assert (answer.how, answer.recall) == ("index", row.facts["recall"]["cosine"])
    assert rows(answer) == nearest(pool.table[4:5], pool.table, 6).position[0, 1:].tolist()


def test_images_newer_than_the_index_are_found_too(pool):
    surveys.ask(pool, None, Survey.Kind.INDEX, Space(FEATURES), {})
    work_on("survey")
    row = Survey.objects.get()
    Survey.objects.filter(pk=row.pk).update(images=30)
    row.refresh_from_db()
    source = vectors.of(pool)
    found = neighbour_index.search(row, source, source.some(np.array([45]))[0], 3, "cosine")
    assert found.position[0] == 45
    assert len(set(found.position.tolist())) == 3


# The API -----------------------------------------------------------------------------------


def test_the_api_answers_with_values(client, reviewer, pool):
    client.force_login(reviewer)
    address = f"/api/v1/images/{image(pool, 4).pk}/similar"
    told = client.get(address, {"k": 3, "metric": "euclidean"}).json()
    assert (told["metric"], told["how"], told["features"]) == ("euclidean", "exact", FEATURES)
    assert len(told["items"]) == 3
    assert told["items"][0]["value"] <= told["items"][2]["value"]
    assert set(told["items"][0]) == {"id", "name", "state", "value"}
    assert client.get(address, {"k": 0}).status_code == 422
    assert client.get(address, {"metric": "manhattan"}).status_code == 422
    assert client.get(address, {"features": "no-such"}).status_code == 409


def test_the_api_says_when_there_is_nothing_to_search(client, reviewer, project, images):
    client.force_login(reviewer)
    told = client.get(f"/api/v1/images/{images[3].pk}/similar")
    assert (told.status_code, told.json()["code"]) == (409, "not_ready")


# The page ----------------------------------------------------------------------------------


def test_the_page_shows_what_is_like_an_image(client, reviewer, pool, monkeypatch):
    client.force_login(reviewer)
    address = reverse("explore_similar", args=[pool.pk])
    page = client.get(address, {"image": image(pool, 4).pk, "k": 10})
    assert page.status_code == 200
    assert page.content.decode().count("data-similar-tile") == 10
    assert client.get(address).status_code == 200
    monkeypatch.setattr(similar, "EXACT_UP_TO", 50)
    page = client.get(address, {"image": image(pool, 4).pk}).content.decode()
    assert "makes an index" in page
    work_on("survey")
    page = client.get(address, {"image": image(pool, 4).pk}).content.decode()
    assert "Of the ten most alike it finds 100.0" in page
    assert client.get(address, {"image": 10**9}).status_code == 404
    assert client.get(address, {"image": image(pool, 4).pk, "k": "many"}).status_code == 200


def test_another_project_s_image_is_not_there(client, reviewer, pool, owner):
    other = Project.objects.create(name="Other", audit_seed=1, created_by=owner)
    fill(other, 3)
    client.force_login(reviewer)
    address = reverse("explore_similar", args=[pool.pk])
    assert client.get(address, {"image": image(other, 1).pk}).status_code == 404
