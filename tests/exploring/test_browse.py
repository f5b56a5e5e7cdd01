"""The list of Explore: filters, orders, counts, pages."""

import json
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest

from labeler.exploring import columns, counts, filters, sieve, tiles, words
from labeler.exploring.filters import BadFilter
from labeler.exploring.models import SavedView
from labeler.labeling import together
from labeler.pools.models import Image
from labeler.projects.models import Project
from labeler.training import predictions, versions
from labeler.training.models import ModelVersion, Round
from ml import arrays

pytestmark = pytest.mark.django_db
BELIEFS = [
    (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.2, 0.7, 0.1), (0.1, 0.3, 0.6), (0.34, 0.33, 0.33),
    (0.95, 0.03, 0.02), (0.1, 0.85, 0.05), (0.2, 0.2, 0.6), (0.5, 0.4, 0.1),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh():
    for kept in (columns, sieve, words):
        kept.forget()


@pytest.fixture
def pool(project, images, reviewer):
    """Ten images; 0 and 1 audit; 2 and 3 say rust; a model has scored all but the last."""
    labels = list(project.labels.order_by("place"))
    project.refresh_from_db()
    rust = labels[1]
    together.label_together(project, reviewer, [i.pk for i in images[2:4]], [rust.pk], uuid4())
    row = Round.objects.create(project=project, number=1, reason="labels", state="done")
    version = ModelVersion.objects.create(
        project=project, number=1, round=row, head="logistic", features="pixels",
        label_ids=[label.pk for label in labels], strategy="margin", n_labels=2,
        seen_annotation=0, temperature=1.0, sha256="0" * 64, serving=True,
    )  # fmt: skip
    predictions.folder(version).mkdir(parents=True)
    arrays.write_shard(predictions.folder(version) / "0.npy", np.array(BELIEFS, np.float16))
    return SimpleNamespace(project=project, labels=labels, images=images, rust=rust)


def rows(pool, query=""):
    from django.http import QueryDict

    wanted = filters.parsed(dict(QueryDict(query).lists()))
    return sieve.found(pool.project, wanted).rows.tolist()


def test_everything_by_row(pool):
    assert rows(pool) == list(range(10))
    assert rows(pool, "order=-row") == list(range(9, -1, -1))


def test_what_people_say(pool):
    assert rows(pool, f"label={pool.rust.pk}") == [2, 3]
    assert rows(pool, "label=none") == [0, 1, 4, 5, 6, 7, 8, 9]
    assert rows(pool, f"label=none&label={pool.rust.pk}") == list(range(10))


def test_state_split_person_import_and_audit(pool, reviewer, admin):
    Image.objects.filter(row=5).update(split="test")
    columns.forget()
    assert rows(pool, "state=labeled") == [2, 3]
    assert rows(pool, "split=test") == [5]
    assert rows(pool, f"person={reviewer.pk}") == [2, 3]
    assert rows(pool, f"person={admin.pk}") == []
    assert rows(pool, "audit=yes") == [0, 1]
    assert rows(pool, "import=3") == []


def test_what_the_model_says_but_not_of_blind_images(pool):
    assert rows(pool, f"predicted={pool.rust.pk}") == [2, 6]  # not 1: it is asked blind
    assert rows(pool, "low=0.6&high=0.8") == [2, 3, 7]
    assert rows(pool, "order=-confidence") == [5, 6, 2, 3, 7, 8, 4]
    assert rows(pool, "order=margin")[0] == 4


def test_words_in_names_and_exif(pool):
    Image.objects.filter(row=7).update(exif={"Model": "Nikon D5"})
    words.forget()
    assert rows(pool, "q=leaf-4") == [4]
    assert rows(pool, "q=NIKON+leaf") == [7]
    assert rows(pool, "q=nothing") == []
    assert rows(pool, "order=-name")[0] == 9


def test_a_search_finds_what_came_later(pool):
    assert rows(pool, "q=late") == []
    Image.objects.create(
        project=pool.project, row=10, sha256="f" * 64, name="late.png", width=1, height=1,
        format="PNG", bytes=1, key=0.5,
    )  # fmt: skip
    Project.objects.filter(pk=pool.project.pk).update(next_row=11)
    pool.project.refresh_from_db()
    assert rows(pool, "q=late") == [10]
    assert rows(pool)[-1] == 10


def test_new_answers_show_at_once_and_an_undo_too(pool, reviewer):
    healthy, batch = pool.labels[0], uuid4()
    assert rows(pool, f"label={healthy.pk}") == []
    together.label_together(pool.project, reviewer, [pool.images[6].pk], [healthy.pk], batch)
    assert rows(pool, f"label={healthy.pk}") == [6]
    together.undo_together(pool.project, reviewer, batch)
    assert rows(pool, f"label={healthy.pk}") == []
    assert 6 in rows(pool, "label=none")


def test_what_one_scrolls_through_stays(pool, reviewer):
    wanted = filters.parsed({"label": ["none"]})
    first = tiles.page(pool.project, wanted, 0, 3)
    ids = [pool.images[4].pk]
    together.label_together(pool.project, reviewer, ids, [pool.rust.pk], uuid4())
    after = tiles.page(pool.project, wanted, 0, 3, first["stamp"])
    assert after["total"] == first["total"] == 8
    assert tiles.page(pool.project, wanted, 0, 3)["total"] == 7


def test_a_tile_tells_nothing_of_a_blind_image(pool):
    blind, plain = (tiles.page(pool.project, filters.Filter(), n, 1)["items"][0] for n in (1, 2))
    assert (blind["predicted"], blind["labels"], blind["audit"]) == (None, [], True)
    assert (plain["predicted"], plain["labels"]) == (pool.rust.pk, [pool.rust.pk])
    assert plain["confidence"] == pytest.approx(0.7, abs=0.01)


def test_counts(pool, reviewer):
    found = counts.of(pool.project)
    assert found["images"] == 10
    assert found["labels"] == {0: 8, pool.rust.pk: 2}
    assert found["states"] == {"open": 8, "labeled": 2}
    assert found["people"] == {reviewer.pk: 2}
    assert sum(found["predicted"].values()) == 7


@pytest.mark.parametrize("query", ["low=0.9&high=0.1", "low=nan", "state=gone", "person=x"])
def test_a_wrong_filter_says_what_is_wrong(pool, query):
    with pytest.raises(BadFilter):
        rows(pool, query)


def test_the_page_and_its_tiles(client, pool, reviewer):
    client.force_login(reviewer)
    assert client.get(f"/projects/{pool.project.pk}/explore").status_code == 200
    url = f"/projects/{pool.project.pk}/explore/images"
    told = client.get(url, {"offset": 8, "count": 5, "label": "none"}).json()
    assert (told["total"], told["items"]) == (8, [])
    assert client.get(url, {"state": "gone"}).status_code == 422


def test_a_filter_is_labeled_and_asked(client, pool, reviewer):
    client.force_login(reviewer)
    base = f"/projects/{pool.project.pk}/explore"
    send = {"query": "q=leaf-5", "labels": [pool.rust.pk], "batch": str(uuid4())}
    done = client.post(f"{base}/label", json.dumps(send), "application/json").json()
    assert done["labeled"] == 1
    asked = client.post(f"{base}/ask", json.dumps({"query": "label=none"}), "application/json")
    assert asked.json()["asked"] == 5
    assert "audit" in asked.json()["left_out"][0]
    facts = client.post(f"{base}/facts", json.dumps({"query": ""}), "application/json").json()
    assert (facts["images"], facts["open"], facts["audit"]) == (10, 7, 2)


def test_views_are_kept_and_forgotten(client, pool, reviewer, admin):
    client.force_login(reviewer)
    base = f"/projects/{pool.project.pk}/explore/views"
    send = {"name": "odd rust", "query": f"label={pool.rust.pk}", "shared": True}
    client.post(f"{base}/keep", json.dumps(send), "application/json")
    kept = SavedView.objects.get()
    client.force_login(admin)
    assert "odd rust" in client.get(f"/projects/{pool.project.pk}/explore").content.decode()
    client.post(f"{base}/forget", json.dumps({"id": kept.pk}), "application/json")
    assert SavedView.objects.exists()  # somebody else's
    client.force_login(reviewer)
    client.post(f"{base}/forget", json.dumps({"id": kept.pk}), "application/json")
    assert not SavedView.objects.exists()


def test_predictions_of_a_version_are_read_once_they_are_there(pool):
    version = versions.serving(pool.project)
    assert rows(pool, "low=0.99") == []
    arrays.write_shard(
        predictions.folder(version) / "0.npy", np.array([(1.0, 0, 0)] * 9, np.float16)
    )
    (predictions.folder(version) / "answers.npz").unlink()
    sieve.forget()
    assert len(rows(pool, "low=0.99")) == 7


def test_the_chosen_are_exported(client, pool, reviewer):
    client.force_login(reviewer)
    url = f"/projects/{pool.project.pk}/explore/export"
    ids = ",".join(str(image.pk) for image in pool.images[2:5])
    response = client.post(url, {"ids": ids[: ids.rindex(",")] + f",{pool.images[5].pk}"})
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert [line for line in lines if "leaf-2" in line]
    assert [line for line in lines if "leaf-3" in line]
    assert len(lines) == 3  # with the heading; the last one has no label
    assert client.post(url, {"ids": ""}).status_code == 302


def test_another_process_begins_with_the_file(pool, reviewer):
    assert rows(pool, "label=none")[0] == 0
    columns.forget()  # a new process
    sieve.forget()
    ids = [pool.images[4].pk]
    together.label_together(pool.project, reviewer, ids, [pool.rust.pk], uuid4())
    assert rows(pool, f"label={pool.rust.pk}") == [2, 3, 4]
