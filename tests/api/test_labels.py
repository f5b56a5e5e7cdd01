"""The label set over the API: order, merges, splits, history."""

import json

import pytest

from labeler.projects.models import Label, LabelEvent


@pytest.fixture
def api(client, world, admin):
    """A function that sends JSON as an admin to an address below the project's labels."""
    client.force_login(admin)

    def send(method, where="", **body):
        path = f"/api/v1/projects/{world.project.pk}/labels{where}"
        sent = json.dumps(body) if method != "GET" else ""
        reply = client.generic(method, path, sent, content_type="application/json")
        return reply.status_code, reply.json()

    return send


@pytest.fixture
def ids(project):
    return {label.name: label.pk for label in project.labels.all()}


def test_the_order_is_set_and_told(api, world, ids):
    code, told = api("POST", "/order", labels=[ids["mildew"], ids["healthy"]])
    assert code == 200
    names = [label["name"] for label in told["items"]]
    assert names == ["mildew", "healthy", "rust"]
    assert api("GET")[1]["items"] == told["items"]
    assert [label["position"] for label in told["items"]] == [0, 1, 2]


def test_a_dry_run_counts_and_the_merge_does_it(api, world, ids):
    world.answered.labels.add(ids["mildew"])
    where = f"/{ids['mildew']}/merge"
    code, told = api("POST", where, into=ids["rust"], dry_run=True)
    assert (code, told["answers"], told["dry_run"]) == (200, 1, True)
    assert not Label.objects.filter(retired=True).exists()
    code, told = api("POST", where, into=ids["rust"])
    assert (code, told["answers"], told["dry_run"]) == (200, 1, False)
    assert [label.name for label in world.answered.labels.all()] == ["rust"]
    merged = next(la for la in api("GET")[1]["items"] if la["name"] == "mildew")
    assert (merged["retired"], merged["merged_into"]) == (True, ids["rust"])
    code, told = api("POST", "", name="mildew")
    assert (code, told["id"]) == (200, ids["rust"])


def test_a_split_is_told_with_the_new_labels(api, world, ids):
    world.answered.labels.add(ids["rust"])
    where = f"/{ids['rust']}/split"
    assert api("POST", where, names=["a", "b"], dry_run=True)[1]["images"] == 1
    assert not LabelEvent.objects.exists()
    code, told = api("POST", where, names=["a", "b"])
    assert (code, told["answers"], told["images"]) == (200, 1, 1)
    assert [label["name"] for label in told["labels"]] == ["healthy", "rust", "a", "b", "mildew"]


def test_the_history_comes_in_pages_newest_first(api, ids, admin):
    api("POST", f"/{ids['rust']}/split", names=["a", "b"])
    code, told = api("GET", "/history?limit=2")
    assert code == 200
    assert [(e["kind"], e["name"], e["user"]) for e in told["items"]] == [
        ("split", "rust", "admin"), ("added", "b", "admin"),
    ]  # fmt: skip
    rest = api("GET", f"/history?limit=2&cursor={told['next']}")[1]
    assert [e["kind"] for e in rest["items"]] == ["added"]


@pytest.mark.parametrize(
    ("where", "body", "code"),
    [
        ("/order", {"labels": [10**9]}, 422),
        ("/order", {"labels": "all"}, 422),
        ("/{rust}/merge", {"into": 10**9}, 422),
        ("/{rust}/merge", {"into": "rust"}, 422),
        ("/{rust}/split", {"names": ["one"]}, 422),
        ("/{rust}/split", {"names": ["one", "rust"]}, 422),
        ("/{rust}/split", {"names": ["one", "\x00"]}, 422),
        ("/999999/merge", {"into": 1}, 404),
        ("/99999999999999999999/split", {"names": ["a", "b"]}, 404),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(api, world, ids, where, body, code):
    assert api("POST", where.format(**ids), **body)[0] == code
    assert not LabelEvent.objects.exists()
    assert not Label.objects.filter(project=world.project, retired=True).exists()


def test_the_page_does_the_same_without_a_script(client, world, admin, ids):
    client.force_login(admin)
    world.answered.labels.add(ids["mildew"])
    where = f"/projects/{world.project.pk}/labels/{ids['mildew']}"
    told = client.get(where, {"into": ids["rust"]}).content.decode()
    assert "1 answer becomes rust." in told
    assert client.get(where, {"names": "one"}).status_code == 400
    assert not LabelEvent.objects.exists()
    assert client.post(where, {"into": ids["rust"]}).status_code == 302
    assert client.post(where, {"into": ids["rust"]}).status_code == 400, "merged already"
    where = where.replace(str(ids["mildew"]), str(ids["rust"]))
    assert "1 image is asked again" in client.get(where, {"names": "a\nb"}).content.decode()
    assert client.post(where, {"names": "a\nb"}).status_code == 302
    assert client.get(where.replace(str(ids["rust"]), "9" * 30)).status_code == 404
    assert [e.kind for e in LabelEvent.objects.order_by("pk")] == [
        "merged", "added", "added", "split",
    ]  # fmt: skip
