"""The pages and the API: who gets in, what they say, and what never leaves."""

import json
import re

import pytest
from django.urls import reverse

from labeler.projects import archiving
from labeler.webhooks import events, hooks, sending
from labeler.webhooks.models import Delivery, Webhook
from tests.webhooks.conftest import send_all, told

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def api(client, admin, project):
    """Calls of the admin: (method, path below the webhooks, body) -> response."""
    client.force_login(admin)

    def call(method, path="", body=None):
        where = f"/api/v1/projects/{project.pk}/webhooks{path}"
        sent = "" if body is None else json.dumps(body)
        return client.generic(method, where, sent, content_type="application/json")

    return call


def test_its_life_over_rest(api, receiver, project):
    wish = {
        "url": receiver.url, "events": ["round.failed"],
        "targets": [{"metric": "recall", "label": "rust", "target": 0.9}],
    }  # fmt: skip
    made = api("POST", body=wish)
    assert made.status_code == 201
    told_first = made.json()
    secret, pk = told_first.pop("secret"), told_first["id"]
    assert SECRET.fullmatch(secret)
    assert told_first["targets"] == [
        {"metric": "recall", "label": "rust", "target": 0.9, "direction": "above", "met": None}
    ]
    assert api("GET", f"/{pk}").json() == told_first
    assert api("GET").json()["items"] == [told_first]
    sent = api("POST", f"/{pk}/test")
    assert (sent.status_code, sent.json()["state"]) == (202, "queued")
    send_all()
    [row] = api("GET", f"/{pk}/deliveries").json()["items"]
    assert (row["state"], row["event"]) == ("done", "webhook.test")
    assert [(a["outcome"], a["status"]) for a in row["attempts"]] == [("ok", 204)]
    again = api("POST", f"/{pk}/deliveries/{row['id']}/replay")
    assert (again.status_code, again.json()["webhook_id"]) == (202, row["webhook_id"])
    changed = api("PATCH", f"/{pk}", {"active": False, "name": "Ours", "targets": []}).json()
    assert (changed["state"], changed["name"], changed["targets"]) == ("paused", "Ours", [])
    assert api("PATCH", f"/{pk}", {"active": True}).json()["state"] == "active"
    fresh = api("POST", f"/{pk}/secret").json()
    assert fresh["secret"] != secret
    assert fresh["old_secret_until"]
    everywhere = [api("GET"), api("GET", f"/{pk}"), api("GET", f"/{pk}/deliveries")]
    assert not any(SECRET.search(each.content.decode()) for each in everywhere)
    assert api("POST", f"/{pk}/replay").json() == {"replayed": 0}
    assert api("DELETE", f"/{pk}").status_code == 204
    assert not Webhook.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "x"}, "url"),
        ({"url": "https://example.org/\ud800"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["user.password"]}, "events.0"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"name": "x" * 101}, "name"),
        ({"targets": [{"metric": "f1", "target": 1.5}]}, "targets.0.target"),
        ({"targets": [{"metric": "f1", "target": 0.5}] * 21}, "targets"),
        ({"targets": [{"metric": "accuracy", "target": 0.5, "label": "rust"}]}, "targets"),
    ],
)
def test_a_bad_wish_says_what_is_wrong(api, receiver, wish, field):
    body = {"url": receiver.url, "events": ["round.failed"], **wish}
    refused = api("POST", body=body)
    assert refused.status_code == 422
    assert any(field in error["field"] for error in refused.json()["errors"]), refused.json()
    assert not Webhook.objects.exists()


def test_a_name_loses_what_cannot_be_shown(api, receiver):
    body = {"url": receiver.url, "events": ["round.failed"], "name": " O\0urs\n"}
    assert api("POST", body=body).json()["name"] == "Ours"


def test_an_unknown_label_and_a_full_project_are_refused(api, receiver, webhook, monkeypatch):
    body = {"url": receiver.url, "events": ["metric.crossed"]}
    unknown = {**body, "targets": [{"metric": "f1", "target": 0.5, "label": "nobody"}]}
    assert api("POST", body=unknown).json()["code"] == "unknown_label"
    monkeypatch.setattr(hooks, "MOST", 1)
    assert "at most 1" in api("POST", body=body).json()["detail"]


@pytest.mark.parametrize(
    ("who", "status"), [("outsider", 404), ("annotator", 403), ("reviewer", 403)]
)
def test_only_admins_of_the_project_get_in(
    client, request, webhook, delivery, project, receiver, who, status
):
    client.force_login(request.getfixturevalue(who))
    base = reverse("webhooks", args=[project.pk])
    api = f"/api/v1/projects/{project.pk}/webhooks"
    one, log = f"/{webhook.pk}", f"/{webhook.pk}/deliveries"
    gets = [base, base + one, f"{base}{one}/log", api, api + one, api + log]
    posts = [f"{base}{one}/{what}" for what in ("test", "pause", "secret", "replay", "delete")]
    posts += [f"{api}{one}/test", f"{api}{one}/secret", f"{api}{log}/{delivery.pk}/replay"]
    answers = [client.get(where) for where in gets] + [client.post(where) for where in posts]
    assert {answer.status_code for answer in answers} == {status}
    assert not any(receiver.url in answer.content.decode() for answer in answers)
    assert Delivery.objects.count() == 1


def test_an_admin_of_another_project_reaches_nothing_through_their_own(
    client, outsider, webhook, delivery
):
    """The number of a foreign webhook below one's own project."""
    own = outsider.memberships.get().project
    client.force_login(outsider)
    api = f"/api/v1/projects/{own.pk}/webhooks/{webhook.pk}"
    page = reverse("webhook", args=[own.pk, webhook.pk])
    for where in (api, f"{api}/deliveries", page, f"{page}/log"):
        assert client.get(where).status_code == 404
    for where in (f"{api}/test", f"{api}/deliveries/{delivery.pk}/replay", f"{page}/secret"):
        assert client.post(where).status_code == 404
    assert client.delete(api).status_code == 404
    mine = Webhook.objects.create(
        project=own, url="https://x.example/", secret="s", since=own.created_at, created_by=outsider
    )
    other = f"/api/v1/projects/{own.pk}/webhooks/{mine.pk}/deliveries/{delivery.pk}/replay"
    assert client.post(other).status_code == 404


def test_its_life_on_the_page(client, admin, project, receiver):
    client.force_login(admin)
    where = reverse("webhooks", args=[project.pk])
    assert where in client.get(reverse("settings", args=[project.pk])).content.decode()
    made = client.post(where, {"url": receiver.url, "events": ["round.failed"]})
    webhook = Webhook.objects.get()
    assert webhook.secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    page = reverse("webhook", args=[project.pk, webhook.pk])
    client.post(f"{page}/test")
    receiver.answers = [500]
    send_all()
    shown = client.get(page).content.decode()
    assert "given up" in shown
    assert "500: The server did not accept it." in shown
    assert not SECRET.search(shown)
    row = Delivery.objects.get()
    client.post(f"{page}/deliveries/{row.pk}/replay")
    send_all()
    assert "delivered" in client.get(f"{page}/log").content.decode()
    target = {"metric": "f1", "label": "", "direction": "above", "value": "92.5"}
    assert client.post(f"{page}/targets", target).status_code == 302
    webhook.refresh_from_db()
    assert events.METRIC in webhook.events, "a target that nobody is told about makes no sense"
    assert "92.5" in client.get(page).content.decode()
    assert client.post(f"{page}/targets", {**target, "value": "100"}).status_code == 400
    client.post(f"{page}/targets/{webhook.targets.get().pk}/remove")
    assert not webhook.targets.exists()
    client.post(f"{page}/pause")
    assert "Let it go on" in client.get(page).content.decode()
    client.post(f"{page}/go-on")
    fresh = client.post(f"{page}/secret").content.decode()
    webhook.refresh_from_db()
    assert webhook.secret in fresh
    bad = client.post(page, {"url": "https://192.168.0.1/", "events": ["round.failed"]})
    assert (bad.status_code, "private network" in bad.content.decode()) == (400, True)
    assert client.post(page, {"url": receiver.url, "name": "Ours"}).status_code == 400
    client.post(f"{page}/delete")
    assert not Webhook.objects.exists()


def test_the_dashboard_tells_admins_that_a_webhook_stopped(client, admin, reviewer, webhook):
    where = reverse("dashboard", args=[webhook.project_id])
    sending.stop(webhook, "gone")
    for person, told_so in ((admin, True), (reviewer, False)):
        client.force_login(person)
        assert ("has stopped" in client.get(where).content.decode()) is told_so
    hooks.go_on(webhook)
    client.force_login(admin)
    assert "has stopped" not in client.get(where).content.decode()


def test_what_people_wrote_stands_there_as_text(client, admin, webhook, project):
    nasty = "</pre><img src=x onerror=canary()>"
    Webhook.objects.filter(pk=webhook.pk).update(name=nasty)
    row = told(webhook)
    Delivery.objects.filter(pk=row.pk).update(body='{"name": "</pre><script>canary()</script>"}')
    client.force_login(admin)
    for name in ("webhook", "webhook_log"):
        shown = client.get(reverse(name, args=[project.pk, webhook.pk])).content.decode()
        assert "<script>canary" not in shown
        assert "<img src=x" not in shown


def test_an_archived_project_shows_its_webhooks_and_changes_none(client, admin, webhook, project):
    archiving.archive(project)
    client.force_login(admin)
    page = reverse("webhook", args=[project.pk, webhook.pk])
    assert client.get(page).status_code == 200
    assert client.post(f"{page}/test").status_code in (403, 409)
    assert not Delivery.objects.exists()
