"""The map's page, its points as bytes, and what colours them."""

import json
import struct

import numpy as np
import pytest
from django.urls import reverse

from labeler.exploring import columns, map_points, maps, sieve, surveys
from labeler.exploring.models import Survey
from labeler.labeling.models import Annotation
from labeler.pools.models import Image
from tests.training.invented import FEATURES, answer, fill, run_round

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_kept():
    columns.forget()
    sieve.forget()


@pytest.fixture
def pool(project):
    fill(project, 40)
    return project


@pytest.fixture
def map_(pool):
    """A map whose last row has no place."""
    row = Survey.objects.create(
        project=pool, kind="map", features=FEATURES, state="done", images=40, facts={}
    )
    places = np.random.default_rng(0).uniform(-1, 1, (40, 2)).astype(np.float32)
    places[39] = np.nan
    surveys.folder(row).mkdir(parents=True)
    np.save(surveys.folder(row) / "places.npy", places)
    return row


def unpacked(data):
    length = struct.unpack_from("<I", data)[0]
    head = json.loads(data[4 : 4 + length])
    at, found = 4 + length, {}
    assert at % 8 == 0
    for name, kind in map_points.ARRAYS.items():
        wide = 2 if name == "places" else 1
        found[name] = np.frombuffer(data, kind, head["n"] * wide, at)
        at += found[name].nbytes
    assert at == len(data)
    return head, found


def points(client, row):
    address = reverse("explore_map_points", args=[row.project_id])
    answer_ = client.get(address, {"survey": row.pk})
    assert answer_.status_code == 200
    return unpacked(answer_.content)


def test_points_tell_place_label_and_person(client, reviewer, pool, map_):
    answer(pool, [3, 4], user=reviewer)
    client.force_login(reviewer)
    head, found = points(client, map_)
    assert (head["n"], [label["name"] for label in head["labels"]]) == (
        39, ["healthy", "rust", "mildew"],
    )  # fmt: skip
    ids = list(Image.objects.order_by("row").values_list("pk", flat=True))
    assert found["ids"].tolist() == ids[:39]
    np.testing.assert_array_equal(found["places"].reshape(-1, 2), maps.places(map_)[:39])
    assert found["label"][[3, 4, 5]].tolist() == [0, 1, map_points.NONE]
    assert head["people"][found["person"][3]] == "reviewer"
    assert found["flags"][[4, 5]].tolist() == [0, map_points.OPEN]
    assert set(found["predicted"]) == {map_points.NONE}


def test_where_model_and_people_differ_is_marked_and_audit_stays_blind(
    client, reviewer, pool, map_
):
    answer(pool, range(30))
    assert run_round(pool).state == "done"
    slip = Annotation.objects.get(image__row=6)
    slip.labels.set([pool.labels.get(place=1)])  # row 6 is healthy
    client.force_login(reviewer)
    _, found = points(client, map_)
    differ = np.flatnonzero(found["flags"] & map_points.DIFFER)
    assert 6 in differ
    assert len(differ) < 6
    assert found["predicted"][31] == 31 % 3
    assert 0 < found["confidence"][31] <= 254
    pool.images.filter(row=35).update(audit=True)
    columns.forget()
    _, found = points(client, map_)
    assert found["predicted"][35] == found["confidence"][35] == map_points.NONE


def test_a_filter_says_which_points_stay(client, reviewer, pool, map_):
    client.force_login(reviewer)
    address = reverse("explore_map_kept", args=[pool.pk])
    kept = client.get(address, {"survey": map_.pk, "q": "7.png"})
    assert np.flatnonzero(np.frombuffer(kept.content, np.uint8)).tolist() == [7, 17, 27, 37]
    assert client.get(address, {"survey": map_.pk, "low": "x"}).status_code == 422
    assert client.get(address, {"survey": "0"}).status_code == 404


def test_the_page_offers_a_map_and_says_how_old_it_is(client, reviewer, pool):
    client.force_login(reviewer)
    address = reverse("explore_map", args=[pool.pk])
    assert "No map yet" in client.get(address).content.decode()
    assert client.post(reverse("explore_map_make", args=[pool.pk])).status_code == 302
    asked = Survey.objects.get()
    assert (asked.kind, asked.features, asked.asked_by) == ("map", FEATURES, reviewer)
    assert "It begins as soon as a worker is free" in client.get(address).content.decode()
    progress = reverse("explore_map_progress", args=[pool.pk])
    assert "HX-Refresh" not in client.get(progress)


def test_a_map_that_lacks_images_says_so(client, reviewer, pool, map_):
    pool.next_row = 43
    pool.save()
    client.force_login(reviewer)
    page = client.get(reverse("explore_map", args=[pool.pk])).content.decode()
    assert "The map is older than 3 images" in page
    assert client.get(reverse("explore_map_progress", args=[pool.pk]))["HX-Refresh"] == "true"


def test_without_vectors_there_is_nothing_to_draw(client, reviewer, project):
    client.force_login(reviewer)
    page = client.post(reverse("explore_map_make", args=[project.pk]), follow=True)
    assert "No image has been embedded yet" in page.content.decode()
    assert not Survey.objects.exists()


def test_names_are_told_of_the_own_images_only(client, reviewer, pool):
    image = Image.objects.get(row=3)
    client.force_login(reviewer)
    told = client.get(reverse("explore_map_names", args=[pool.pk]), {"image": [image.pk, 10**9]})
    assert told.json() == {str(image.pk): "3.png"}
