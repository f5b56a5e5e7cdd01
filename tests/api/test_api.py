"""The API does what its contract says, from a project to an export."""

import json
import uuid

import pytest

from labeler.exploring import columns, sieve, words
from labeler.labeling import queue, together
from labeler.labeling.models import Annotation, QueueItem
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.training.models import ModelVersion, Round
from tests.conftest import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(world, as_token, owner):
    return as_token(owner)


@pytest.fixture
def where(world):
    return f"/api/v1/projects/{world.project.pk}"


def post(client, address, body=None):
    return client.post(address, body, content_type="application/json")


def answer(item, **what):
    return {"uuid": str(uuid.uuid4()), "item": item, **(what or {"labels": ["rust"]})}


def test_a_project_from_beginning_to_end(api):
    labels = [{"name": "rust", "colour": "#FF8800"}, {"name": "mildew", "key": "m"}]
    body = {"name": "Tea", "kind": "multi", "labels": labels, "retrain_after": 20}
    made = post(api, "/api/v1/projects", body)
    assert made.status_code == 201
    told = made.json()
    assert (told["kind"], told["retrain_after"], told["role"]) == ("multi", 20, "admin")
    assert [(x["name"], x["key"], x["colour"]) for x in told["labels"]] == [
        ("rust", "1", "#ff8800"), ("mildew", "M", ""),
    ]  # fmt: skip

    where = f"/api/v1/projects/{told['id']}"
    rust = told["labels"][0]["id"]
    change = {
        "name": "Tea leaves",
        "retrain_after": None,
        "labels": [{"id": rust, "name": "leaf rust"}, {"name": "mildew", "retired": True},
                   {"name": "scorch"}],
    }  # fmt: skip
    changed = api.patch(where, change, content_type="application/json").json()
    assert (changed["name"], changed["retrain_after"]) == ("Tea leaves", None)
    assert [(x["name"], x["key"], x["retired"]) for x in changed["labels"]] == [
        ("leaf rust", "1", False), ("mildew", "M", True), ("scorch", "2", False),
    ]  # fmt: skip
    assert api.get(where).json() == changed
    assert api.delete(where).status_code == 202
    assert api.get(where).status_code == 404


def test_lists_come_in_pages_that_meet(api, where, world):
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"{where}/images?limit=3&order=-row&cursor={cursor}").json()
        seen += [line["name"] for line in page["items"]]
        cursor = page["next"]
    assert seen == ["3.png", "2.png", "1.png", "0.png"]


def test_images_by_state_and_label(api, where, world):
    rust = world.project.labels.get(name="rust")
    world.answered.labels.add(rust)
    type(world.image).objects.filter(pk=world.answered.image_id).update(state="labeled")

    def names(query):
        return [line["name"] for line in api.get(f"{where}/images?{query}").json()["items"]]

    assert names("state=labeled") == ["0.png"]
    assert names("state=open") == ["1.png", "2.png", "3.png"]
    assert names("label=RUST") == ["0.png"]
    assert names("label=mildew") == []


def test_images_by_what_the_model_believes(api, where, world):
    import numpy as np

    from labeler.training import predictions
    from ml import arrays

    table = np.array([[0.9, 0.1, 0], [0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [np.nan] * 3], np.float32)
    (version,) = ModelVersion.objects.filter(project=world.project, serving=True)
    for kept in (columns, sieve):
        kept.forget()
    arrays.write_shard(predictions.folder(version) / "0.npy", table)

    def names(query):
        seen, cursor = [], ""
        while cursor is not None:
            page = api.get(f"{where}/images?limit=1&{query}&cursor={cursor}").json()
            seen += [line["name"] for line in page["items"]]
            cursor = page["next"]
        return seen

    assert names("order=-confidence") == ["0.png", "1.png", "2.png"]
    assert names("order=confidence") == ["2.png", "1.png", "0.png"]
    assert names("predicted=healthy") == ["0.png", "2.png"]
    assert names("predicted=healthy&max_confidence=0.8") == ["2.png"]
    assert names("min_confidence=0.6&order=-row") == ["1.png", "0.png"]
    first = api.get(f"{where}/images").json()["items"][0]
    told = {"healthy": 0.9, "rust": 0.1, "mildew": 0.0}
    assert first["predictions"] == pytest.approx(told, abs=1e-3)  # they are kept in half precision
    type(world.image).objects.filter(pk=world.image.pk).update(audit=True)
    assert names("predicted=rust") == []  # nor does a filter tell


def test_images_by_every_filter_of_explore(api, where, world, annotator):
    image = world.images[2]
    Import.objects.filter(project=world.project).update(number=7)
    changes = {"split": "test", "came_with": Import.objects.get(project=world.project)}
    exif = {"Model": "Nikon D5", "DateTimeOriginal": "2024-05-01 10:00:00"}
    type(image).objects.filter(pk=image.pk).update(**changes, exif=exif)
    for kept in (columns, sieve, words):
        kept.forget()
    for query in ("q=NIKON", "split=test", "import=7", "q=2.png&split=test"):
        page = api.get(f"{where}/images?{query}").json()
        assert [line["name"] for line in page["items"]] == ["2.png"], query
        assert page["total"] == 1
    for query in ("person=nobody", "odd=dark", "cluster=1-2", "audit=true"):
        assert api.get(f"{where}/images?{query}").json()["items"] == [], query
    ordered = api.get(f"{where}/images?order=taken&limit=1").json()["items"]
    assert ordered[0]["name"] == "2.png"


def test_a_list_goes_on_after_an_image_that_left_it(api, where, world):
    for kept in (columns, sieve, words):
        kept.forget()
    first = api.get(f"{where}/images?state=open&order=-name&limit=2").json()
    assert [line["name"] for line in first["items"]] == ["3.png", "2.png"]
    pk = world.images[2].pk
    together.label_together(
        world.project, world.project.created_by, [pk], [world.project.labels.first().pk],
        uuid.uuid4(),
    )  # fmt: skip
    after = api.get(f"{where}/images?state=open&order=-name&limit=2&cursor={first['next']}").json()
    assert [line["name"] for line in after["items"]] == ["1.png", "0.png"]
    assert (after["next"], after["total"]) == (None, 3)


def test_an_open_audit_image_does_not_tell_what_the_model_believes(api, where, world, monkeypatch):
    import numpy as np

    from labeler.training import predictions

    monkeypatch.setattr(
        predictions, "proba", lambda version, rows: np.full((len(rows), 3), 1 / 3, np.float32)
    )
    type(world.image).objects.filter(pk=world.image.pk).update(audit=True)
    assert api.get(f"/api/v1/images/{world.image.pk}").json()["predictions"] is None


def test_an_annotator_sees_own_answers_only(world, as_user, annotator, reviewer, owner):
    Annotation.objects.create(
        uuid=uuid.uuid4(), project=world.project, image=world.images[0], user=owner, source="queue"
    )
    address = f"/api/v1/images/{world.images[0].pk}"
    own = as_user(annotator).get(address).json()["annotations"]
    assert [one["user"] for one in own] == ["annotator"]
    assert len(as_user(reviewer).get(address).json()["annotations"]) == 2


def test_a_token_opens_the_file_that_a_claim_names(api, where, world):
    (item,) = post(api, f"{where}/queue/claim", {"count": 1}).json()["items"]
    for size in ("thumb", "screen", "original"):
        file = api.get(item["urls"][size])
        assert file.status_code == 200
        assert file["Content-Type"].startswith("image/")


def test_claim_answer_replay_undo(api, where, world):
    told = post(api, f"{where}/queue/claim", {"count": 5}).json()
    item = next(i for i in told["items"] if i["item"] == world.item.pk)
    assert item["why"]["strategy"] == "random"
    assert item["claimed_until"]
    sent = answer(item["item"], labels=["rust"], elapsed_ms=740)
    first = post(api, f"{where}/annotations", sent)
    again = post(api, f"{where}/annotations", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert first.json()["labels"] == ["rust"]
    assert Annotation.objects.filter(uuid=sent["uuid"]).count() == 1

    other = post(api, f"{where}/annotations", sent | {"labels": ["mildew"]})
    assert other.status_code == 409
    undone = post(api, f"{where}/annotations/{sent['uuid']}/undo")
    assert undone.status_code == 201
    assert post(api, f"{where}/annotations/{sent['uuid']}/undo").status_code == 200
    assert undone.json()["question"]["item"] == item["item"]


def test_an_item_that_somebody_else_closed_is_lost(api, where, world, as_token, annotator):
    queue.claim(project=world.project, user=annotator, count=1)
    other = as_token(annotator)
    assert post(other, f"{where}/annotations", answer(world.item.pk)).status_code == 201
    late = post(api, f"{where}/annotations", answer(world.item.pk))
    assert late.status_code == 409
    assert late.json()["code"] == "claim_lost"


def test_in_a_list_each_answer_stands_for_itself(api, where, world):
    more = QueueItem.objects.create(
        project=world.project, image=world.images[2], rank=1, strategy="random"
    )
    sent = [answer(world.item.pk), answer(more.pk, labels=["unknown"]), answer(more.pk), "x"]
    reply = post(api, f"{where}/annotations", json.dumps(sent))
    assert reply.status_code == 201
    assert [one["status"] for one in reply.json()["results"]] == [201, 422, 201, 422]
    again = post(api, f"{where}/annotations", json.dumps([sent[0], sent[2]]))
    assert again.status_code == 200
    none = post(api, f"{where}/annotations", json.dumps([sent[1], sent[3]]))
    assert none.status_code == 422
    assert [one["status"] for one in none.json()["results"]] == [422, 422]


def test_files_are_imported_under_the_names_they_are_given(api, where, world):
    from django.core.files.uploadedfile import SimpleUploadedFile

    files = [SimpleUploadedFile(f"{i}.png", picture(100 + i)) for i in range(2)]
    sent = {"files": files, "paths": ["rust/a.png", "mildew/b.png"], "folders": "truth"}
    made = api.post(f"{where}/imports", sent)
    assert made.status_code == 202
    told = made.json()
    assert (told["id"], told["state"]) == (2, "queued")
    imp = Import.objects.get(project=world.project, number=2)
    assert imp.sealed
    assert imp.folders == "truth"
    assert api.get(f"{where}/imports/2").json() == told
    assert b"".join(api.get(told["report_url"]).streaming_content).startswith(b"{")
    assert post(api, f"{where}/imports/2/cancel").json()["state"] == "cancelled"


def test_a_server_folder_is_imported_where_the_installation_allows_it(
    api, where, tmp_path, settings
):
    (tmp_path / "leaves").mkdir()
    body = {"source": str(tmp_path / "leaves"), "folders": "labels"}
    assert post(api, f"{where}/imports", body).status_code == 422
    settings.IMPORT_FOLDERS = [tmp_path]
    assert post(api, f"{where}/imports", body).status_code == 202


def test_asking_twice_gives_one_round(api, where, world):
    first, second = post(api, f"{where}/rounds"), post(api, f"{where}/rounds")
    assert first.status_code == second.status_code == 202
    assert first.json()["id"] == second.json()["id"] == 2
    assert Round.objects.filter(project=world.project).count() == 2
    assert [r["id"] for r in api.get(f"{where}/rounds").json()["items"]] == [2, 1]


def test_model_versions_and_metrics(api, where):
    (version,) = api.get(f"{where}/model-versions").json()["items"]
    assert (version["model_version"], version["serving"], version["score"]) == (1, True, None)
    told = api.get(f"{where}/metrics?threshold=0.5").json()
    assert told["model_version"] == 1
    assert told["sample"] == "audit"


@pytest.mark.parametrize(("form", "kind"), [("csv", "text/csv"), ("jsonl", "application/jsonl")])
def test_an_export_is_streamed(api, where, world, form, kind):
    item = world.item
    post(api, f"{where}/annotations", answer(item.pk))
    told = api.get(f"{where}/export?format={form}")
    assert told.streaming
    assert told["Content-Type"].startswith(kind)
    assert f'-{world.project.pk}.{form}"' in told["Content-Disposition"]
    text = b"".join(told.streaming_content).decode()
    assert "1.png" in text
    assert "rust" in text


def test_a_scoped_token_sees_and_makes_nothing_wider(world, as_token, owner, where):
    narrow = as_token(owner, project=world.project, role="annotator")
    assert [p["id"] for p in narrow.get("/api/v1/projects").json()["items"]] == [world.project.pk]
    assert narrow.get(where).json()["role"] == "annotator"
    assert (
        post(narrow, "/api/v1/projects", {"name": "x", "labels": [{"name": "a"}]}).status_code
        == 403
    )
    elsewhere = f"/api/v1/projects/{world.elsewhere.pk}"
    assert narrow.get(elsewhere).status_code == 404
    assert narrow.delete(where).status_code == 403
    assert narrow.get("/metrics").status_code == 403
    assert Project.objects.count() == 2


def test_what_is_sent_for_another_project_is_refused(world, as_token, outsider, where):
    """An item of "Leaves" cannot be answered, nor its labels used, through another project."""
    api = as_token(outsider)
    mine = f"/api/v1/projects/{world.elsewhere.pk}"
    assert post(api, f"{mine}/annotations", answer(world.item.pk)).status_code in (404, 422)
    undo = f"{mine}/annotations/{world.answered.uuid}/undo"
    assert post(api, undo).status_code == 404
    foreign = world.project.labels.first().pk
    change = {"labels": [{"id": foreign, "name": "mine"}]}
    assert api.patch(mine, change, content_type="application/json").status_code == 422
    assert api.get(f"{mine}/imports/1").status_code == 404
    assert api.get(f"{mine}/metrics?model_version=1").status_code == 404


def test_the_document_and_its_page(world, as_token, as_user, annotator):
    told = as_token(annotator).get("/api/v1/openapi.json").json()
    assert told["info"]["title"] == "Labeler"
    page = as_user(annotator).get("/api/v1/docs").content.decode()
    for path, methods in told["paths"].items():
        assert path in page
        for method in methods.values():
            assert f'id="{method["operationId"]}"' in page
