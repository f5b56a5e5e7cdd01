"""The pages and operations of the background work: what failed is seen, and repeated."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from labeler.exploring.models import Survey
from labeler.journal.models import Entry
from labeler.operations import jobs
from labeler.pools.models import Import
from labeler.projects.models import Project
from labeler.training.models import Round
from labeler.webhooks.models import Delivery, Webhook
from labeler.work import leases
from labeler.work.models import Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(project, owner):
    """A failed round, a failed import, a due import; a failed import elsewhere."""
    for pool in (project, Project.objects.create(name="Else", audit_seed=1, created_by=owner)):
        Import.objects.create(
            project=pool, number=1, source="folder", created_by=owner, state="failed", attempts=3,
            error="The disk of <b>scans</b> is full.", finished_at=timezone.now(),
        )  # fmt: skip
    Import.objects.create(project=project, number=2, source="folder", created_by=owner)
    return Round.objects.create(
        project=project, number=4, reason="asked", state="failed", attempts=3,
        error="OSError: no space", finished_at=timezone.now() - timedelta(hours=2),
    )  # fmt: skip


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_owner_sees_everything(failed, owner, project):
    Worker.objects.create(
        name="rounds@here", queues="rounds", doing="round 9", started_at=timezone.now(),
        seen_at=timezone.now(),
    )  # fmt: skip
    Worker.objects.create(
        name="chores@gone", queues="chores", started_at=timezone.now(),
        seen_at=timezone.now() - timedelta(hours=1),
    )  # fmt: skip
    page = signed_in(owner).get("/work").content.decode()
    for words in (
        "OSError: no space",
        "rounds@here",
        "works on round 9",
        "not seen lately",
        "Else",
    ):
        assert words in page
    assert "&lt;b&gt;scans" in page
    Worker.objects.filter(name="rounds@here").update(seen_at=timezone.now())
    told = signed_in(owner).get("/api/v1/work").json()
    kinds = {line["kind"]: line for line in told["kinds"]}
    assert (kinds["import"]["due"], kinds["import"]["failed"]) == (1, 2)
    assert kinds["import"]["oldest"]
    assert [worker["up"] for worker in told["workers"]] == [False, True]
    assert {part["name"]: part["up"] for part in told["services"]}["database"] is True
    assert len(told["failures"]) == 3


def test_an_admin_sees_their_project_s_alone(failed, admin, project, outsider):
    page = signed_in(admin).get(f"/projects/{project.pk}/work").content.decode()
    assert "OSError: no space" in page
    assert "Else" not in page
    told = signed_in(admin).get(f"/api/v1/projects/{project.pk}/work").json()
    assert {each["project"] for each in told["failures"]} == {project.pk}
    assert "services" not in told
    other = Import.objects.exclude(project=project).get()
    path = f"/projects/{project.pk}/work/import/{other.pk}/retry"
    signed_in(admin).post(path)
    assert signed_in(admin).post(f"/api/v1{path}").status_code in (403, 404)
    other.refresh_from_db()
    assert other.state == "failed"


def test_a_press_lets_it_be_due_again_and_a_worker_takes_it(failed, owner, project):
    client = signed_in(owner)
    assert client.post(f"/work/round/{failed.pk}/retry").status_code == 302
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error) == ("due", 0, "")
    assert failed.finished_at is None
    taken = leases.claim(Round)
    assert (taken.pk, taken.attempts) == (failed.pk, 1)
    line = Entry.objects.latest("pk")
    assert (line.act, line.who, line.project) == ("retry_work", "owner", project.pk)
    assert line.target == f"round {failed.pk}"


def test_twice_is_once(failed, admin, project):
    client = signed_in(admin)
    client.get(f"/projects/{project.pk}/work")
    path = f"/projects/{project.pk}/work/round/{failed.pk}/retry"
    client.post(path)
    Round.objects.update(state="running", attempts=1)
    client.post(path)
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("running", 1)
    with pytest.raises(jobs.NotRetried, match="not failed"):
        jobs.retry("round", failed.pk)


def test_what_would_do_harm_is_refused(failed, project):
    newer = Round.objects.create(project=project, number=5, reason="asked", state="done")
    with pytest.raises(jobs.NotRetried, match="later round"):
        jobs.retry("round", failed.pk)
    newer.delete()
    first = Survey.objects.create(project=project, kind="map", state="failed")
    Survey.objects.create(project=project, kind="map", state="due")
    with pytest.raises(jobs.NotRetried, match="under way"):
        jobs.retry("survey", first.pk)
    project.archived_at = timezone.now()
    project.save()
    with pytest.raises(jobs.NotRetried, match="archived"):
        jobs.retry("round", failed.pk)
    for kind, pk in (("nothing", 1), ("round", 2**70), ("round", -1)):
        with pytest.raises(jobs.Unknown):
            jobs.retry(kind, pk)


def test_a_delivery_has_all_its_tries_again(project, owner):
    hook = Webhook.objects.create(
        project=project, url="https://a.example", secret="x", since=timezone.now(), created_by=owner
    )
    row = Delivery.objects.create(
        project=project, webhook=hook, event="round.failed", key="1", body="{}", tries=9,
        state="failed",
    )  # fmt: skip
    jobs.retry("delivery", row.pk)
    row.refresh_from_db()
    assert (row.state, row.tries) == ("due", 0)


def test_over_rest(failed, owner, project):
    client = signed_in(owner)
    client.get("/work")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value} if client.cookies.get(
        "csrftoken"
    ) else {}  # fmt: skip
    path = f"/api/v1/work/round/{failed.pk}/retry"
    told = client.post(path, headers=headers)
    assert (told.status_code, told.json()) == (
        200, {"kind": "round", "id": failed.pk, "state": "due"},
    )  # fmt: skip
    again = client.post(path, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "not_retried")
    assert client.post("/api/v1/work/no_such/1/retry", headers=headers).status_code == 404
    assert json.dumps(told.json())


def test_the_page_asks_as_much_for_many_rows_as_for_few(failed, owner, project):
    client = signed_in(owner)
    client.get("/work")
    with CaptureQueriesContext(connection) as few:
        client.get("/work")
    for number in range(3, 30):
        Import.objects.create(
            project=project, number=number, source="folder", created_by=owner, state="failed"
        )
    with CaptureQueriesContext(connection) as many:
        client.get("/work")
    assert len(many) == len(few)
